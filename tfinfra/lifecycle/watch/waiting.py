"""What a run waits for while it seems to stand still: nodes, tasks after others have ended, outputs on their way; since
when, and for how long at most."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.backends.base import leader
from tfinfra.backends.registry import backend
from tfinfra.model import CollectingMark, Outcome, Plan, TaskStatus, Timeouts
from tfinfra.store import ObjectStore, keys, log_chunk
from tfinfra.text.wording import count, first_few, spell_bytes, spell_seconds

_NAMED = 5
_LONGEST = 200
_DAY = 86400


@dataclass(frozen=True)
class Waiting:
    """`what` is waited for, since and until at most, both in Unix seconds; None where that is not known, or where the
    run's own deadline is the bound. `task` is one of the tasks that are waited for, whose log tells what it is at.
    `soon`: it is most often over in a moment."""

    what: str
    since: float | None = None
    until: float | None = None
    task: str | None = None
    soon: bool = False

    def __str__(self) -> str:
        """ "waiting for evaluator-0 (chief-0 has ended), 15 min at most, until 14:02:30"."""
        text = f"waiting for {self.what}"
        if self.until is None:
            return text
        if self.since is not None:
            text += f", {spell_seconds(self.until - self.since)} at most"
        today = "%H:%M:%S" if abs(self.until - (self.since or self.until)) < _DAY else "%Y-%m-%d %H:%M:%S"
        return f"{text}, until {time.strftime(today, time.gmtime(self.until))} UTC"


def waiting_for_nodes(plan: Plan, registered: int, timeouts: Timeouts, since: float | None) -> Waiting | None:
    """`since`: when the nodes were made. None once all have registered."""
    missing = plan.node_count - registered
    if missing <= 0:
        return None
    what = f"{count(missing, 'node')} of {plan.node_count} to register"
    return Waiting(what, since, None if since is None else since + timeouts.register, soon=True)


def waiting_for_tasks(plan: Plan, statuses: Mapping[str, TaskStatus]) -> Waiting | None:
    """After the leader's good end those that have a grace; where all tasks must end, those that go on after others."""
    own, first = backend(plan.backend), leader(plan.tasks)
    verdict = own.verdict(plan, statuses)
    if verdict.result is not None:
        return None
    if verdict.leader_done:
        since = statuses[first.name].ended
        grace = max((own.grace(task) for task in plan.tasks if task.name in verdict.waiting), default=0.0)
        what = f"{first_few(verdict.waiting, _NAMED)} ({first.name} has ended)"
        until = None if since is None else since + grace
        return Waiting(what, since, until, next(iter(verdict.waiting), None))
    ended = [statuses[t.name] for t in plan.tasks if t.name in statuses and statuses[t.name].state == "succeeded"]
    going = [t.name for t in plan.tasks if t.name in statuses and statuses[t.name].state == "running"]
    if not ended or not going:
        return None
    since = min((status.ended for status in ended if status.ended is not None), default=None)
    what = f"{first_few(going, _NAMED)} ({first_few([status.task for status in ended], _NAMED)} ended with 0)"
    return Waiting(what, since, None, going[0], soon=True)


def waiting_for_outputs(outcome: Outcome, found: CollectingMark | None, timeouts: Timeouts) -> Waiting:
    """The nodes have ended their tasks and bring what these wrote into the store."""
    size = f" ({count(found.files, 'file')}, {spell_bytes(found.bytes)})" if found else ""
    return Waiting(f"the outputs{size} to be in the store", outcome.ended, outcome.ended + timeouts.collect, soon=True)


def last_line(store: ObjectStore, task: str) -> str:
    """What a task wrote last, as far as that is in the store; "" for nothing."""
    for key in reversed(store.list(keys.log_folder(task))[-2:]):
        lines = (log_chunk(store, key) or b"").decode("utf-8", "replace").splitlines()
        for line in reversed(lines):
            if line.strip():
                return line.strip()[:_LONGEST]
    return ""
