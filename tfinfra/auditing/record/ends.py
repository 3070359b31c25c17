"""How the run ended, by records that do not depend on each other: what each node saw of its tasks, what its agent
logged, what the nodes agreed on (the outcome), what the client's record says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mappings
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.backends.base import leader
from tfinfra.backends.registry import BACKENDS
from tfinfra.errors import Result
from tfinfra.evidence import names

_RUN = in_run(names.RUN)
_SAID = re.compile(rb"^\S+ INFO ([\w.-]+) is (\w+), exit status (\d{1,3})\s*$", re.MULTILINE)
"""How an agent logs a task's end (agent/train.py). A task's name is ASCII (model/shapes.py); the rest of a log may be
any bytes."""
_OF_A_RESULT = {each.exit_code for each in Result if each is not Result.ERROR}
_OUTRANK = range(1, 13)
"""Exit codes of errors that may come after a run's end (errors.py)."""
_BY_THE_CLIENT = ("cancelled", "limit", "error")
"""Results that a client may give a run whatever its nodes agreed on: it was interrupted, or what came after failed."""


def result_and_code(evidence: Evidence) -> Iterator[Finding]:
    """A result has its exit code, or one that outranks it and is no other result's."""
    result, code = evidence.run.get("result"), evidence.run.get("exit_code")
    if not isinstance(result, str) or not isinstance(code, int) or result not in list(Result):
        return
    own = Result(result).exit_code
    for key in ("task", "exit_status"):
        if result == "succeeded" and evidence.run.get(key) is not None:
            yield _contradiction(key, f"{_RUN} says succeeded, and that {key} {evidence.run[key]} failed")
    if code != own and (code in _OF_A_RESULT or code not in _OUTRANK):
        yield _contradiction("exit_code", f"{_RUN} says {result}, whose exit code is {own}, and exit code {code}")


def stated_result(evidence: Evidence) -> Iterator[Finding]:
    """The statement says how the run ended, too."""
    note = evidence.statement.notes.get(names.RUN, {}) if evidence.statement is not None else {}
    for key in ("result", "exit_code"):
        if evidence.run and key in note and note[key] != evidence.run.get(key):
            was, now = str(note[key]), str(evidence.run.get(key))
            yield _contradiction(key, f"{_RUN} says {key} {now}, and the statement says {was}", was, now)


def outcome(evidence: Evidence) -> Iterator[Finding]:
    """What the nodes agreed on, as the event log has it, is how the run ended."""
    event = next(reversed(evidence.called("outcome")), None)
    result = evidence.run.get("result")
    if event is None or not isinstance(result, str) or result in _BY_THE_CLIENT:
        return
    agreed = "error" if event.fields.get("differs") else event.fields.get("result")
    if agreed != result:
        sentence = f"{_RUN} says {result}, and the nodes agreed on {agreed} (line {event.line} of the event log)"
        yield _contradiction("result", sentence, str(agreed), result)
    for key in ("task", "exit_status"):
        was, now = event.fields.get(key), evidence.run.get(key)
        if result == "failed" and was is not None and was != now:
            yield _contradiction(key, f"{_RUN} says {key} {now}, and the nodes agreed on {was}", str(was), str(now))


def by_its_backend(evidence: Evidence) -> Iterator[Finding]:
    """A run has succeeded where its leader ended with 0, and its backend says so of all tasks, as its nodes did."""
    plan = evidence.plan
    statuses = {task.task: task for node in evidence.nodes for task in node.tasks}
    if evidence.run.get("result") != "succeeded" or plan is None or not plan.tasks or not statuses:
        return
    first = statuses.get(leader(plan.tasks).name)
    if first is not None and first.exit_status != 0:
        sentence = f"{_RUN} says succeeded, and its leader {first.task} ended with exit status {first.exit_status}"
        yield _contradiction("result", sentence, "0", str(first.exit_status))
        return
    known = BACKENDS.get(plan.backend)
    said = known.verdict(plan, statuses) if known is not None else None
    if said is not None and said.result is Result.FAILED:
        yield _contradiction("result", f"{_RUN} says succeeded, and by the nodes' records it failed: {said.message}")


def exit_statuses(evidence: Evidence) -> Iterator[Finding]:
    """Each task ended with one exit status, whoever tells of it."""
    told = {source: ends for source, ends in _all_told(evidence) if ends}
    first: dict[str, tuple[str, int]] = {}
    for source, ends in told.items():
        for task, status in ends.items():
            where, known = first.setdefault(task, (source, status))
            if known != status:
                sentence = f"{task} ended with exit status {known} by {where}, and with {status} by {source}"
                yield Finding("TFA211", Verdict.CHANGED, task, sentence, source, was=str(known), now=str(status))


def _all_told(evidence: Evidence) -> Iterator[tuple[str, dict[str, int]]]:
    """(the file that tells, {task: its exit status}); the node's own process table first."""
    for node in evidence.nodes:
        own = node.evidence.tasks if node.evidence is not None else ()
        yield in_run(node.file), {t.task: t.exit_status for t in own if t.exit_status is not None}
    for node in evidence.nodes:
        statuses = {t.task: t.exit_status for t in node.tasks if t.exit_status is not None}
        yield f"{in_run(node.file)} (tasks)", statuses
    searched = evidence.plan is not None and evidence.plan.tune is not None
    for name, data in () if searched else evidence.files.agent_logs.items():  # a pool's tell of each trial's main-0
        yield name, {said[1].decode(): int(said[3]) for said in _SAID.finditer(data)}
    tasks = mappings(evidence.run.get("tasks"))
    yield _RUN, {str(t.get("task")): t["exit_status"] for t in tasks if isinstance(t.get("exit_status"), int)}


def states(evidence: Evidence) -> Iterator[Finding]:
    """A task that has succeeded ended with 0."""
    for node in evidence.nodes:
        for task in node.tasks:
            if task.state == "succeeded" and task.exit_status not in (0, None):
                sentence = f"{task.task} is said to have succeeded, with exit status {task.exit_status}"
                yield Finding("TFA211", Verdict.CHANGED, task.task, sentence, in_run(node.file))


def own_tasks(evidence: Evidence) -> Iterator[Finding]:
    """A node tells of no task but those that it has started."""
    for node in evidence.nodes:
        if node.evidence is None or node.evidence.ended is None:
            continue
        own = {task.task for task in node.evidence.tasks}
        for task in sorted({task.task for task in node.tasks} - own):
            sentence = f"{in_run(node.file)} has the task {task}, which the node has not started, by its own record"
            yield Finding("TFA211", Verdict.FOREIGN, task, sentence, in_run(node.file))


def _contradiction(key: str, sentence: str, was: Any = None, now: Any = None) -> Finding:
    return Finding("TFA210", Verdict.CHANGED, key, sentence, _RUN, was=was, now=now)


CHECKS: tuple[Check, ...] = (result_and_code, stated_result, outcome, by_its_backend, exit_statuses, states, own_tasks)
