"""When things happened, by clocks that do not depend on each other: a node's, its cloud's, the client's."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping
from tfinfra.auditing.moments import seconds
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.record.attested import created, documents
from tfinfra.auditing.records import NodeRead
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names
from tfinfra.evidence.jsons import moment
from tfinfra.model import AFTER, BEFORE, TaskEvidence, TaskStatus

_ONE_CLOCK = 5.0
"""Seconds by which one clock may be set back."""
NODE_SKEW, CLIENT_SKEW = 90.0, 600.0
"""Seconds by which a node's clock, and a client's, may differ from the cloud's: a cloud sets its machines' clocks, and
a client whose clock is farther off than its tokens allow cannot sign in."""


def in_attested_window(evidence: Evidence) -> Iterator[Finding]:
    """A node's tasks ran after its cloud made the first document, and before it made the last one."""
    for node in evidence.nodes:
        begin, end = _window(evidence, node)
        for what, at in _moments_of(node):
            if begin is not None and at < begin - NODE_SKEW:
                yield _outside(node, what, at, f"before its cloud attested the machine ({moment(begin)})")
            elif end is not None and at > end + NODE_SKEW:
                yield _outside(node, what, at, f"after its cloud attested the machine at the end ({moment(end)})")


def _window(evidence: Evidence, node: NodeRead) -> tuple[float | None, float | None]:
    """When the cloud made the first and the last document of a node."""
    made = {each.when: created(each) for each in documents(evidence) if each.node.number == node.number}
    return made.get(BEFORE), made.get(AFTER)


def _tasks_of(node: NodeRead) -> Iterator[TaskStatus | TaskEvidence]:
    """As its process table has them, then as it published them."""
    if node.evidence is not None:
        yield from node.evidence.tasks
    yield from node.tasks


def _moments_of(node: NodeRead) -> Iterator[tuple[str, float]]:
    """All that a node's records say of its tasks' times."""
    for task in _tasks_of(node):
        for what, at in (("begin", task.started), ("end", task.ended)):
            if at is not None:
                yield f"the {what} of {task.task}", at


def around_its_tasks(evidence: Evidence) -> Iterator[Finding]:
    """A node recorded itself before its first task, and again after its last one, by one clock."""
    for node in evidence.nodes:
        record = node.evidence
        if record is None:
            continue
        begins = [task.started for task in record.tasks if task.started is not None]
        ends = [task.ended for task in record.tasks if task.ended is not None]
        if begins and record.taken > min(begins) + _ONE_CLOCK:
            yield _unordered(node, f"it recorded itself ({moment(record.taken)}) after its first task began")
        if ends and record.ended is not None and record.ended < max(ends) - _ONE_CLOCK:
            yield _unordered(node, f"it closed its record ({moment(record.ended)}) before its last task ended")
        for each in record.attested:
            until = record.taken if each.when == BEFORE else record.ended
            if until is not None and not until - CLIENT_SKEW <= each.asked <= until + _ONE_CLOCK:
                yield _unordered(node, f"it asked for a document at {moment(each.asked)}, not {each.when} its tasks")


def _unordered(node: NodeRead, why: str) -> Finding:
    return Finding("TFA221", Verdict.CHANGED, f"node {node.number}", f"{in_run(node.file)}: {why}", in_run(node.file))


def _outside(node: NodeRead, what: str, at: float, why: str) -> Finding:
    sentence = f"{in_run(node.file)}: {what} ({moment(at)}) lies {why}"
    return Finding("TFA220", Verdict.CHANGED, what, sentence, in_run(node.file))


def asked_when_made(evidence: Evidence) -> Iterator[Finding]:
    """The node asked for its documents no earlier than its cloud made the first, and when it made the last."""
    for document in documents(evidence):
        made = created(document)
        if made is None or document.noted is None:
            continue
        late = document.noted.asked - made
        if late < -NODE_SKEW or (document.when == AFTER and late > CLIENT_SKEW):
            sentence = (
                f"{in_run(document.node.file)} asked for {in_run(document.name)} at {moment(document.noted.asked)},"
                f" and its cloud made it at {moment(made)}"
            )
            yield Finding("TFA220", Verdict.CHANGED, in_run(document.name), sentence, in_run(document.node.file))


def begin_before_end(evidence: Evidence) -> Iterator[Finding]:
    """Nothing ends before it begins."""
    for node in evidence.nodes:
        for task in _tasks_of(node):
            if task.started is not None and task.ended is not None and task.ended < task.started - NODE_SKEW:
                sentence = f"{in_run(node.file)}: {task.task} ends before it begins"
                yield Finding("TFA221", Verdict.CHANGED, task.task, sentence, in_run(node.file))
    times = mapping(evidence.run.get("times"))
    begin, end = seconds(times.get("started")), seconds(times.get("ended"))
    if begin is not None and end is not None and end < begin - CLIENT_SKEW:  # the end may be told by a node's clock
        yield _run_times("the run ends before it begins")


def as_stated(evidence: Evidence) -> Iterator[Finding]:
    """The statement has the same begin and end of the run as its record."""
    statement, times = evidence.statement, mapping(evidence.run.get("times"))
    if statement is None:
        return
    for key, said in (("started", statement.started), ("ended", statement.finished)):
        at = seconds(times.get(key))
        if at is not None and said is not None and moment(at) != said:
            yield _run_times(f"times.{key} is {moment(at)}, and the statement says {said}")


def within_the_run(evidence: Evidence) -> Iterator[Finding]:
    """The cloud made its documents, and tasks ran, between the first line of the event log and its last one, by the
    client's clock."""
    moments = [at for event in evidence.events if (at := seconds(event.time)) is not None]
    if not moments or not evidence.called("teardown.verified"):
        return
    begin, end = min(moments) - CLIENT_SKEW, max(moments) + CLIENT_SKEW
    for document in documents(evidence):
        made = created(document)
        if made is not None and not begin <= made <= end:
            yield _beyond(in_run(document.name), f"made at {moment(made)}", in_run(document.name))
    for node in evidence.nodes:
        for what, at in _moments_of(node):
            if not begin <= at <= end:
                yield _beyond(what, moment(at), in_run(node.file))


def _beyond(what: str, when: str, file: str) -> Finding:
    log = in_run(names.EVENTS)
    sentence = f"{file}: {what} ({when}) lies outside of the time that {log} is about"
    return Finding("TFA221", Verdict.CHANGED, what, sentence, file)


def _run_times(why: str) -> Finding:
    return Finding("TFA221", Verdict.CHANGED, "times", f"{in_run(names.RUN)}: {why}", in_run(names.RUN))


CHECKS: tuple[Check, ...] = (
    in_attested_window,
    around_its_tasks,
    asked_when_made,
    begin_before_end,
    as_stated,
    within_the_run,
)
