"""Runs on the nodes of another, when either of the two ends: the tasks of a further run are ended before its store is
cleared or its nodes go, and the store stays while it is not at home."""

from __future__ import annotations

from tfinfra.errors import Result, TfinfraError, first_line
from tfinfra.lifecycle.record.driver import CLIENT_SECONDS, is_alive, wait_until
from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.record.uses import unfinished_runs
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import StopRequest
from tfinfra.store import ObjectStore, encode, keys, store_errors
from tfinfra.system.progress import Progress


def stop_further_runs(ports: Ports, first: RunFolder, say: Progress) -> None:
    """Ends the tasks of all runs on the nodes of `first`; a client that drives one brings it home then."""
    for record in unfinished_runs(first.runs, first.path.name):
        say(f"{record.run} is on its nodes: its tasks are ended first")
        stop_tasks(ports, record, say)
        wait_until(lambda client=record.client: not is_alive(client), CLIENT_SECONDS)  # type: ignore[misc]


def not_at_home(first: RunFolder) -> str:
    """The runs on the nodes of `first` that are not at home, "" where all are."""
    return ", ".join(record.run for record in unfinished_runs(first.runs, first.path.name))


def stop_tasks(ports: Ports, record: RunRecord, say: Progress) -> None:
    """Ends the tasks of a run on others' nodes, and waits until these have collected, as long as that may take and any
    of them is there."""
    if record.store is None:
        return
    try:
        store = ports.open_store(record.store)
        if is_collected(store) or not _has_nodes(store) or not _has_machines(ports, record):
            return
        store.put(keys.STOP, encode(StopRequest(Result.CANCELLED, "`tfinfra down` ended the run")))
        wait_until(lambda: is_collected(store), ports.cloud.timeouts.collect)
    except store_errors() as error:
        say(f"warning: the tasks of {record.run} could not be ended: {first_line(error)}")


def _has_nodes(store: ObjectStore) -> bool:
    """Whether any has taken the run: one beats long before it registers, where a setup script comes first."""
    return bool(store.list(keys.NODES) or store.list(keys.HEARTBEATS))


def _has_machines(ports: Ports, record: RunRecord) -> bool:
    """Where ARM does not say, they are taken to be there."""
    try:
        return ports.arm.running_instances(record.compute_group) != 0
    except TfinfraError:
        return True
