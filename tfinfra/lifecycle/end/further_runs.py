"""Runs on the nodes of another, when either of the two ends: the tasks of a further run are ended before its store is
cleared or its nodes go, and the store stays while it is not at home."""

from __future__ import annotations

from dataclasses import replace

from tfinfra.errors import Result, TfinfraError, first_line
from tfinfra.lifecycle.record.driver import CLIENT_SECONDS, is_alive, wait_until
from tfinfra.lifecycle.record.names import further_store, record_store
from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.record.uses import unfinished_runs
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import StopRequest
from tfinfra.store import ObjectStore, encode, keys, store_errors
from tfinfra.store.keys import FURTHER
from tfinfra.store.landing import shown
from tfinfra.system.progress import Progress

_DEPTH = 3
"""Parts of the key under which a further run's own record lies."""


def stop_further_runs(ports: Ports, first: RunFolder, say: Progress) -> None:
    """Ends the tasks of all runs on the nodes of `first`; a client that drives one brings it home then."""
    for record in unfinished_runs(first.runs, first.path.name):
        say(f"{record.run} is on its nodes: its tasks are ended first")
        stop_tasks(ports, record, say)
        wait_until(lambda client=record.client: not is_alive(client), CLIENT_SECONDS)  # type: ignore[misc]
    stop_runs_from_elsewhere(ports, first, say)


def stop_runs_from_elsewhere(ports: Ports, first: RunFolder, say: Progress) -> None:
    """Ends the tasks of the runs on the nodes of `first` that other machines began."""
    own = first.read()
    for run in _runs_from_elsewhere(ports, first):
        if own is not None:
            say(f"{run} is in its store, begun by another machine: its tasks are ended first")
            stop_tasks(ports, replace(own, run=run, store=further_store(own, run)), say)


def left_by_others(ports: Ports, first: RunFolder) -> str:
    """The runs that other machines began on the nodes of `first` and that are in its store still, "" for none."""
    return ", ".join(_runs_from_elsewhere(ports, first))


def _runs_from_elsewhere(ports: Ports, first: RunFolder) -> list[str]:
    """The runs on the nodes of `first` that are in its store, and not among those that this machine has a record of:
    whoever began them may still want what is there. None where the store does not answer, or has gone with its group:
    to open a folder's store makes the folder."""
    own = first.read()
    if own is None or own.on or (url := record_store(own)) is None:
        return []
    failures: tuple[type[Exception], ...] = (TfinfraError, ValueError, *store_errors())
    try:
        if own.keep_group not in {group.name for group in ports.arm.groups()}:
            return []
        found = [key.split("/") for key in ports.open_store(url).list(FURTHER)]
    except failures:
        return []
    here = {record.run for record in unfinished_runs(first.runs, first.path.name)}
    named = {parts[1] for parts in found if len(parts) == _DEPTH and parts[2] == keys.RECORD}
    return sorted(shown(run) for run in named - here)


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
