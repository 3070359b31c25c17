"""What can be done with a run from outside of the client that began it: document, outputs, end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tfinfra.errors import ProvisioningError, Result, TfinfraError, UsageError
from tfinfra.lifecycle.attach.fetch.collection import await_outputs
from tfinfra.lifecycle.attach.fetch.fetching import Fetching
from tfinfra.lifecycle.attach.find_run import find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.living import has_nodes
from tfinfra.lifecycle.attach.saved_document import rewrite, saved_document
from tfinfra.lifecycle.attach.status import UNKNOWN_END, document_of, result_of, with_outcome, without_record
from tfinfra.lifecycle.end import collect, teardown
from tfinfra.lifecycle.end.bring_home import bring_home
from tfinfra.lifecycle.end.trials_home import trial_results
from tfinfra.lifecycle.evidence.late import sign_late
from tfinfra.lifecycle.evidence.run_evidence import own_audit
from tfinfra.lifecycle.record.driver import CLIENT_SECONDS, ClientProcess, is_alive, stop_process, wait_until
from tfinfra.lifecycle.record.in_store.store_view import read_view
from tfinfra.lifecycle.record.not_collected import has_all, is_collected
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord, run_folder
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.record.uses import unfinished_runs
from tfinfra.lifecycle.run.signals import leave_word
from tfinfra.lifecycle.trials.tune_at_home import tune_part
from tfinfra.model import StopRequest
from tfinfra.store import ObjectStore, encode, keys
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress
from tfinfra.text.wording import count


def came_to_nothing(record: RunRecord) -> UsageError:
    """The error of whoever asks for what such a run never had."""
    return UsageError(f"{record.run} came to nothing before it touched a cloud: {record.message}", hint=record.hint)


def run_is_over(found: FoundRun) -> bool:
    """Whether nothing more comes into its store, by what is there or recorded."""
    if found.store is None or is_collected(found.store):
        return True
    record = found.folder.read()
    return record is not None and record.phase in (RunPhase.DELETING, RunPhase.DELETED, RunPhase.INCOMPLETE)


def fetch(found: FoundRun, folder: Path, progress: Progress) -> dict[str, Any]:
    """Copies the run's outputs and logs into `folder`/<run>/; of a run that has ended, deletes what is left of it then,
    unless its nodes are held. Raises UsageError where there is nothing to copy."""
    found = with_outcome(found)
    results = results_in(folder, found)
    must_be_readable(found)
    if found.record is None and found.store is not None:
        return _fetch_without_record(found, found.store, results, progress)
    record = recorded(found)
    if found.store is None:
        return _already_home(found, record, progress)
    # The client that drives it deletes it: it may hold the nodes for a look
    driven = is_alive(_client_of(found, record)) or found.driven_elsewhere
    held = found.held
    over = run_is_over(found) or not has_nodes(found)
    if found.outcome is not None and not over:
        await_outputs(found.store, found.outcome, found.ports.cloud.timeouts, progress)
        over = run_is_over(found) or not has_nodes(found)
    ended = found.outcome is not None and over and not driven and not held
    bring = Fetching(found, results, progress, lost=True)
    dead = ended and not has_all(found.store)
    home = bring.look(bring.disks() if dead else (), over=ended)
    result = result_of(record, found) if record.result is None else {}  # what its client recorded outranks the store
    how = {**result, "not_collected": home.missing} if ended or held else {}
    how |= {"phase": RunPhase.HELD} if held and not driven else {}
    all_of_it = (ended or held) and not home.keeps
    fresh = found.folder.update(results=str(results), fetched=all_of_it or record.fetched, **how)
    if found.outcome is not None and fresh.result is None:  # its client, or a later fetch, writes that down
        fresh = replace(fresh, phase=RunPhase.ENDED, **result_of(fresh, found))
    document = document_of(fresh, found)
    _tell_odd(found, document["unreadable"], progress)
    if found.ended_unreadably:
        document["phase"] = RunState.UNKNOWN
    try:
        if ended:
            document |= {"phase": RunPhase.INCOMPLETE}
            teardown.down(found.ports, found.folder, found.run, progress, stop_client, bring=bring)
            document |= {"phase": RunPhase.DELETED, "left": []}
        elif held:
            progress(f"its nodes are held until {record.deadline} at most: `tfinfra down {found.run}` deletes them")
        elif not over and not found.ended_unreadably:
            progress(f"{_at_work(found)}: outputs are complete when it has ended; `tfinfra fetch` again then")
    finally:
        document |= _with_evidence(bring, document)
        collect.write_results(found.folder, document, results)
    return document


def results_in(folder: Path, found: FoundRun) -> Path:
    """Where the files of a run go below `folder`: those of a trial go to its tune's."""
    record = found.record
    if record is None or record.trial is None or record.on is None:
        return folder / found.run
    return trial_results(folder / record.on, record.trial.number)


def _client_of(found: FoundRun, record: RunRecord) -> ClientProcess | None:
    """The process that drives the run: a trial's is that of its tune."""
    tune = found.folder.of(record.on).read() if record.trial is not None and record.on else None
    return tune.client if tune is not None else record.client


def _with_evidence(bring: Fetching, document: dict[str, Any]) -> dict[str, Any]:
    """Writes the evidence of what came home, and says in the document what became of it. No trial has its own."""
    if (record := bring.evidence.folder.read()) is not None and record.trial is not None:
        return {}
    bring.evidence.write(document)
    record = bring.evidence.folder.read()
    return {"evidence": collect.evidence_of(record)} if record is not None else {}


def _at_work(found: FoundRun) -> str:
    return "it still trains" if found.outcome is None else "its nodes still bring what its tasks wrote"


def _already_home(found: FoundRun, record: RunRecord, progress: Progress) -> dict[str, Any]:
    """The document of a run that is gone from its cloud, as far as its outputs came home before."""
    saved = saved_document(record)
    if record.came_to_nothing and saved is None:
        raise came_to_nothing(record)
    if not record.fetched:
        hint = f"{record.results} holds what a fetch brought while it trained" if saved is not None else None
        raise UsageError(f"{record.run} is deleted and its outputs were never fetched", hint=hint)
    if not isinstance(saved, dict):
        why = f"{saved}" if saved else f"nothing of that is in {record.results} any more"
        raise UsageError(f"{record.run} is deleted, its outputs were fetched, and {why}")
    progress(f"{record.run} is deleted: its outputs were fetched before")
    if record.evidence is not None and record.evidence.signature != "made":
        record = sign_late(found.folder, record, own_audit(progress), found.reach, progress)
    if record.not_collected is not None:
        progress(f"warning: not collected: {record.not_collected}")
    return {
        **saved,
        **tune_part(found.folder),
        "usd": round(found.status.usd, 4),
        "evidence": collect.evidence_of(record),
    }


def _fetch_without_record(found: FoundRun, store: ObjectStore, results: Path, progress: Progress) -> dict[str, Any]:
    """Brings home what lies in the store of a run whose record cannot be read. Nothing is deleted then."""
    view = read_view(store)
    home = bring_home(store, results, [status.task for status in view.tasks], None)
    try:
        over = run_is_over(found) or not has_nodes(found)
    except TfinfraError:  # ARM does not say, or does not let us ask
        over = False
    for line in home.lines(over=over):
        progress(f"warning: {line}")
    progress(f"{count(home.files, 'file')} and {count(home.logs, 'log')} in {results}")
    document = without_record(found)
    document["unreadable"] = list(dict.fromkeys((*document["unreadable"], *map(str, view.unreadable))))
    _tell_odd(found, document["unreadable"], progress)
    progress(f"its record is not known: whether it has ended is not either; `tfinfra down {found.run}` deletes it")
    return {**document, "results": str(results)}


def _tell_odd(found: FoundRun, unreadable: list[str], progress: Progress) -> None:
    for odd in dict.fromkeys((*map(str, found.odd), *unreadable)):
        progress(f"warning: {odd}")
    if found.ended_unreadably:
        progress(f"how it ended is not known: nothing is deleted; `tfinfra down {found.run}` does")


def must_be_readable(found: FoundRun) -> None:
    """Raises ProvisioningError for a run whose store does not open."""
    if found.unread:
        hint = "reading it takes the role Storage Blob Data Reader on it; `tfinfra down --discard` needs nothing of it"
        raise ProvisioningError(f"{found.run}: {found.unread}", hint=hint)


def end_run(found: FoundRun, progress: Progress, *, force: bool = False, discard: bool = False) -> dict[str, str]:
    """`tfinfra down`: a client that still drives the run does it itself; else, and after it, this one. Outputs come
    home before the keep group goes, unless they are given up (`discard`). The stacks that remain in a backend of the
    user's own, each with the reason."""
    record = found.record
    if record is not None and record.trial is not None and is_alive(_client_of(found, record)):
        _end_trial(found, progress)
        return {}
    _end_further_runs(found, progress, discard=discard)
    if record is not None and is_alive(record.client):
        progress("the process that drives it ends it, and collects first")
    elif record is not None and record.result is None:
        found.folder.update(**result_of(record, found))
    if found.ended_unreadably:
        progress(f"warning: {UNKNOWN_END}: {found.ended_unreadably}")
    if found.borrowed and record is not None:
        found.folder.update(max_cost_usd=None)  # the store alone proves no late deletion
    results = Path(now.results) if (now := found.folder.read()) and now.results else Path.cwd() / "runs" / found.run
    bring = None if discard else Fetching(found, results, progress)
    try:
        remain = teardown.down(
            *(found.ports, found.folder, found.run, progress, stop_client),
            force=force,
            exists=found.exists,
            bring=bring,
        )
    finally:
        document = saved_document(now) if (now := found.folder.read()) else None
        if bring is not None and bring.sees_more and isinstance(document, dict):
            bring.evidence.write(document)
        rewrite(found.folder)
    _replace_unreadable(found)
    return remain


def _end_trial(found: FoundRun, progress: Progress) -> None:
    """Ends one trial of a tune whose client goes on with the others, and brings this one home."""
    if found.store is None:
        return
    progress(f"its tune goes on: `tfinfra down {found.host}` ends all of that")
    found.store.put(keys.STOP, encode(StopRequest(Result.CANCELLED, "`tfinfra down` ended the trial")))
    over = (RunPhase.DELETED, RunPhase.INCOMPLETE)
    wait_until(lambda: (now := found.folder.read()) is None or now.phase in over, CLIENT_SECONDS)


def _end_further_runs(found: FoundRun, progress: Progress, *, discard: bool) -> None:
    """Brings home the runs on its nodes, and ends them. One that cannot be keeps the store, and no machine."""
    for other in unfinished_runs(found.folder.runs, found.run):
        progress(f"{other.run} is on its nodes: it is ended first")
        try:
            end_run(find_run(other.run), progress, discard=discard)
        except TfinfraError as error:
            progress(f"warning: {error.message}")


def _replace_unreadable(found: FoundRun) -> None:
    """Once all is verified deleted, an unreadable record of this machine has nothing left to say."""
    ended, own = found.folder.read(), RunFolder(found.folder.path)
    if own.unreadable() is None or (ended is not None and ended.phase != RunPhase.DELETED):
        return
    own.set_aside()
    own.forget_stacks()
    if ended is not None:
        own.write(ended)


def stop_client(record: RunRecord) -> None:
    """Ends the process that drives the run, as Ctrl-C would, and waits for it; one that is ending already is left to
    it: a second signal would make it leave its outputs behind."""
    if record.phase in (RunPhase.ENDED, RunPhase.DELETING):
        wait_until(lambda: not is_alive(record.client), CLIENT_SECONDS)
    else:
        leave_word(run_folder(state_folder(), record.run).path, "`tfinfra down`")
        stop_process(record.client)


def recorded(found: FoundRun) -> RunRecord:
    """The run's record. Raises UsageError where nobody has one."""
    if found.record is None:
        hint = f"`tfinfra down {found.run}` deletes it"
        must_be_readable(found)
        why = "".join(f"; {odd}" for odd in found.odd)
        raise UsageError(f"nobody has a record of {found.run}: only its resource groups are known{why}", hint=hint)
    return replace(found.record)
