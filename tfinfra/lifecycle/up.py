"""A run from its compiled plan to nothing left: read `UpRun.go` for the order. Whatever happens after the first write
to a cloud, what was made is deleted again, or named."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from tfinfra import layout
from tfinfra.azure.standing import Standing
from tfinfra.background import spawn
from tfinfra.clock import count, iso_time, spell_seconds
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import (
    Cancelled,
    LimitReached,
    NotFeasible,
    ProvisioningError,
    TrainingFailed,
)
from tfinfra.lifecycle import attempts, collect, down, elsewhere, settings, spending
from tfinfra.lifecycle.active import ActiveRun, UpOptions
from tfinfra.lifecycle.data import RunData
from tfinfra.lifecycle.ending import POLL, RunResult, await_collected, end_run, hold_success
from tfinfra.lifecycle.layers import deletion_layers
from tfinfra.lifecycle.observer import Observer
from tfinfra.lifecycle.ports import BundleSeam, EngineSeam, LockSeam, Ports
from tfinfra.lifecycle.reach import GRANT, await_store
from tfinfra.lifecycle.record import Attempt, RunRecord, run_folder, this_process
from tfinfra.lifecycle.session import Interrupt, Session
from tfinfra.lifecycle.staging import Given
from tfinfra.lifecycle.watch import Watch
from tfinfra.model import Outcome, Requirements, to_json
from tfinfra.money.budget import deadline
from tfinfra.money.ledger import Ledger
from tfinfra.store import ObjectStore


class UpRun:
    """One run, driven by this process. Any thread may interrupt it through `interrupt`."""

    def __init__(
        self,
        compiled: Compiled,
        ports: Ports,
        options: UpOptions,
        observer: Observer,
        interrupt: Interrupt,
        *,
        given: Given | None = None,
    ) -> None:
        self.run = settings.run_id(compiled.plan.name, options.letters)
        self._compiled = compiled
        self._ports = ports
        self._observer = observer
        folder = run_folder(options.state, self.run)
        self._session = Session(observer, folder.audit, interrupt, ports.clock)
        self._part = "keep"
        self._active = ActiveRun(compiled.plan, self.run, folder, ports, self._session, options)
        self._data = RunData(compiled, given or Given(), self._active)

    def go(self) -> RunResult:
        """Provisions, trains, collects and deletes. Raises what went wrong before the first write to the cloud; after
        it, the result carries the error."""
        try:
            lock, engine, standing = self._prepare(self._requirements())
            self._begin(lock)
        except BaseException:
            self._active.folder.forget()
            raise
        error: BaseException | None = None
        try:
            self._provision(lock, engine, standing)
            if self._active.options.detach:
                return self._leave()
            self._train()
            hold_success(self._active)
        except BaseException as raised:  # noqa: BLE001 - whatever it was, what exists must be deleted; end_run reports it
            error = raised
        return end_run(self._active, error)

    # Before the first write

    def _requirements(self) -> Requirements:
        """What the environment is made of: the CPU build where a rehearsal's machine has no GPU."""
        plan = self._active.plan
        wanted = plan.requirements
        if not plan.use_gpu or self._ports.cloud.environment_cache is None or self._ports.gpu_count() > 0:
            return wanted
        if not self._active.options.rehearse:
            raise NotFeasible("use_gpu is true, but this machine has no GPU")
        self._observer.say("this machine has no GPU: the nodes will report none and take TensorFlow's CPU build")
        return replace(wanted, gpu=False)

    def _prepare(self, requirements: Requirements) -> tuple[LockSeam, Future[EngineSeam], Standing]:
        """The lock, an engine that is being warmed up beside it, and what the subscription has ready."""
        session, ports, folder = self._session, self._ports, self._active.folder
        ports.check_source(self._active.plan, self._compiled.source_root)
        folder.write_deploy(self._compiled.tree)
        if ports.cloud.preflight:
            self._preflight()
        with session.phase("prepare", "Pulumi, and the environment's lock"):
            looked = spawn(lambda: ports.standing(self._active.plan.infrastructure.access), "standing")
            progress = session.progress("prepare")
            read = spawn(lambda: self._data.read(progress), "inputs")
            session.wait(spawn(lambda: ports.ensure_cli(progress), "toolchain"))
            engine = spawn(lambda: ports.engine(folder.deploy, self.run, folder.pulumi, self._made), "engine")
            try:
                lock = session.wait(spawn(lambda: ports.make_lock(requirements, progress), "lock"))
                standing = session.wait(looked)
                session.wait(read)
            except BaseException:
                engine.add_done_callback(_close)
                raise
        self._tell_layers(standing)
        return lock, engine, standing

    def _tell_layers(self, standing: Standing) -> None:
        """Says which ways of deletion this run has, and warns of each that it has not."""
        plan = self._active.plan
        layers = deletion_layers(plan.infrastructure.access, plan.node_count, standing.may_delete)
        self._session.audit.append("layers", **{layer.name: layer.on for layer in layers})
        for layer in layers:
            if not layer.on:
                self._observer.say(f"warning: {layer.name} will not delete: {layer.why}")

    def _preflight(self) -> None:
        """Asks the cloud whether the plan can work; raises what speaks against it."""
        ask, deploy = self._ports.preflight, self._active.folder.deploy
        with self._session.phase("preflight", "what the cloud says of the plan"):
            warnings = self._session.wait(spawn(lambda: ask(self._compiled, deploy, self.run), "preflight"))
        for warning in warnings:
            self._observer.diagnose(warning)

    def _begin(self, lock: LockSeam) -> None:
        """Writes the run's record: from here on nothing that is made can be orphaned."""
        now, active = self._ports.clock(), self._active
        limits, burn = active.plan.limits, active.options.burn
        end = deadline(limits, burn, now)
        self._session.deadline = end
        if end.limit == "max_cost_usd":
            self._observer.say(f"limits.max_cost_usd ends the run after {spell_seconds(end.seconds)} at the latest")
        keep_group = settings.group_name(self.run, "keep")
        compute_group, first = settings.group_name(self.run, "compute"), active.plan.infrastructure
        record = RunRecord(
            run=self.run,
            name=active.plan.name,
            target=self._compiled.spec.target,
            rehearse=active.options.rehearse,
            owner=self._ports.cloud.owner,
            keep_group=keep_group,
            compute_group=compute_group,
            deadline=iso_time(end.at),
            keep_until=iso_time(end.at + limits.keep_outputs),
            results=str(active.options.results / self.run),
            leader=active.plan.tasks[0].name,
            plan_tasks=tuple(task.name for task in active.plan.tasks),
            usd_per_hour=burn.total,
            max_cost_usd=limits.max_cost_usd,
            limit=end.limit,
            run_seconds=end.seconds,
            ledger=Ledger((spending.billed(keep_group, "keep", burn.keep, now, end.at + limits.keep_outputs),)),
            attempts=(Attempt(compute_group, first.location, first.vm_size),),
            machines=active.options.machines,
            environment=lock.key,
            backend=down.users_backend(),
            phase="provisioning",
            client=this_process(),
            times={"started": now},
        )
        active.folder.write(record)

    # Provision

    def _made(self, resource: str) -> None:
        """The engine tells of a resource; any thread may call this."""
        self._session.audit.append("resource", text=resource)
        self._observer.progress(self._part, resource)

    def _provision(self, lock: LockSeam, engine: Future[EngineSeam], standing: Standing) -> None:
        session, active = self._session, self._active
        bundle_made = spawn(lambda: self._make_bundle(lock), "environment")
        active.engine = session.wait(engine)
        keep = self._keep(standing)
        store_url = settings.store_url(keep, standing, self.run)
        active.folder.update(store=store_url, shared=settings.shared_url(keep))
        active.root = active.store = self._reachable(store_url)
        elsewhere.publish(active.root, active.record(), active.plan)
        if active.options.keep:  # the nodes hold also where this client dies
            active.store.put(layout.KEEP, b"{}\n")
        armed = self._arm(standing)
        self._data.stage(active.store, keep, standing)
        with session.phase("environment", "the training environment"):
            bundle = session.wait(bundle_made)
        with session.phase("bundle", "upload", sha256=bundle.sha256):
            self._upload(bundle)
        self._data.hand_in(active.store)
        self._prove_timer(armed)
        spending.note_compute(active.folder, active.record(), active.options.burn.compute, self._ports.clock())
        attempts.provision(active, lambda: self._make_nodes(keep, standing, bundle), bundle)
        bundle.path.unlink(missing_ok=True)
        if active.options.detach:
            self._data.await_delivery(active.store)
        elsewhere.publish(_there(active.root), active.folder.update(phase="running"), active.plan)

    def _keep(self, standing: Standing) -> dict[str, Any]:
        config, place = settings.stack_config(self._active.record(), "keep", standing), self._active.plan.infrastructure
        made = attempts.persevere(self._active, place, lambda: self._up("keep", config))
        if isinstance(made, attempts.Refused):
            raise attempts.without_store(made)
        return made

    def _make_nodes(self, keep: dict[str, Any], standing: Standing, bundle: BundleSeam) -> None:
        """Makes the compute group that the record names."""
        active, record = self._active, self._active.record()
        packed = (bundle.key, bundle.sha256)
        node = settings.node_settings(record, self._ports.cloud, keep, standing, bundle=packed)
        active.watch = None if active.options.detach else self._new_watch()
        self._data.offer(_there(active.store))
        part = settings.part_of(record.compute_group, self.run)
        self._up(part, settings.compute_config(record, keep, standing, node), self._look)

    def _reachable(self, url: str) -> ObjectStore:
        """The run's store, which the caller may have been granted a moment ago."""
        store, patience = self._ports.open_store(url), GRANT * self._ports.cloud.timeouts.register
        self._session.wait(spawn(lambda: await_store(store, timeout=patience), "store"))
        return store

    def _arm(self, standing: Standing) -> Future[bool] | None:
        """Waits beside the upload until the run's own timer has shown that it can act; None where it has none."""
        access = self._active.plan.infrastructure.access
        if access.reaper_id or not standing.may_delete:
            return None
        group, workflow = self._active.record().keep_group, f"{self.run}-timer"
        return spawn(lambda: self._ports.timer_armed(group, workflow), "timer")

    def _prove_timer(self, armed: Future[bool] | None) -> None:
        """Makes nothing that is billed by the hour before the timer is proven. Raises ProvisioningError."""
        if armed is None:
            return
        proven = self._session.wait(armed)
        self._session.audit.append("timer", armed=proven)
        if not proven:
            raise ProvisioningError(
                "the timer that deletes in time has not had one run that succeeded",
                hint="it must be able to read the keep group: a new grant may lag behind for long, so try again",
            )

    def _make_bundle(self, lock: LockSeam) -> BundleSeam:
        progress = self._session.progress("environment")
        prebuilt = self._ports.build_environment(lock, progress)
        out = self._active.folder.bundle
        source = self._compiled.source_root
        return self._ports.build_bundle(self._active.plan, source, lock, prebuilt, out, progress)

    def _upload(self, bundle: BundleSeam) -> None:
        store = _there(self._active.store)
        self._session.wait(spawn(lambda: store.put_file(bundle.key, bundle.path), "upload"))

    def _up(self, part: str, config: dict[str, str], tick: Callable[[], None] | None = None) -> dict[str, Any]:
        """Updates one stack and returns its outputs."""
        engine = _there(self._active.engine)
        self._part = part.partition("-")[0]
        with self._session.phase(self._part, config["group"], group=config["group"]):
            update = spawn(lambda: engine.up(part, config), part)
            self._active.update = update
            return self._session.wait(update, tick) if tick else self._session.wait(update)

    def _new_watch(self) -> Watch:
        group, ports = self._active.record().compute_group, self._ports
        return Watch(
            _there(self._active.store),
            self._active.plan,
            timeouts=ports.cloud.timeouts,
            observer=self._observer,
            clock=ports.clock,
            instances=lambda: ports.running_instances(group),
        )

    def _look(self) -> None:
        """One look at the nodes; they may be quicker than Pulumi's update, and they delete what nobody watches."""
        watch = self._active.watch
        if self._active.outcome is None:
            self._data.poll()
        if watch is not None and self._active.outcome is None:
            self._active.outcome = watch.poll()
        elif watch is not None:
            watch.collected()

    def _leave(self) -> RunResult:
        """Detaches: the nodes go on by themselves, and the record says how to go on with them."""
        active = self._active
        self._export()
        spending.note_gone(active.folder, dict(active.gone))
        _there(active.engine).close()
        record = active.folder.update(detached=True, client=None, times=active.times(over=False))
        elsewhere.publish(_there(active.root), record, active.plan)
        active.folder.audit.append("detached")
        document = collect.run_document(record, active.plan, active.store, self._ports.clock())
        return RunResult(record, document, None)

    # Train

    def _train(self) -> None:
        active, plan = self._active, self._active.plan
        _there(active.watch).boot_began()
        active.exported = spawn(self._warm_end, "warm")
        with self._session.phase("train", f"{count(len(plan.tasks), 'task')} on {count(plan.node_count, 'node')}"):
            while active.outcome is None:
                self._session.check()
                self._look()
                time.sleep(POLL)
            active.folder.audit.append("outcome", **to_json(active.outcome))
            await_collected(active, self._session.interrupt.check)
            for warning in active.outcome.warnings:
                self._observer.say(f"warning: {warning}")
            raise_for(active.outcome)

    def _warm_end(self) -> None:
        """Does early what the end would wait for: the stacks' states for the audit, the deletion's imports. The engine
        is done then."""
        self._export()
        self._ports.warm_teardown()
        _there(self._active.engine).close()

    def _export(self) -> None:
        for part in ("keep", settings.part_of(self._active.record().compute_group, self.run)):
            down.export_state(_there(self._active.engine), self._active.folder, part)


def _close(engine: Future[EngineSeam]) -> None:
    """Ends an engine that nobody needs any more."""
    if engine.exception() is None:
        engine.result().close()


def _there(value: Any) -> Any:
    """`value`, made by an earlier phase."""
    if value is None:
        raise ProvisioningError("a phase ran before the one that it needs")
    return value


def raise_for(outcome: Outcome) -> None:
    """Raises what an outcome that is no success means."""
    if outcome.result == "succeeded":
        return
    message = outcome.message
    if outcome.tail:
        message += "\n" + "\n".join(f"    {line}" for line in outcome.tail)
    kinds = {"failed": TrainingFailed, "cancelled": Cancelled, "limit": LimitReached}
    raise kinds.get(outcome.result, TrainingFailed)(message)
