"""Closes the ledger of groups that are gone, as ARM tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tfinfra.errors import TfinfraError
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.run.effects import Ports


def close_ledger(
    ports: Ports,
    folder: RunFolder,
    groups: Iterable[str],
    before: Collection[str] | None,
    gone: Mapping[str, float],
) -> None:
    """Notes that `groups` are gone: since the time that `gone` knows, else now. One that was not there `before` its
    deletion went earlier."""
    record, now = folder.read(), ports.clock()
    if record is None:
        return
    ends: dict[str, float] = {}
    for interval in record.ledger.running():
        if interval.group in set(groups):
            went_before = before is not None and interval.group not in before
            ends[interval.group] = gone.get(interval.group, min(now, interval.due) if went_before else now)
    folder.change_ledger(lambda ledger: ledger.closed(ends))


def present_groups(ports: Ports, record: RunRecord | None) -> set[str] | None:
    """The groups that exist, asked for only where some should be gone by now: their end is not known then."""
    if record is None or not any(i.is_late(ports.clock()) for i in record.ledger.running()):
        return None
    try:
        return {group.name for group in ports.arm.groups()}
    except TfinfraError:  # a cloud that cannot be asked is taken to hold them still
        return None
