"""What run.json repeats of other records, and those of it: tasks, nodes, phases, how it ended, what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping, mappings
from tfinfra.auditing.moments import seconds
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.azure.deletion.group_names import name_of_run
from tfinfra.documents.moments import spelt
from tfinfra.evidence import names
from tfinfra.model import TaskEvidence, TaskStatus
from tfinfra.text.wording import apart

_RUN = in_run(names.RUN)
_OF_A_TASK = ("node", "pid", "exit_status", "started", "ended", "attempt", "joined", "out_of_memory")
_CENT = 0.0002


def tasks(evidence: Evidence) -> Iterator[Finding]:
    """run.json says of each task that has ended what its node has published."""
    listed = {str(task.get("task")): task for task in mappings(evidence.run.get("tasks"))}
    for node in evidence.nodes if listed else ():
        for task in node.tasks:
            if task.exit_status is None:
                continue  # the client may have looked again since
            own, said = _as_listed(task), listed.get(task.task)
            if said is None:
                yield _other(task.task, "is not there", in_run(node.file), task.task, None)
                continue
            for key in _OF_A_TASK:
                if said.get(key) != own[key]:
                    yield _other(f"{key} of {task.task}", "is another", in_run(node.file), own[key], said.get(key))
            if not task.cut_off and said.get("state") != task.state:
                yield _other(f"state of {task.task}", "is another", in_run(node.file), task.state, said.get("state"))


def _as_listed(task: TaskStatus) -> dict[str, Any]:
    moments = {"started": task.started, "ended": task.ended}
    return {**asdict(task), **{key: None if at is None else spelt(at) for key, at in moments.items()}}


def own_tasks(evidence: Evidence) -> Iterator[Finding]:
    """A node's record of its tasks is what it published of them, once both have seen the end."""
    for node in evidence.nodes:
        published = {task.task: task for task in node.tasks}
        for own in node.evidence.tasks if node.evidence is not None else ():
            task = published.get(own.task)
            if task is not None and task.node != node.number:
                yield _other(f"node of {own.task}", "is another", in_run(node.file), node.number, task.node)
            if task is None or own.exit_status is None or task.exit_status is None:
                continue
            for key in ("attempt", "started", "ended"):
                if getattr(own, key) != getattr(task, key):
                    yield _differs(node.file, own, key, getattr(task, key))


def _differs(file: str, own: TaskEvidence, key: str, published: Any) -> Finding:
    sentence = f"{in_run(file)}: {key} of {own.task} is another than the node has published"
    was, now = str(published), str(getattr(own, key))
    return Finding("TFA208", Verdict.CHANGED, own.task, sentence, in_run(file), was=was, now=now)


def phases(evidence: Evidence) -> Iterator[Finding]:
    """The seconds of each phase are those of its last end in the event log."""
    times = mapping(evidence.run.get("times"))
    ends = {e.name.removesuffix(".end"): e.fields.get("seconds") for e in evidence.events if e.name.endswith(".end")}
    for phase, took in ends.items():
        said = times.get(f"{phase}_seconds")
        if said is not None and took is not None and said != took:
            yield _other(f"times.{phase}_seconds", "is another", in_run(names.EVENTS), took, said)


def outcome(evidence: Evidence) -> Iterator[Finding]:
    """When the training ended is what the nodes agreed on, and so is what is said of a success."""
    event = next(reversed(evidence.called("outcome")), None)
    if event is None:
        return
    at, said = event.fields.get("ended"), seconds(mapping(evidence.run.get("times")).get("training_ended"))
    if said is not None and isinstance(at, (int, float)) and abs(said - at) > 0.01:
        yield _other("times.training_ended", "is another", in_run(names.EVENTS), at, said)
    message, own = event.fields.get("message"), evidence.run.get("message")
    if evidence.run.get("result") == "succeeded" and own and message is not None and own != message:
        yield _other("message", "is another", in_run(names.EVENTS), message, own)


def names_of_it(evidence: Evidence) -> Iterator[Finding]:
    """The job's name is that of the run's id, and of the plan."""
    run, name = evidence.run.get("run"), evidence.run.get("name")
    if isinstance(run, str) and isinstance(name, str) and name_of_run(run) != name:
        yield _other("name", "is another", "the run's id", run, name)
    if evidence.plan is not None and isinstance(name, str) and evidence.plan.name != name:
        yield _other("name", "is another", in_run(names.STATEMENT), evidence.plan.name, name)


def cost(evidence: Evidence) -> Iterator[Finding]:
    """What run.json says that it cost is the sum of its intervals, once all of them have ended."""
    listed, usd = mappings(evidence.run.get("ledger")), evidence.run.get("usd")
    moments = [(each.get("usd_per_hour"), seconds(each.get("start")), seconds(each.get("end"))) for each in listed]
    if not moments or not isinstance(usd, (int, float)):
        return
    total = 0.0
    for price, start, end in moments:
        if not isinstance(price, (int, float)) or start is None or end is None:
            return
        total += price * max(0.0, end - start) / 3600
    if abs(total - usd) > _CENT:
        yield _other("usd", "is another", "the sum of its intervals", f"{total:.4f}", usd)


def environment(evidence: Evidence) -> Iterator[Finding]:
    """The nodes trained in the environment that run.json names, and asked for what the plan does."""
    said: Mapping[str, Any] = mapping(evidence.run.get("environment"))
    for node in evidence.nodes:
        key = node.evidence.environment.key if node.evidence is not None else ""
        if key and isinstance(said.get("lock"), str) and said["lock"] != key:
            yield _other("environment.lock", "is another", in_run(node.file), key, said["lock"])
    if evidence.plan is None:
        return
    wanted = evidence.plan.requirements
    for key, value in (("framework_version", wanted.framework_version), ("python_version", wanted.python_version)):
        if key in said and said[key] != value:
            yield _other(f"environment.{key}", "is another", in_run(names.STATEMENT), value, said[key])


def _other(key: str, how: str, source: str, was: Any, now: Any) -> Finding:
    sentence = f"{_RUN}: {key} {how}, by {source}"
    before, there = apart(str(was), str(now), 80)
    return Finding("TFA208", Verdict.CHANGED, key, sentence, _RUN, was=before, now=there)


CHECKS: tuple[Check, ...] = (tasks, own_tasks, phases, outcome, names_of_it, cost, environment)
