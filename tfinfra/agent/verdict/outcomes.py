"""Writes and reads how the run ended. The first node that sees it writes it, once."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.agent.node.node_records import read
from tfinfra.agent.verdict.control import Stop
from tfinfra.agent.verdict.judge import Decision
from tfinfra.model import Outcome, TaskStatus
from tfinfra.store import ObjectStore, keys, log_chunk, put_first

_TAIL_LINES = 20


def publish(store: ObjectStore, outcome: Outcome) -> bool:
    """Whether this outcome is the run's: another node may have been first."""
    return put_first(store, keys.OUTCOME, outcome)


def published(store: ObjectStore) -> Outcome | None:
    return read(store, keys.OUTCOME, Outcome)


def from_decision(store: ObjectStore, decision: Decision, statuses: Mapping[str, TaskStatus], now: float) -> Outcome:
    """The outcome of a decision, with the failing task's node, exit status and last lines."""
    status = statuses.get(decision.task or "")
    return Outcome(
        result=decision.result,
        message=decision.message,
        task=decision.task,
        node=status.node if status else None,
        exit_status=status.exit_status if status else None,
        tail=tail(store, decision.task) if decision.task else (),
        warnings=decision.warnings,
        ended=now,
    )


def from_stop(stop: Stop, now: float) -> Outcome:
    return Outcome(stop.reason, stop.message, ended=now)


def tail(store: ObjectStore, task: str) -> tuple[str, ...]:
    """The last lines of a task's log, as far as it is in the store."""
    lines: list[bytes] = []
    for key in reversed(store.list(keys.log_folder(task))):
        lines = (log_chunk(store, key) or b"").splitlines() + lines
        if len(lines) >= _TAIL_LINES:
            break
    return tuple(line.decode("utf-8", "replace")[:2000] for line in lines[-_TAIL_LINES:])
