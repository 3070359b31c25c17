"""Whether anything is left that may still write to a run's store, as far as ARM and the store say."""

from __future__ import annotations

import time

from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.lifecycle.watch.poll_times import soon
from tfinfra.store import content, store_errors
from tfinfra.store import keys as layout
from tfinfra.system.clock import right_now, unix_time


def has_nodes(found: FoundRun) -> bool:
    """Whether anything may still write: the run's machines, or a client that is yet to boot them. Raises
    ProvisioningError where ARM does not say."""
    record = found.folder.read()
    if record is None:  # ARM alone says
        return any(found.ports.arm.running_instances(group) != 0 for group in found.present_compute_groups)
    if found.borrowed and found.store is not None and not found.store.list(layout.NODES):
        if right_now() >= unix_time(record.deadline):  # whatever ARM lists, no machine of it comes any more
            return False
        if not (found.outcome or found.ended_unreadably):  # its client may be at it, wherever it is
            return True
    if record.phase in (RunPhase.STARTING, RunPhase.PROVISIONING) and not found.borrowed:
        return is_alive(record.client)
    return _machines(found, record) or not _all_gone(found, record)


def _machines(found: FoundRun, record: RunRecord) -> bool:
    groups = found.present_compute_groups or (record.compute_group,)
    return any(found.ports.arm.running_instances(group) != 0 for group in groups)


def _all_gone(found: FoundRun, record: RunRecord) -> bool:
    """Whether an empty list of machines is to be believed. ARM's lists lag behind what it has made (Azure/AKS#1964): a
    second one has to be empty too, with no heartbeat between the two. Machines that have written nothing yet have the
    time to boot and register. A store that does not answer proves nothing."""
    timeouts = found.ports.cloud.timeouts
    try:
        before = _signs(found)
        ledger = record.ledger.intervals
        begun = [interval.start for interval in ledger if interval.group == record.compute_group]
        newest = max(begun, default=record.times.get("started", 0.0))
        if not before and right_now() < newest + timeouts.start + timeouts.register:
            return False
        time.sleep(soon(timeouts.listing))
        return not _machines(found, record) and _signs(found) == before
    except store_errors():
        return False


def _signs(found: FoundRun) -> dict[str, bytes | None]:
    """What the nodes have written of themselves; a heartbeat changes each second."""
    store = found.store
    if store is None:
        return {}
    keys = [
        key for folder in (layout.NODES, layout.BOOT, layout.TASKS, layout.HEARTBEATS) for key in store.list(folder)
    ]
    return {key: content(store, key) for key in keys}
