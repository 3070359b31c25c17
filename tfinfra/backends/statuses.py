"""Reads statuses: which task failed first, and in which words."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tfinfra.backends.base import Verdict
from tfinfra.errors import Result
from tfinfra.model import Task

if TYPE_CHECKING:
    from tfinfra.model import TaskStatus

MEMORY = "the kernel ended it, as memory had run out"
_SIGNALS = {number.value: number.name for number in signal.Signals}


def first_failure(statuses: Iterable[TaskStatus]) -> TaskStatus | None:
    """The earliest of those that failed or were lost. What a launcher cut off comes after all others, for a peer's end
    may be reported after theirs, and of several with the one first whose message names somebody else's end (its
    launcher's). A task that the kernel or a person killed comes before those that ended by themselves: no task kills
    another by its own end, and one whose peer is gone soon ends with a status of its own."""
    failed = [s for s in statuses if s.state in ("failed", "lost")]
    return min(failed, key=lambda s: (s.cut_off, not was_killed(s), _is_own(s), s.ended or 0.0, s.task), default=None)


def all_must_succeed(tasks: Sequence[Task], statuses: Mapping[str, TaskStatus], nouns: str) -> Verdict:
    """The verdict where tasks wait for one another at every step: the first failure ends the run."""
    if failure := first_failure(statuses.values()):
        return failed(failure)
    if all(succeeded(statuses, task.name) for task in tasks):
        return Verdict(Result.SUCCEEDED, f"all {len(tasks)} {nouns} ended with exit status 0", leader_done=True)
    return Verdict(None)


def failed(status: TaskStatus) -> Verdict:
    return Verdict(Result.FAILED, status.message or ending(status), status.task)


def ending(status: TaskStatus) -> str:
    """ "worker-1 on node 0 ended with exit status 7"."""
    starved = f": {MEMORY}" if status.out_of_memory else ""
    return f"{status.task} on node {status.node} {how_ended(status.exit_status)}{starved}"


def how_ended(exit_status: int | None) -> str:
    if exit_status is None:
        return "was lost"
    if name := _SIGNALS.get(exit_status - 128):  # 255 is no signal: it is what sys.exit(-1) gives
        return f"was ended by {name} (exit status {exit_status})"
    return f"ended with exit status {exit_status}"


def succeeded(statuses: Mapping[str, TaskStatus], task: str) -> bool:
    return task in statuses and statuses[task].state == "succeeded"


def has_ended(statuses: Mapping[str, TaskStatus], task: str) -> bool:
    return task in statuses and statuses[task].state not in ("pending", "running")


def _is_own(status: TaskStatus) -> bool:
    return (status.message or status.task).startswith(status.task)


def was_killed(status: TaskStatus) -> bool:
    """Whether a signal that others send ended it."""
    return status.exit_status in (128 + 9, 128 + 15)
