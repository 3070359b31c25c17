"""Writes and reads how the run ended. The first node that sees it writes it, once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tfinfra.agent.node.node_records import read
from tfinfra.agent.verdict.control import Stop
from tfinfra.agent.verdict.judge import Decision
from tfinfra.model import Outcome, TaskStatus
from tfinfra.store import ObjectStore, keys, log_chunk, put_first

_TAIL_LINES = 20
_SEARCHED_LINES = 500
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Fault)\b(?::|$)")
"""How Python's report of an exception begins its last part, at the begin of a line."""


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
    """The last lines of a task's log, as far as it is in the store. Where the exception that ended the task stands
    above them, its line comes first: TensorFlow 1 writes pages of traces below the cause."""
    lines: list[str] = []
    for key in reversed(store.list(keys.log_folder(task))):
        lines = (log_chunk(store, key) or b"").decode("utf-8", "replace").splitlines() + lines
        if len(lines) >= _SEARCHED_LINES:
            break
    last = lines[-_TAIL_LINES:]
    if not any(map(_EXCEPTION.match, last)):
        cause = next((line for line in reversed(lines[-_SEARCHED_LINES:]) if _EXCEPTION.match(line)), None)
        last = last if cause is None else [cause, "[…]", *last[2:]]
    return tuple(line[:2000] for line in last)
