"""One run while this process drives it: what all its phases know of it, and what exists of it by now. What one phase
makes for the next is an argument of that."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfinfra.errors import ProvisioningError
from tfinfra.guardrails.values import NO_AUDIT, Audit
from tfinfra.lifecycle.record import names
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord, run_folder
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.phases import Interrupt, Session
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.lifecycle.watch.watcher import Watch
from tfinfra.model import Outcome, Plan, Timeouts
from tfinfra.store import ObjectStore

if TYPE_CHECKING:
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.engine.client import EngineProcess


@dataclass
class Undo:
    """What has to be undone: each thing is noted here as soon as it exists, so that the end of the run, which may come
    at any moment, finds it. `engine` is open, with an `update` of one of its stacks, under way or over; `exported` are
    the stacks' states on their way to the audit folder; `nodes` those of the newest attempt, from the moment at which
    there is a store to meet them in; `leaving` the deletions of earlier attempts' groups, `gone` those of them that are
    verified deleted, with the time (Unix seconds) of that. `coming` wait for files that are on their way home, out of
    stores that outlive the nodes."""

    engine: EngineProcess | None = None
    update: Future[dict[str, Any]] | None = None
    exported: Future[None] | None = None
    nodes: Nodes | None = None
    leaving: list[Future[None]] = field(default_factory=list)
    gone: dict[str, float] = field(default_factory=dict)
    coming: list[Callable[[], object]] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome | None:
        """How the training ended, as far as that is known."""
        return self.nodes.outcome if self.nodes else None


@dataclass(frozen=True)
class RunContext:
    """`undo` is all of it that changes; `audit` says what becomes of the run's evidence."""

    plan: Plan
    run: str
    folder: RunFolder
    ports: Ports
    session: Session
    options: UpOptions
    undo: Undo = field(default_factory=Undo)
    audit: Audit = NO_AUDIT

    def record(self) -> RunRecord:
        """The run's record as it is on disk now. Raises ProvisioningError where somebody removed it."""
        record = self.folder.read()
        if record is None:
            raise ProvisioningError(f"the run's record in {self.folder.path} has gone")
        return record

    def watch(self, store: ObjectStore, group: str, timeouts: Timeouts) -> Watch | None:
        """What watches the nodes of `group`, which meet this client in `store`; None in a detached run."""
        if self.options.detach:
            return None
        return Watch(
            store,
            self.plan,
            timeouts=timeouts,
            observer=self.session.observer,
            clock=self.ports.clock,
            instances=lambda: self.ports.arm.running_instances(group),
            deaths=lambda: self.ports.arm.deaths(group),
            look=self.ports.cloud.pace.look,
        )

    def times(self, *, over: bool) -> dict[str, float]:
        """All times that are known so far: Unix seconds for moments, seconds for phases ("<phase>_seconds"). `over`:
        the run ends now."""
        times = {**self.record().times, **{f"{k}_seconds": v for k, v in self.session.times.items()}}
        watch, outcome = self.undo.nodes.watch if self.undo.nodes else None, self.undo.outcome
        if watch is not None and watch.first_line is not None:
            times["first_line"] = watch.first_line
        if outcome is not None:
            times["training_ended"] = outcome.ended
        return {**times, "ended": self.ports.clock()} if over else times


def new_context(
    compiled: Compiled, ports: Ports, options: UpOptions, observer: Observer, interrupt: Interrupt
) -> RunContext:
    """Of a run that this process is about to drive. Any thread may interrupt it through `interrupt`."""
    run = names.run_id(compiled.plan.name, options.letters)
    folder = run_folder(options.state, run)
    session = Session(observer, folder.audit, interrupt, ports.clock)
    audit = compiled.facts.project.guardrails.audit
    return RunContext(compiled.plan, run, folder, ports, session, options, audit=audit)
