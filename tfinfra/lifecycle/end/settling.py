"""Closes the ledger of groups that are gone, as ARM tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tfinfra.errors import TfinfraError
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.run.effects import Ports


def settle(ports: Ports, folder: RunFolder, groups: Iterable[str], present: Collection[str] | None) -> None:
    """Notes that `groups` are gone now; one that was not `present` before its deletion went earlier."""
    record, now = folder.read(), ports.clock()
    if record is None:
        return
    ends: dict[str, float] = {}
    for interval in record.ledger.running():
        if interval.group in set(groups):
            gone_before = present is not None and interval.group not in present
            ends[interval.group] = min(now, interval.due) if gone_before else now
    folder.update(ledger=record.ledger.closed(ends))


def present_groups(ports: Ports, record: RunRecord | None) -> set[str] | None:
    """The groups that exist, asked for only where some should be gone by now: their end is not known then."""
    if record is None or not any(i.is_late(ports.clock()) for i in record.ledger.running()):
        return None
    try:
        return {group.name for group in ports.groups()}
    except TfinfraError:  # a cloud that cannot be asked is taken to hold them still
        return None
