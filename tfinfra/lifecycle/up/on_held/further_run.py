"""A run on held nodes, driven by this process: read `FurtherRun.go` for the order. It makes nothing in a cloud; what it
leaves in the store of the run whose nodes they are goes when it is at home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfinfra.audit.log import read_events
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import UsageError
from tfinfra.lifecycle.data.staging import Given
from tfinfra.lifecycle.data.transfer import RunData
from tfinfra.lifecycle.end.ending import RunResult, end_driven_run, never_begun
from tfinfra.lifecycle.provision.first_record import first_record
from tfinfra.lifecycle.provision.module_check import check_modules
from tfinfra.lifecycle.record.names import further_shared
from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.lifecycle.record.times.usual_times import usual_of
from tfinfra.lifecycle.record.uses import begin_use, end_use
from tfinfra.lifecycle.run.context import new_context
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.run.request_channel import Channel
from tfinfra.lifecycle.run.still_locked import refuse_other_source
from tfinfra.lifecycle.up.detaching import leave_detached
from tfinfra.lifecycle.up.on_held.first_run import FirstRun
from tfinfra.lifecycle.up.on_held.handing_over import HandingOver
from tfinfra.lifecycle.up.on_held.lacking import HeldNodes, changed_inputs
from tfinfra.lifecycle.up.training import train
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.manifest.codes import refusal
from tfinfra.money.budget import Deadline, deadline
from tfinfra.store import store_errors
from tfinfra.system.clock import iso_time, unix_time
from tfinfra.system.threads import spawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfinfra.bundle import Bundle
    from tfinfra.system.local_tree import LocalTree


class FurtherRun:
    """One run on the nodes of `first`, which take it from `channel`. Any thread may interrupt it by `interrupt`."""

    def __init__(
        self,
        compiled: Compiled,
        ports: Ports,
        options: UpOptions,
        observer: Observer,
        interrupt: Interrupt,
        *,
        first: FirstRun,
        channel: Channel,
        given: Given,
    ) -> None:
        self._compiled = compiled
        self._ports = ports
        self._observer = observer
        self._first = first
        self._context = new_context(compiled, ports, options, observer, interrupt)
        self._session, self.run = self._context.session, self._context.run
        self._data = RunData(compiled, given, self._context)
        self._handing = HandingOver(compiled, self._context, self._data, first, channel)

    def go(self) -> RunResult:
        """Packs, asks the nodes, trains and collects. Raises what went wrong before the nodes were asked; after it, the
        result carries the error."""
        context, clock = self._context, self._ports.clock
        try:
            context.folder.write(self._record(clock()))
            self._claim()
            self._observer.say(f"run {self.run} on the nodes of {self._first.record.run}")
            self._observer.expect(usual_of(context.record(), context.folder))
            context.folder.write_deploy(self._compiled.tree)
            bundle, trees = self._prepare()
        except BaseException as raised:
            end_use(self._first.folder, self.run, clock())
            never_begun(context, raised)
            raise
        error: BaseException | None = None
        try:
            nodes = self._handing.over(bundle, trees, self._deadline(clock()))
            context.folder.update(phase=RunPhase.RUNNING)
            if context.options.detach:
                self._handing.await_secrets()
                return leave_detached(context, nodes, nodes.store)
            train(context, nodes)
        except BaseException as raised:  # noqa: BLE001 - whatever it was, the tasks must end; end_driven_run reports it
            error = raised
        result = end_driven_run(context, error)
        first = self._first.folder.read()
        return replace(result, held=first if first is not None and first.phase == RunPhase.HELD else None)

    def _claim(self) -> None:
        """Raises UsageError where another run is on the nodes."""
        busy = begin_use(self._first.folder, self.run, self._ports.clock(), self._is_over)
        if busy is not None:
            hint = f"`tfinfra wait {busy}` waits for it, `tfinfra down {busy}` ends it alone"
            raise UsageError(f"{busy} is on the nodes of {self._first.record.run}", hint=hint)

    def _is_over(self, run: str) -> bool:
        """Whether the nodes have nothing to do for that run any more."""
        record = self._first.folder.of(run).read()
        if record is None or record.phase.is_over:
            return True
        if record.store is None or record.phase == RunPhase.STARTING:
            return False
        try:
            return is_collected(self._ports.open_store(record.store))
        except store_errors():
            return False

    def _record(self, now: float) -> RunRecord:
        first, plan, options = self._first.record, self._context.plan, self._context.options
        end = self._deadline(now)
        mine = first_record(plan, self._compiled.spec.target, options, self._ports.cloud, now)
        return replace(
            mine,
            on=first.run,
            keep_group=first.keep_group,
            compute_group=first.compute_group,
            deadline=iso_time(end.at),
            keep_until=first.keep_until,
            limit=end.limit,
            run_seconds=end.seconds,
            usd_per_hour=0.0,
            max_cost_usd=None,
            machines=first.machines,
            shared=further_shared(first, self.run),
            environment=self._first.lock.key,
            backend=None,
        )

    def _deadline(self, now: float) -> Deadline:
        """Its own, and never after that of the nodes."""
        first, own = self._first.record, deadline(self._context.plan.limits, self._context.options.burn, now)
        last = unix_time(first.deadline)
        return own if own.at < last else Deadline(last, int(last - now), first.limit)

    def _prepare(self) -> tuple[Bundle, Mapping[str, LocalTree]]:
        """What the nodes fetch, and the local inputs. Raises ManifestError for what the nodes cannot give."""
        session, compiled, first = self._session, self._compiled, self._first
        if (held := self._context.options.held) is not None:
            session.audit.append("lock", digest=held.digest)
        with session.phase("prepare", "the source, for nodes that are there"):
            progress = session.progress("prepare")
            trees = session.wait(spawn(lambda: self._data.read(progress), "inputs"))
            changed = tuple(changed_inputs(compiled, held_nodes(first), trees))
            if changed:
                raise refusal(changed)
            bundle = session.wait(spawn(self._pack, "bundle"))
        return bundle, trees

    def _pack(self) -> Bundle:
        from tfinfra.bundle import Source

        compiled, lock, workshop = self._compiled, self._first.lock, self._ports.workshop
        progress = self._session.progress("prepare")
        prebuilt = workshop.environment(lock, progress)
        for warning in check_modules(compiled, lock, workshop, progress, built=prebuilt):
            self._observer.diagnose(warning)
        source = Source(compiled.source_root, compiled.travels.files)
        bundle = workshop.bundle(self._context.plan, source, lock, prebuilt, out=self._context.folder.bundle)
        if (held := self._context.options.held) is not None:
            refuse_other_source(held, source.root, compiled.travels.names, bundle.source)
        self._refuse_other_agent(bundle)
        return bundle

    def _refuse_other_agent(self, bundle: Bundle) -> None:
        """The agent that runs on the nodes came with the first run: only the same reads what this tfinfra writes."""
        events = read_events(self._first.folder.audit.path)
        agents = [event.get("agent") for event in events if event.get("event") == "bundle.begin"]
        if agents and agents[-1] != bundle.agent:
            hint = "`tfinfra up` without --on makes nodes with this one"
            raise UsageError(f"the nodes of {self._first.record.run} have the agent of another tfinfra", hint=hint)


def held_nodes(first: FirstRun) -> HeldNodes:
    return HeldNodes(first.record.run, first.plan, first.place, first.record.target, first.lock, first.origin)
