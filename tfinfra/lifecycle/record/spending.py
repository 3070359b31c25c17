"""What a run has cost and what goes on costing, from its record's ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from tfinfra.errors import LimitReached, TeardownIncomplete
from tfinfra.model import Limits
from tfinfra.model.spec import limit_key
from tfinfra.money.budget import DELETION_SECONDS, Burn, Deadline, needed_seconds, next_deadline
from tfinfra.money.ledger import Interval
from tfinfra.system.clock import iso_time, unix_time

if TYPE_CHECKING:
    from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord

_CENT = 0.005
_LOOK = 5.0


def spent(record: RunRecord, now: float, present: Collection[str] | None = None, ended: float | None = None) -> float:
    """US dollars at list price until `now`. Of a group that is not among `present` (None: all are) the end is not
    written down: it counts until it was due, a compute group until training had `ended` and the deletion had its
    time."""
    total = 0.0
    for interval in record.ledger.intervals:
        until = now
        if present is not None and interval.group not in present:
            until = min(now, interval.due)
            if ended is not None and interval.part == "compute":
                until = min(until, ended + DELETION_SECONDS)
        total += interval.usd(until)
    return total


def billed(group: str, part: str, usd_per_hour: float, now: float, until: float) -> Interval:
    """A group that is billed from `now` on, and whose deletion begins at `until` at the latest."""
    return Interval(group, part, usd_per_hour, now, until + DELETION_SECONDS)


def note_compute(folder: RunFolder, record: RunRecord, usd_per_hour: float, now: float) -> None:
    """Notes that the compute group is billed from `now` on."""
    begun = billed(record.compute_group, "compute", usd_per_hour, now, unix_time(record.deadline))
    folder.change_ledger(lambda ledger: ledger.opened(begun))


def note_attempt(folder: RunFolder, group: str, limits: Limits, burn: Burn, now: float) -> Deadline:
    """Notes that another attempt of the run begins `now` in the compute group `group`, while the one before is being
    deleted: all attempts draw on one budget. The deadline of the record is the new attempt's from here on. Raises
    LimitReached where the budget leaves no time that is worth it, KeyError where there is no record."""
    record = folder.update()
    ledger = record.ledger.ending(now + DELETION_SECONDS)
    before = Deadline(unix_time(record.deadline), record.run_seconds or limits.max_run_duration, record.limit)
    end = next_deadline(before, limits, burn, ledger, now)
    if end.at <= now or (end.limit == "max_cost_usd" and end.at - now < needed_seconds(limits)):
        raise LimitReached(f"{limit_key(end.limit)} leaves no time for another attempt: {so_far(record, now)}")
    folder.update(
        compute_group=group,
        deadline=iso_time(end.at),
        limit=end.limit,
        run_seconds=end.seconds,
        latest=None,  # that was for the first attempt, of which the budget has paid since
        ledger=ledger.opened(billed(group, "compute", burn.compute, now, end.at)),
    )
    return end


def note_gone(folder: RunFolder, ends: Mapping[str, float]) -> None:
    """Notes that these groups are gone since then (Unix seconds)."""
    if ends and folder.read() is not None:
        folder.change_ledger(lambda ledger: ledger.closed(ends))


def spent_so_far(folder: RunFolder, clock: Callable[[], float]) -> Callable[[], float]:
    """A function that gives what the run has cost by now, and reads its record again from time to time."""
    again, record = 0.0, folder.read()

    def spent_by_now() -> float:
        nonlocal again, record
        if clock() >= again:
            again, record = clock() + _LOOK, folder.read()
        return spent(record, clock()) if record is not None else 0.0

    return spent_by_now


def so_far(record: RunRecord, now: float) -> str:
    """ "3.21 USD so far at list price, of at most 5.00 (limits.max_cost_usd)"."""
    cap = "" if record.max_cost_usd is None else f", of at most {record.max_cost_usd:.2f} (limits.max_cost_usd)"
    return f"{spent(record, now):.2f} USD so far at list price{cap}"


def cost_of(record: RunRecord | None, group: str) -> str:
    """What a group that is left costs."""
    if record is None:
        return "at an unknown cost"
    usd = record.ledger.usd_per_hour(group)
    if usd >= _CENT:
        return f"{usd:.2f} USD per hour"
    return "storage only, below 0.01 USD per hour" if group == record.keep_group else "nothing by the hour"


def late(record: RunRecord) -> TeardownIncomplete | None:
    """The error of a run whose groups are deleted, but after the time that its limits.max_cost_usd reckoned with."""
    if record.max_cost_usd is None:
        return None
    found = [i for i in record.ledger.intervals if i.end is not None and i.is_late(i.end)]
    if not found:
        return None
    lines = [
        f"  {i.group}: until {iso_time(i.end)}, due {iso_time(i.due)}, at {i.usd_per_hour:.2f} USD per hour"
        for i in found
    ]
    usd = record.ledger.usd(max(i.end or 0.0 for i in found))
    cost = f"it cost {usd:.2f} USD at list price, of at most {record.max_cost_usd:.2f} (limits.max_cost_usd)"
    return TeardownIncomplete("\n".join([f"{record.run} is deleted, but late: {cost}", *lines]))
