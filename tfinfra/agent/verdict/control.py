"""What ends a run from outside: the client's request and the deadline."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.agent.node.node_records import read
from tfinfra.errors import Result
from tfinfra.model import NodeSettings, Plan, StopRequest
from tfinfra.model.spec import limit_key
from tfinfra.store import ObjectStore, keys
from tfinfra.system.clock import unix_time
from tfinfra.text.wording import spell_seconds


@dataclass(frozen=True)
class Stop:
    """`reason` is cancelled or limit, as in Outcome.result."""

    reason: Result
    message: str


def requested_stop(store: ObjectStore) -> Stop | None:
    """What the client asked for in control/stop.json."""
    request = read(store, keys.STOP, StopRequest)
    return Stop(request.reason, request.message) if request else None


def deadline_of(settings: NodeSettings) -> float:
    """The Unix time at which everything is deleted."""
    return unix_time(settings.deadline)


def end_of_training(settings: NodeSettings, plan: Plan) -> float:
    """The Unix time at which training ends at the latest: at the deadline everything is deleted, so
    the outputs are collected before it (a tenth of the time, as much as collecting may take at most)."""
    return deadline_of(settings) - min(settings.timeouts.collect, _run_seconds(settings, plan) / 10)


def deadline_stop(settings: NodeSettings, plan: Plan, now: float) -> Stop | None:
    if now < end_of_training(settings, plan):
        return None
    whole = _run_seconds(settings, plan)
    passed = spell_seconds(now - (deadline_of(settings) - whole))
    limit = f"{limit_key(settings.limit)} ({spell_seconds(whole)}) has ended the training"
    return Stop(Result.LIMIT, f"{limit} {passed} after the run's start, so that what it wrote comes home in time")


def _run_seconds(settings: NodeSettings, plan: Plan) -> int:
    return plan.limits.max_run_duration if settings.run_seconds is None else settings.run_seconds
