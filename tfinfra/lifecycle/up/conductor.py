"""A run from its compiled plan to nothing left: read `UpRun.go` for the order. Whatever happens after the first write
to a cloud, what was made is deleted again, or named."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.compiler.packages.located import refused_at_their_lines
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import Cancelled
from tfinfra.lifecycle.data.staging import Given
from tfinfra.lifecycle.data.transfer import RunData
from tfinfra.lifecycle.end.deletion_layers import deletion_layers
from tfinfra.lifecycle.end.ending import RunResult, end_driven_run, never_begun
from tfinfra.lifecycle.end.held_nodes import leave_held, stays_held
from tfinfra.lifecycle.preflight import check_run
from tfinfra.lifecycle.provision.environment_needs import requirements_on
from tfinfra.lifecycle.provision.first_record import begun, first_record
from tfinfra.lifecycle.provision.module_check import check_modules
from tfinfra.lifecycle.provision.phase_values import Prepared, Provisioned
from tfinfra.lifecycle.provision.provisioning import Provisioning
from tfinfra.lifecycle.record import spending
from tfinfra.lifecycle.record.times.usual_times import usual_seconds
from tfinfra.lifecycle.run.context import RunContext, new_context
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.up.detaching import leave_detached
from tfinfra.lifecycle.up.training import train
from tfinfra.lifecycle.watch.observer import Observer, UnderWay
from tfinfra.model import Requirements
from tfinfra.money.budget import FREE
from tfinfra.system.clock import STEADY
from tfinfra.system.threads import spawn
from tfinfra.text.wording import spell_seconds

if TYPE_CHECKING:
    from tfinfra.engine.client import EngineProcess


Work = Callable[[RunContext, Nodes], None]
"""What the nodes are there for: returns once that is done well and in the store, else raises."""


class UpRun:
    """One run, driven by this process. Any thread may interrupt it through `interrupt`. `take_along` writes down on
    this machine what the run begins with, before anything is made; `work` is what its nodes do."""

    def __init__(
        self,
        compiled: Compiled,
        ports: Ports,
        options: UpOptions,
        observer: Observer,
        interrupt: Interrupt,
        *,
        engine: EngineProcess,
        given: Given | None = None,
        take_along: Callable[[RunContext], None] | None = None,
        work: Work = train,
    ) -> None:
        self._compiled = compiled
        self._take_along = take_along
        self._work = work
        self._ports = ports
        self._engine = engine
        self._observer = observer
        self._context = new_context(compiled, ports, options, observer, interrupt)
        self._session, self.run = self._context.session, self._context.run
        self._data = RunData(compiled, given or Given(), self._context)
        self._provisioning = Provisioning(compiled, self._context, self._data)

    def go(self) -> RunResult:
        """Provisions, trains, collects and deletes. Raises what went wrong before the first write to the cloud; after
        it, the result carries the error."""
        context, ports = self._context, self._ports
        plan, target, options, cloud = context.plan, self._compiled.spec.target, context.options, ports.cloud
        self._observer.expect(usual_seconds(options.state, plan.name, target, options.rehearse))
        try:
            context.folder.write(first_record(plan, target, options, cloud, ports.clock()))
            prepared = self._prepare(self._requirements())
            key, now = prepared.lock.key, ports.clock()
            longest = self._compiled.facts.project.guardrails.longest
            self._session.deadline, record = begun(plan, target, options, cloud, now, environment=key, longest=longest)
            if (wrong := STEADY.complaint()) is not None:
                self._observer.say(f"warning: {wrong}")
            if record.limit == "max_cost_usd":
                most = spell_seconds(self._session.deadline.seconds)
                self._observer.say(f"limits.max_cost_usd ends the run after {most} at the latest")
            if self._take_along is not None:
                self._take_along(context)
            context.folder.write(record)  # from here on nothing that is made can be orphaned
            self._observer.under_way(self._under_way(now))
        except BaseException as raised:
            never_begun(context, raised)
            raise
        error: BaseException | None = None
        try:
            provisioned = self._provisioning.go(prepared)
            if options.detach:
                return self._detach(provisioned)
            self._train(provisioned)
        except BaseException as raised:  # noqa: BLE001 - whatever it was, what exists must be deleted; end_driven_run reports it
            error = raised
        return leave_held(context, error) if stays_held(context, error) else end_driven_run(context, error)

    def _under_way(self, started: float) -> UnderWay:
        clock, folder, session = self._ports.clock, self._context.folder, self._session
        free = self._context.options.burn == FREE
        spent = (lambda: 0.0) if free else spending.spent_so_far(folder, clock)
        return UnderWay(
            self.run,
            self._context.plan.tasks,
            started,
            deadline=lambda: session.deadline.at if session.deadline else started,
            spent=spent,
        )

    # Before the first write

    def _requirements(self) -> Requirements:
        """What the environment is made of. Raises NotFeasible."""
        rehearse = self._context.options.rehearse
        return requirements_on(self._ports.cloud, self._context.plan, rehearse=rehearse, tell=self._observer.say)

    def _prepare(self, requirements: Requirements) -> Prepared:
        """Asks, agrees, and has what provisioning takes; the engine is being opened beside."""
        session, ports, folder = self._session, self._ports, self._context.folder
        folder.write_deploy(self._compiled.tree)
        if (held := self._context.options.held) is not None:
            session.audit.append("lock", digest=held.digest)
        if ports.cloud.preflight:
            with session.phase("preflight", "what the cloud says of the plan"):
                ask = partial(
                    check_run, self._compiled, ports.cloud, self._engine, folder.deploy, self._context.options
                )
                warnings = session.wait(spawn(ask, "preflight"))
            for warning in warnings:
                self._observer.diagnose(warning)
        self._agree()
        with session.phase("prepare", "Pulumi, and the environment's lock"):
            looked = spawn(lambda: ports.arm.prerequisites(self._context.plan.infrastructure.access), "prerequisites")
            progress, made = session.progress("prepare"), self._provisioning.made
            read = spawn(lambda: self._data.read(progress), "inputs")
            session.wait(spawn(lambda: ports.workshop.ensure_tools(progress), "toolchain"))
            engine = spawn(
                lambda: self._engine.open(ports.cloud, folder.deploy, self.run, folder.pulumi, made), "engine"
            )
            try:
                with refused_at_their_lines(self._compiled.manifest, self._compiled.facts.project):
                    if held is not None:
                        lock = held.environment
                    else:
                        lock = session.wait(spawn(lambda: ports.workshop.lock(requirements, progress), "lock"))
                check = partial(check_modules, self._compiled, lock, ports.workshop, progress)
                for warning in session.wait(spawn(check, "imports")):
                    self._observer.diagnose(warning)
                prepared = Prepared(lock, engine, session.wait(looked), session.wait(read))
            except BaseException:
                engine.add_done_callback(_close)
                raise
        self._tell_layers(prepared.prerequisites)
        return prepared

    def _tell_layers(self, prerequisites: Prerequisites) -> None:
        """Says which ways of deletion this run has, and warns of each that it has not."""
        plan = self._context.plan
        subscription = self._ports.cloud.subscription_id
        layers = deletion_layers(plan.infrastructure.access, plan.node_count, prerequisites.may_delete, subscription)
        self._session.audit.append("layers", **{layer.name: layer.on for layer in layers})
        for layer in layers:
            if not layer.on:
                self._observer.say(f"warning: {layer.name} will not delete: {layer.why}")

    def _agree(self) -> None:
        """Tells what the run will cost, and asks. Raises Cancelled where the answer is no."""
        options, session = self._context.options, self._session
        if options.terms is None:
            return
        for line in options.terms.lines(self._ports.clock()):
            self._observer.say(line)
        if not options.consent(options.terms, session.check):
            ended = f"{options.resume} is ended, and what it found is kept" if options.resume else "nothing was touched"
            raise Cancelled(f"not begun, as you said; {ended}")

    def _detach(self, provisioned: Provisioned) -> RunResult:
        """The nodes go on by themselves, and the record says how to go on with them."""
        context = self._context
        self._session.wait(spawn(lambda: provisioned.baselines.wait(provisioned.nodes.store), "baselines"))
        spending.note_gone(context.folder, dict(context.undo.gone))
        provisioned.engine.close()
        return leave_detached(context, provisioned.nodes, provisioned.store)

    # Train

    def _train(self, provisioned: Provisioned) -> None:
        context, nodes = self._context, provisioned.nodes
        if nodes.watch is not None:
            nodes.watch.boot_began()
        context.undo.exported = spawn(lambda: self._warm_end(provisioned), "warm")
        self._work(context, nodes)

    def _warm_end(self, provisioned: Provisioned) -> None:
        """Does early what the end would wait for: what the stacks have made for the audit, the deletion's imports. The
        engine is done then."""
        from tfinfra.azure.clients import warm

        provisioned.baselines.wait(provisioned.nodes.store)
        warm()
        provisioned.engine.close()


def _close(engine: Future[EngineProcess]) -> None:
    """Ends an engine that is not needed any more."""
    if engine.exception() is None:
        engine.result().close()
