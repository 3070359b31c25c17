"""Brings home a run whose client has gone: before its machines are deleted what only they have, before its keep group
is deleted what lies in that, so that nothing goes that is not at home or given up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfinfra.errors import Result, first_line
from tfinfra.lifecycle.attach.fetch.collection import await_collected
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.living import has_nodes
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.end.bring_home import Home, bring_home, trees_of
from tfinfra.lifecycle.end.further_runs import left_by_others, stop_runs_from_elsewhere
from tfinfra.lifecycle.end.salvage import OutputTree
from tfinfra.lifecycle.end.teardown import UNFETCHED, Bringing
from tfinfra.lifecycle.end.trials_home import bring_trials_left, keep_best
from tfinfra.lifecycle.evidence.run_evidence import UNKEPT, RunEvidence, own_audit
from tfinfra.lifecycle.record.not_collected import has_all, is_collected
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.lifecycle.record.times.usual_times import usual_of
from tfinfra.lifecycle.trials.tune_at_home import searched_of, tune_part
from tfinfra.lifecycle.watch.plain_view import as_last_time
from tfinfra.model import StopRequest
from tfinfra.store import ObjectStore, encode, keys, store_errors
from tfinfra.system.progress import Progress
from tfinfra.text.wording import count


class Fetching(Bringing):
    """One run's way to the folder `results`, in as many looks into its store as it takes; `progress` hears what came
    and what did not. `home` is what has come, None before the first look. `lost` says whether what went with the
    machines is taken as lost, as `fetch` does; else it keeps the keep group, as at the end of `up`."""

    def __init__(self, found: FoundRun, results: Path, progress: Progress, *, lost: bool = False) -> None:
        self.results = results
        self.evidence = RunEvidence(found.ports, found.folder, found.run, own_audit(progress), progress)
        self._lost = lost
        self.home: Home | None = None
        self._found = found
        self._held = found.record is not None and found.record.phase == RunPhase.HELD
        self._progress = progress
        self._said: list[str] = []

    @property
    def sees_more(self) -> bool:
        """Whether the evidence that lies beside the outputs is to be written again: of held nodes it was written while
        they were there."""
        return self.home is not None or self._held

    def disks(self) -> tuple[OutputTree, ...]:
        """The machines' disks, where they are on this machine."""
        if self._found.record is not None and self._found.record.on:
            return ()  # what lies there as a run's is the first one's
        return trees_of(self._found.ports.cloud, self._found.present_compute_groups)

    def look(self, disks: Sequence[OutputTree] = (), *, over: bool = True) -> Home:
        """Brings what is there, also from `disks`; `over`: nothing more comes. Raises what keeps all of it away."""
        found, record = self._found, self._found.record
        assert found.store is not None  # noqa: S101 - who calls this has looked
        tasks = record.plan_tasks if record else ()
        shared = record.shared if record else None
        if record is None or found.borrowed:  # ARM's word counts: what lies in a store does not say what is read here
            shared = found.listed_share
        if self.home is None and record is not None:
            told = as_last_time(usual_of(record, found.folder).get("collect"), 0.0)
            if told:
                self._progress(f"bringing its files to {self.results} ({told})")
        home = bring_home(found.store, self.results, tasks, shared, disks=disks, before=self.home)
        if self.home is None or home.files > self.home.files:
            self._progress(f"{count(home.files, 'file')} and {count(home.logs, 'log')} in {self.results}")
        lines = [line for line in home.lines(over=over) if line not in self._said]
        for line in lines:
            self._progress(f"warning: {line}")
        self._said += lines
        self.home = home
        if over and found.store.list(keys.JOURNAL):
            self._bring_trials(found.store)
        self.evidence.look(found.store)
        return home

    def _bring_trials(self, store: ObjectStore) -> None:
        """Of a tune whose client has gone. Raises what keeps one of its trials away."""
        found = self._found
        bring_trials_left(found.ports, found.folder, store, self.results, self._progress)
        with suppress(OSError, ValueError):  # without its plan nobody knows which is the best
            tune = found.folder.plan().tune
            searched = searched_of(found.folder, store, self._progress)
            if tune is not None:
                keep_best(searched, tune.primary_metric_goal, self.results, self._progress)

    def before_machines_go(self) -> None:
        """Lets nodes that still train end and collect, then reads the disks of those that could not. What goes wrong
        here keeps no machine alive: the store is looked into once more when they are gone."""
        stop_runs_from_elsewhere(self._found.ports, self._found.folder, self._progress)
        store = self._open()
        if store is None or self.home is not None:
            return
        try:
            if not self._collects(store) and (disks := self.disks()):
                self.look(disks)
        except Exception as error:  # noqa: BLE001 - whatever it is, what costs by the hour has to go
            self._progress(f"warning: its machines' disks could not be read: {first_line(error)}")

    def _collects(self, store: ObjectStore) -> bool:
        """Whether the nodes have brought into the store what they had, after they were let to."""
        try:
            if has_all(store) or not (store.list(keys.TASKS) or store.list(keys.JOURNAL)):
                return True
            if not is_collected(store):
                self._let_collect(store)
            return has_all(store)
        except Exception as error:  # noqa: BLE001 - as above
            self._progress(f"warning: its nodes could not collect: {first_line(error)}")
            return False

    def others_in_store(self) -> str:
        return left_by_others(self._found.ports, self._found.folder)

    def before_store_goes(self) -> str | None:
        """Why the keep group has to stay, None where all that is in it is at home."""
        found = self._found
        if found.unread is not None and not self._is_over():
            return f"{UNFETCHED} could not be fetched: {found.unread}"
        store = self._open()
        if store is None:
            return self._hand_in_again()
        document: dict[str, Any] | None = None
        try:
            if self.home is None and not any(store.list(folder) for folder in (keys.OUTPUTS, keys.LOGS, keys.TASKS)):
                return None
            home = self.home if self.home is not None and self.home.collected else self.look()
            if found.record is not None:
                fetched = not self._keeps(home)
                record = found.folder.update(results=str(self.results), fetched=fetched, not_collected=home.missing)
                document = self._document(record)
                collect.write_documents(found.folder, document, self.results)
        except Exception as error:  # noqa: BLE001 - whatever it was: outputs that did not come keep their group
            return f"{UNFETCHED} could not be fetched: {first_line(error)}"
        if self._keeps(home):
            return f"{UNFETCHED} did not all come home: {home.missing}"
        return self.evidence.before_store_goes(document) if document is not None else None

    def _hand_in_again(self) -> str | None:
        """Why the keep group of what is at home already has to stay: its evidence was not handed in then, and is not
        now."""
        found, record = self._found, self._found.folder.read()
        if record is None or record.phase == RunPhase.DELETED or found.store is None:
            return None
        if self.evidence.handed_in() and not self._held:
            return None
        self.evidence.look(found.store)
        try:
            document = self._document(record)
        except store_errors() as error:
            return f"{UNKEPT} could not be written: {first_line(error)}"
        return self.evidence.before_store_goes(document)

    def _document(self, record: RunRecord) -> dict[str, Any]:
        found = self._found
        return {**collect.run_document(record, None, found.store, found.ports.clock()), **tune_part(found.folder)}

    def _keeps(self, home: Home) -> bool:
        return home.keeps and not (self._lost and home.missing is not None and home.missing.lies is None)

    def _open(self) -> ObjectStore | None:
        """The store, where something in it may not be home."""
        return None if self._is_over() else self._found.store

    def _is_over(self) -> bool:
        """Whether all is home or gone: who drove the run may have fetched meanwhile."""
        record = self._found.folder.read()
        return record is not None and ((record.fetched and self.home is None) or record.phase == RunPhase.DELETED)

    def _let_collect(self, store: ObjectStore) -> None:
        """Asks the nodes to end and collect, and waits as long as they live, no longer than collecting may take."""
        if not has_nodes(self._found):
            return
        self._progress("it still trains: its tasks are stopped, and what they wrote is collected first")
        store.put(keys.STOP, encode(StopRequest(Result.CANCELLED, "`tfinfra down` ended the run")))
        timeouts = self._found.ports.cloud.timeouts
        await_collected(store, timeouts.collect, timeouts)
