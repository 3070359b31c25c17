"""Writes and reads how the run ended. The first node that sees it writes it, once."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.agent.node.node_records import read
from tfinfra.agent.verdict.control import Stop
from tfinfra.agent.verdict.judge import Decision
from tfinfra.agent.verdict.last_words import last_words
from tfinfra.agent.verdict.reasons import left_early, reason_of
from tfinfra.agent.verdict.stalls import last_stall
from tfinfra.errors import Result
from tfinfra.model import Outcome, Plan, Task, TaskStatus
from tfinfra.store import ObjectStore, keys, log_chunk, put_first

_SEARCHED_BYTES, _SEARCHED_CHUNKS = 4 << 20, 200
"""Of a log's end: a log may be of any size, and each of its chunks may cost a request."""
_TASKS = 8
"""Tasks whose last lines are shown, where no task failed."""


def publish(store: ObjectStore, outcome: Outcome) -> bool:
    """Whether this outcome is the run's: another node may have been first."""
    return put_first(store, keys.OUTCOME, outcome)


def published(store: ObjectStore) -> Outcome | None:
    return read(store, keys.OUTCOME, Outcome)


def from_decision(store: ObjectStore, decision: Decision, statuses: Mapping[str, TaskStatus], now: float) -> Outcome:
    """The outcome of a decision, with the failing task's node, exit status, last words and, where they are known, what
    they mean and the way out."""
    status = statuses.get(decision.task or "")
    words = last_words(log_end(store, decision.task)) if decision.task else ()
    message, hint = decision.message, None
    if decision.result == Result.FAILED and status is not None:
        if reason := reason_of(status, words):
            message, hint = f"{message}: {reason.what}" if reason.what else message, reason.hint
        if gone := left_early(status, statuses.values(), words):
            left = f"{gone.task} on node {gone.node} ended with exit status 0 while {status.task} still had work for it"
            message = f"{left}, and Horovod shut down for all: {message}"
            hint = "every rank must take as many steps as the others: see how the data is split between them"
    return Outcome(
        result=decision.result,
        message=message,
        task=decision.task,
        node=status.node if status else None,
        exit_status=status.exit_status if status else None,
        tail=words,
        warnings=decision.warnings,
        ended=now,
        hint=hint,
    )


def from_stop(store: ObjectStore, stop: Stop, plan: Plan, now: float) -> Outcome:
    """The outcome of a run that was ended from outside, with what its tasks were at: which ranks the others waited for,
    where Horovod said so, else each task's last line."""
    message, tail = stop.message, tuple[str, ...]()
    ends = {task.name: log_end(store, task.name) for task in plan.tasks[:_TASKS]}
    if stall := last_stall(ends[plan.tasks[0].name]):
        missing = [(plan.tasks[rank], what) for rank, what in stall.missing if rank < len(plan.tasks)]
        names = ", ".join(task.name for task, _ in missing[:_TASKS])
        since = f" ({stall.below} lines above the end of its log)" if stall.below else ""
        message += f"; Horovod's last warning in {plan.tasks[0].name}'s log{since}: the other ranks wait for {names}"
        tail = tuple(_absent(store, task, what) for task, what in missing[:_TASKS])
    elif stop.reason == Result.LIMIT:
        tail = tuple(f"{name}: {_last_line(lines)}" for name, lines in ends.items())
    return Outcome(stop.reason, message, tail=tail, ended=now)


def _absent(store: ObjectStore, task: Task, operations: str) -> str:
    last = _last_line(log_end(store, task.name))
    return f"{task.name} on node {task.node} has not come to {operations}; its last line: {last}"


def _last_line(lines: list[str]) -> str:
    return next((line.strip()[:500] for line in reversed(lines) if line.strip()), "(it has written nothing)")


def log_end(store: ObjectStore, task: str) -> list[str]:
    """The last lines of a task's log, as far as it is in the store."""
    chunks, size = list[bytes](), 0
    for key in list(reversed(store.list(keys.log_folder(task))))[:_SEARCHED_CHUNKS]:
        chunks.append(log_chunk(store, key) or b"")
        size += len(chunks[-1])
        if size >= _SEARCHED_BYTES:
            break
    return b"".join(reversed(chunks)).decode("utf-8", "replace").splitlines()
