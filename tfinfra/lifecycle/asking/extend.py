"""More time for the nodes that a run keeps: the expiry in their group's tag is put off, no further than to the latest
time that timer and nodes have held since they were made."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tfinfra.errors import ManifestError, UsageError
from tfinfra.lifecycle.attach.attached_run import must_be_readable, recorded
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.of_a_tune import is_tune
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.in_store import published
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.lifecycle.record.run_status import NODES_STAY
from tfinfra.lifecycle.record.uses import uses_lock
from tfinfra.lifecycle.run.request_channel import why_no_channel
from tfinfra.money.ledger import HOUR
from tfinfra.store import store_errors
from tfinfra.system.clock import iso_time, unix_time


@dataclass(frozen=True)
class Extended:
    """Times are ISO 8601 in UTC: the deadline before and now, the latest that it can be, until when outputs are kept.
    `usd` is what the time costs at list price."""

    run: str
    before: str
    deadline: str
    latest: str
    keep_until: str
    usd: float

    def document(self) -> dict[str, Any]:
        """As `extend --json` gives it."""
        return {**vars(self), "usd": round(self.usd, 4)}


def extend(found: FoundRun, seconds: int) -> Extended:
    """Puts the deadline off by so many seconds, or to its latest time where that is earlier. The keep group's own time,
    which is the latest that its timer holds, does not move.

    Raises UsageError where the run has nodes that cannot be given more, ManifestError where its target forbids it,
    ProvisioningError.
    """
    must_be_readable(found)
    record = recorded(found)
    _latest(found, record, found.ports.clock())
    with uses_lock(found.folder):  # one after the other, each with what the last has written
        return _extend(found, found.folder.read() or record, seconds)


def would_extend(found: FoundRun, seconds: int) -> Extended:
    """What `extend` would come to now. Nothing is changed. Raises what `extend` raises before it asks ARM."""
    must_be_readable(found)
    return _terms(found, recorded(found), seconds)


def _terms(found: FoundRun, record: RunRecord, seconds: int) -> Extended:
    before, latest = unix_time(record.deadline), _latest(found, record, found.ports.clock())
    until = min(before + seconds, latest)
    if until <= before:
        raise UsageError(f"{record.run} has its latest time already: {record.deadline}", hint="a new run has a new one")
    hourly = sum(each.usd_per_hour for each in record.ledger.running() if each.part == "compute")
    usd = hourly * (until - before) / HOUR
    return Extended(record.run, record.deadline, iso_time(until), str(record.latest), record.keep_until, usd)


def _extend(found: FoundRun, record: RunRecord, seconds: int) -> Extended:
    extended = _terms(found, record, seconds)
    moment, more = extended.deadline, int(unix_time(extended.deadline) - unix_time(extended.before))
    found.ports.arm.put_off(record.compute_group, record.run, moment)
    found.folder.audit.append("extend", group=record.compute_group, expires=moment)
    fresh = found.folder.change(lambda there: _put_off(there, moment, more))
    _publish(found, fresh)
    return extended


def _put_off(record: RunRecord, moment: str, more: int) -> RunRecord:
    return replace(
        record,
        deadline=moment,
        run_seconds=None if record.run_seconds is None else record.run_seconds + more,
        ledger=record.ledger.put_off(record.compute_group, more),
    )


def _latest(found: FoundRun, record: RunRecord, now: float) -> float:
    if record.phase == RunPhase.DELETED:
        raise UsageError(f"{record.run} has no nodes any more", hint=NODES_STAY)
    if record.on:
        raise UsageError(f"{record.run} is on the nodes of {record.on}", hint=f"`tfinfra extend {record.on} TIME`")
    if why := why_no_channel(record.target):
        raise ManifestError(f"{record.run} cannot be given more time: {why}")
    if is_tune(found):
        hint = f"`tfinfra tune MANIFEST --resume {record.run}` goes on with what it has found by then"
        raise UsageError(f"{record.run} is a tune: it ends at its tune.max_duration_minutes", hint=hint)
    if record.latest is None:
        hint = "`up --keep` gives a run one, within `max_cost_usd`, guardrails and a day"
        raise UsageError(f"{record.run} has no later time than its deadline, {record.deadline}", hint=hint)
    if found.borrowed or not _is_held(found, record):
        hint = "nodes that are held after the training can be given more time, by the machine that began the run"
        raise UsageError(f"{record.run} is {found.status.state}, and not held here", hint=hint)
    if now >= unix_time(record.deadline):
        raise UsageError(f"the deadline of {record.run} has passed: its nodes are being deleted")
    return unix_time(record.latest)


def _is_held(found: FoundRun, record: RunRecord) -> bool:
    """Also where nobody has noted that its training ended: of a detached run, or after its client's death."""
    return record.phase == RunPhase.HELD or (found.held and not is_alive(record.client))


def _publish(found: FoundRun, record: RunRecord) -> None:
    """For other machines. Where the store does not take that, they see the tag."""
    if record.store is not None:
        with suppress(OSError, ValueError, *store_errors()):
            published.publish(found.ports.open_store(record.store), record, found.folder.plan())
