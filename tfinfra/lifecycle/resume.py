"""What can be done with a run from outside of the client that began it: document, logs, outputs, end."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tfinfra import layout
from tfinfra.clock import right_now, unix_time
from tfinfra.errors import ProvisioningError, UsageError
from tfinfra.lifecycle import collect, down
from tfinfra.lifecycle.access import FoundRun
from tfinfra.lifecycle.fetching import Fetching
from tfinfra.lifecycle.listing import Every, Listing, soon
from tfinfra.lifecycle.ports import Progress
from tfinfra.lifecycle.record import ClientProcess, RunRecord, is_alive
from tfinfra.lifecycle.runs import read_outcome
from tfinfra.lifecycle.tail import LogTail
from tfinfra.model import Outcome, Plan, to_json
from tfinfra.store import store_errors

FOLLOW = 0.2
BEAT_EVERY = 2.0
ORPHANED: dict[str, Any] = {
    "result": "error",
    "exit_code": 6,
    "message": "the process that drove it died while it provisioned",
}
CLIENT_SECONDS = 600.0
"""Seconds that a client has to collect and delete; it is waited for no longer than it lives."""


def status_document(found: FoundRun) -> dict[str, Any]:
    """The run as `status --json` gives it: run.json's fields as they are now, and `state` as `runs --json` gives it."""
    found = settled(found)
    state = asdict(found.state)
    if found.record is None:
        return {"run": found.run, "state": state}
    saved = Path(found.record.results) / "run.json"
    if found.store is None and saved.exists():
        document: dict[str, Any] = json.loads(saved.read_text("utf-8"))
    else:
        document = _document(_as_it_stands(found.record, found), found)
    return {**document, "usd": round(found.state.usd, 4), "state": state}


def _document(record: RunRecord, found: FoundRun) -> dict[str, Any]:
    return collect.run_document(record, _plan(found), found.store, right_now())


def _plan(found: FoundRun) -> Plan | None:
    """The plan, None where it was lost with a copy of the deploy folder."""
    try:
        return found.folder.plan()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def settled(found: FoundRun) -> FoundRun:
    """The run with an outcome, where its nodes died before they could write one and nobody else will."""
    record = found.record
    if record is None or is_alive(record.client) or found.outcome:
        return found
    if record.phase == "provisioning" and record.result is None and not found.elsewhere:
        return replace(found, record=replace(record, **ORPHANED))
    if found.store is None or _has_nodes(found):
        return found
    outcome = Outcome("failed", "all nodes are gone before the training ended", ended=right_now())
    with suppress(*store_errors()):  # who may only read is told all the same
        found.store.put_if_absent(layout.OUTCOME, json.dumps(to_json(outcome)).encode())
    return replace(found, outcome=read_outcome(found.store) or outcome)


def _as_it_stands(record: RunRecord, found: FoundRun) -> RunRecord:
    """The record, with what the nodes have written since its client left."""
    if record.result is not None or found.outcome is None or is_alive(record.client):
        return record
    return replace(record, phase="ended", **_result(found))


def log_names(found: FoundRun) -> list[str]:
    """The tasks of a run, the leader first."""
    return list(found.record.plan_tasks) if found.record else []


def log_lines(found: FoundRun, task: str | None, follow: bool) -> Iterator[str]:
    """The lines of a task's log (None: the leader's), with `follow` until the run has ended. Raises UsageError."""
    record = _recorded(found)
    name = task or record.leader
    _must_be_readable(found)
    if found.store is not None:
        if name not in record.plan_tasks and not found.store.list(layout.log_folder(name)):
            raise _no_log(record, name)
        yield from _store_lines(found, LogTail(found.store, name), follow)
        return
    for kind in ("tasks", "nodes"):
        path = Path(record.results) / kind / f"{name}.log"
        if path.exists():
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
            return
    if record.came_to_nothing:
        raise _came_to_nothing(record)
    if name in record.plan_tasks and not record.fetched:
        raise UsageError(f"the logs of {record.run} were never fetched, and went with its groups")
    raise _no_log(record, name)


def _no_log(record: RunRecord, name: str) -> UsageError:
    return UsageError(f"there is no log of '{name}'", hint=f"tasks of this run: {', '.join(record.plan_tasks)}")


def _came_to_nothing(record: RunRecord) -> UsageError:
    return UsageError(f"{record.run} came to nothing before it touched a cloud: {record.message}", hint=record.hint)


def _store_lines(found: FoundRun, tail: LogTail, follow: bool) -> Iterator[str]:
    if follow:
        yield from _followed(found, tail)
    yield from tail.finish()


def _followed(found: FoundRun, tail: LogTail) -> Iterator[str]:
    """The lines as they come, until the run has ended or nobody is left to write any."""
    beat, alive, refused = Every(BEAT_EVERY, time.monotonic), True, False
    listing = Listing(found.ports.cloud.timeouts, time.monotonic)
    while alive and not _ended(found):
        if beat.due():
            _beat(found)
        if listing.due(late=False, refused=refused):
            try:
                alive, refused = _has_nodes(found), False
            except ProvisioningError:  # whom ARM keeps waiting reads on
                refused = True
        yield from tail.poll()
        time.sleep(FOLLOW)


def _has_nodes(found: FoundRun) -> bool:
    """Whether anybody may still write: the run's machines, or a client that is yet to boot them. Raises
    ProvisioningError where ARM does not say."""
    record = found.folder.read()
    if record is None:
        return False
    if found.elsewhere and found.store is not None and not found.store.list(layout.NODES):
        return right_now() < unix_time(record.deadline)  # its client may be at it, wherever it is
    if record.phase in ("starting", "provisioning") and not found.elsewhere:
        return is_alive(record.client)
    return _machines(found, record) or not _all_gone(found, record)


def _machines(found: FoundRun, record: RunRecord) -> bool:
    groups = found.compute_groups or (record.compute_group,)
    return any(found.ports.running_instances(group) != 0 for group in groups)


def _all_gone(found: FoundRun, record: RunRecord) -> bool:
    """Whether an empty list of machines is to be believed. ARM's lists lag behind what it has made (Azure/AKS#1964): a
    second one has to be empty too, with no heartbeat between the two. Machines that nobody has heard of yet have the
    time to boot and register. A store that does not answer proves nothing."""
    timeouts = found.ports.cloud.timeouts
    try:
        before = _signs(found)
        if not before and right_now() < _begun(record) + timeouts.start + timeouts.register:
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
    return {key: store.get(key) for key in keys}


def _begun(record: RunRecord) -> float:
    """When the newest machines were asked for, in Unix seconds."""
    begun = [interval.start for interval in record.ledger.intervals if interval.group == record.compute_group]
    return max(begun, default=record.times.get("started", 0.0))


def _beat(found: FoundRun) -> None:
    """Tells the nodes that somebody reads the logs now."""
    if found.store is not None:
        with suppress(*store_errors()):  # for who may only read, the lines come later
            found.store.put(layout.WATCH, json.dumps({"time": right_now()}).encode())


def _ended(found: FoundRun) -> bool:
    if found.store is None or found.store.get(layout.COLLECTED) is not None:
        return True
    record = found.folder.read()
    return record is not None and record.phase in ("deleting", "deleted", "incomplete")


def fetch(found: FoundRun, folder: Path, progress: Progress) -> dict[str, Any]:
    """Copies the run's outputs and logs into `folder`/<run>/; of a run that has ended, deletes what is left of it then.
    Raises UsageError where there is nothing to copy."""
    found = settled(found)
    record = _recorded(found)
    results = folder / found.run
    _must_be_readable(found)
    if found.store is None:
        return _already_home(record)
    # Whoever drives it deletes it: it may hold the nodes for a look
    driven = is_alive(record.client) or found.driven_elsewhere
    over = _ended(found) or not _has_nodes(found)
    ended = found.outcome is not None and over and not driven
    bring = _fetching(found, results, progress)
    home = bring.look(disks=ended and found.store.get(layout.COLLECTED) is None)
    told = {**_result(found), "not_collected": home.missing} if ended else {}
    fresh = found.folder.update(results=str(results), fetched=ended and not home.keeps, **told)
    document = _document(fresh, found)
    try:
        if ended:
            document |= {"phase": "incomplete"}
            down.down(found.ports, found.folder, found.run, progress, stop_client, bring=bring)
            document["phase"] = "deleted"
        elif not over:
            progress("it still trains: outputs are complete when it has ended; `tfinfra fetch` again then")
    finally:
        collect.write_results(found.folder, document, results)
    return document


def _result(found: FoundRun) -> dict[str, Any]:
    """What the outcome says, for the record of a run whose client did not live to write it."""
    outcome = found.outcome
    if outcome is None:
        return ORPHANED if _recorded(found).phase == "provisioning" else {}
    codes = {"succeeded": 0, "failed": 7, "cancelled": 8, "limit": 9}
    record = _recorded(found)
    return {
        "result": outcome.result,
        "message": outcome.message,
        "exit_code": codes.get(outcome.result, 1),
        "failed_task": outcome.task,
        "exit_status": outcome.exit_status,
        "times": {**record.times, "ended": outcome.ended},
    }


def _already_home(record: RunRecord) -> dict[str, Any]:
    saved = Path(record.results) / "run.json"
    if not saved.exists() and record.came_to_nothing:
        raise _came_to_nothing(record)
    if not saved.exists():
        raise UsageError(f"{record.run} is deleted and its outputs were never fetched")
    document: dict[str, Any] = json.loads(saved.read_text("utf-8"))
    return document


def _must_be_readable(found: FoundRun) -> None:
    if found.unread:
        hint = "reading it takes the role Storage Blob Data Reader on it; `tfinfra down --discard` needs nothing of it"
        raise ProvisioningError(f"{found.run}: {found.unread}", hint=hint)


def _fetching(found: FoundRun, results: Path, progress: Progress) -> Fetching:
    return Fetching(found, results, progress, lambda: _has_nodes(found))


def end_run(found: FoundRun, progress: Progress, *, force: bool = False, discard: bool = False) -> dict[str, str]:
    """`tfinfra down`: a client that still drives the run does it itself; else, and after it, this one. Outputs come
    home before the keep group goes, unless they are given up (`discard`). The stacks that remain in a backend of the
    user's own, each with the reason."""
    if found.record is not None and is_alive(found.record.client):
        progress("the process that drives it ends it, and collects first")
    if found.record is not None and found.record.result is None and not is_alive(found.record.client):
        found.folder.update(**_result(found))
    record = found.folder.read()
    results = Path(record.results) if record and record.results else Path.cwd() / "runs" / found.run
    bring = None if discard else _fetching(found, results, progress)
    stacks = down.down(
        *(found.ports, found.folder, found.run, progress, stop_client), force=force, exists=found.exists, bring=bring
    )
    _rewrite(found, bring)
    return stacks


def _rewrite(found: FoundRun, bring: Fetching | None) -> None:
    """Leaves the run's end in the run.json beside outputs that are at home, also where a fetch in mid-run wrote it."""
    record = found.folder.read()
    results = bring.results if bring is not None else Path(record.results) if record and record.results else None
    if record is None or results is None or results.is_symlink() or not results.is_dir():
        return
    seen = (bring.seen if bring is not None else None) or _seen_before(results)
    document = {**collect.run_document(record, _plan(found), None, found.ports.clock()), **seen}
    collect.write_results(found.folder, document, results)


def _seen_before(results: Path) -> dict[str, Any]:
    """Tasks and nodes as an earlier fetch saw them."""
    try:
        saved = json.loads((results / "run.json").read_text("utf-8"))
        return {key: saved[key] for key in ("tasks", "nodes")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def stop_client(record: RunRecord) -> None:
    """Ends the process that drives the run, as Ctrl-C would, and waits for it; one that is ending already is left to
    it: a second signal would make it leave its outputs behind."""
    if record.phase in ("ended", "deleting"):
        wait_until(lambda: not is_alive(record.client), CLIENT_SECONDS)
    else:
        stop_process(record.client)


def stop_process(client: ClientProcess | None) -> None:
    """Ends a driving process, as Ctrl-C would, and waits for it; does nothing where it has gone."""
    if client is None or client.pid == os.getpid() or not is_alive(client):
        return
    os.kill(client.pid, signal.SIGTERM)
    wait_until(lambda: not is_alive(client), CLIENT_SECONDS)


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether `done` came true within `seconds`."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _recorded(found: FoundRun) -> RunRecord:
    if found.record is None:
        hint = f"`tfinfra down {found.run}` deletes it"
        _must_be_readable(found)
        raise UsageError(f"nobody has a record of {found.run}: only its resource groups are known", hint=hint)
    return replace(found.record)
