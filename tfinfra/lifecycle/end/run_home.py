"""A run's own outputs on their way home while the client that drove it deletes it. Nothing that goes wrong here may
keep the deletion from happening; outputs that did not come keep their group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfinfra.errors import first_line
from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.end.bring_home import Home, bring_home, trees_of
from tfinfra.lifecycle.end.further_runs import left_by_others, stop_further_runs
from tfinfra.lifecycle.end.salvage import OutputTree
from tfinfra.lifecycle.end.teardown import UNFETCHED, Bringing
from tfinfra.lifecycle.end.trials_home import bring_trials_left, keep_best
from tfinfra.lifecycle.evidence.run_evidence import RunEvidence
from tfinfra.lifecycle.record.names import begun_compute_groups
from tfinfra.lifecycle.record.not_collected import has_all
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.trials.tune_at_home import searched_of, tune_part
from tfinfra.store import store_errors


class RunHome(Bringing):
    """Before the machines go, what is on their disks, where no node could collect and these are on this machine; else
    what is in the keep group, beside their deletion. `seen` is what the store told of tasks and nodes before it went,
    None where it told nothing."""

    def __init__(self, context: RunContext) -> None:
        self.seen: dict[str, Any] | None = None
        self._context = context
        self._say = context.session.observer.say
        self._home: Home | None = None
        self._lost: Exception | None = None
        self._lost_trial: Exception | None = None
        self._has_looked = False
        self.evidence = RunEvidence(context.ports, context.folder, context.run, context.audit, self._say)

    def before_machines_go(self) -> None:
        context, nodes = self._context, self._context.undo.nodes
        stop_further_runs(context.ports, context.folder, self._say)
        if nodes is None:
            return
        try:
            if has_all(nodes.store):
                return
        except store_errors():  # one that does not answer has nothing: what lies on the machines' disks goes with them
            pass
        try:  # a node may be deleting its group meanwhile
            disks = trees_of(context.ports.cloud, begun_compute_groups(context.folder.read(), context.run))
        except Exception as error:  # noqa: BLE001 - see above
            self._say(f"the machines' disks cannot be read: {first_line(error)}")
            return
        if disks:
            self._look(disks)

    def while_machines_go(self) -> None:
        if not self._has_looked:
            self._look()
        for come in self._context.undo.coming:
            try:
                come()
            except Exception as error:  # noqa: BLE001 - what did not come is looked for again once the machines are gone
                self._say(f"warning: not all came home: {first_line(error)}")

    def once_machines_are_gone(self, *, some_left: bool) -> None:
        """Nodes that had not said that they were done may have written until their end: one more look."""
        context = self._context
        if self._home is not None and not self._home.collected:
            self._look()
        self._bring_trials_left()
        home, nodes = self._home, context.undo.nodes
        if home is None or nodes is None:
            return
        for note in home.lines():
            self._say(f"warning: {note}")
        self.evidence.look(nodes.store)
        try:
            fetched = not home.keeps and (home.collected or not some_left)  # machines that are there may collect yet
            record = context.folder.update(fetched=fetched, not_collected=home.missing)
            document = collect.run_document(record, context.plan, nodes.store, context.ports.clock())
        except Exception as error:  # noqa: BLE001 - the outputs are home: what else the store says keeps nothing
            self._say(f"what the nodes told cannot be read: {first_line(error)}")
            return
        self.seen = {key: document[key] for key in ("tasks", "nodes", "left_files", "unreadable")}

    def others_in_store(self) -> str:
        return left_by_others(self._context.ports, self._context.folder)

    def bring_while_held(self) -> None:
        """Brings what is in the store of a run whose nodes stay; says what did not come."""
        self.while_machines_go()
        self.once_machines_are_gone(some_left=True)
        if self._lost is not None:
            again = f"`tfinfra fetch {self._context.run}` tries again"
            self._say(f"warning: the outputs could not be fetched: {first_line(self._lost)}; {again}")

    def before_store_goes(self) -> str | None:
        if self._lost is not None:
            return f"{UNFETCHED} could not be fetched: {first_line(self._lost)}"
        if self._lost_trial is not None:
            return f"{UNFETCHED} of a trial could not be fetched: {first_line(self._lost_trial)}"
        if self._home is not None and self._home.keeps:
            return f"{UNFETCHED} did not all come home: {self._home.missing}"
        return self.evidence.before_store_goes(self.document())

    def _bring_trials_left(self) -> None:
        """Those of a tune that did not come home when they ended; then the best of all has its place."""
        context, nodes = self._context, self._context.undo.nodes
        if context.plan.tune is None or nodes is None:
            return
        try:
            results = Path(context.record().results)
            bring_trials_left(context.ports, context.folder, nodes.store, results, self._say)
        except Exception as error:  # noqa: BLE001 - whatever it was: a trial that did not come keeps its group
            self._lost_trial = error
        try:
            searched = searched_of(context.folder, nodes.store, self._say)
            keep_best(searched, context.plan.tune.primary_metric_goal, Path(context.record().results), self._say)
        except Exception as error:  # noqa: BLE001 - the best trial's files are at home, or were told of, as all others'
            self._say(f"warning: the best trial has no folder of its own: {first_line(error)}")

    def document(self) -> dict[str, Any]:
        """The run as it is now, with what its store told of tasks and nodes."""
        context = self._context
        return {
            **collect.run_document(context.record(), context.plan, None, context.ports.clock()),
            **(self.seen or {}),
            **tune_part(context.folder),
        }

    def _look(self, disks: Sequence[OutputTree] = ()) -> None:
        """Brings what there is, and remembers why nothing came where that is so."""
        context, nodes = self._context, self._context.undo.nodes
        before, self._has_looked = self._home, True
        if nodes is None:
            return
        self._home = self._lost = None
        try:
            record = context.record()
            results = Path(record.results)
            with context.session.phase("collect", record.results):
                self._home = bring_home(
                    nodes.store, results, record.plan_tasks, record.shared, disks=disks, before=before
                )
        except Exception as error:  # noqa: BLE001 - whatever it was: outputs that did not come keep their group
            self._lost = error
