"""A run's groups, store and nodes, from the first write to the cloud to machines that boot."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.data.transfer import RunData
from tfinfra.lifecycle.provision import attempts, stack_config
from tfinfra.lifecycle.record import names, published, spending
from tfinfra.lifecycle.record.run_record import RunPhase
from tfinfra.lifecycle.run.context import ActiveRun, there
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.lifecycle.watch.watcher import Watch
from tfinfra.store import ObjectStore, keys
from tfinfra.store.waiting import GRANT, await_store, granted
from tfinfra.system.threads import spawn

if TYPE_CHECKING:
    from tfinfra.bundle import Bundle
    from tfinfra.engine.client import EngineProcess
    from tfinfra.environment.lock_file import Lock


class Provisioning:
    """Makes what one run is made of; read `go` for the order."""

    def __init__(self, compiled: Compiled, active: ActiveRun, data: RunData, observer: Observer) -> None:
        self._compiled = compiled
        self._active = active
        self._data = data
        self._observer = observer
        self._ports = active.ports
        self._session = active.session
        self._part = "keep"

    def made(self, resource: str) -> None:
        """The engine tells of a resource; any thread may call this."""
        self._session.audit.append("resource", text=resource)
        self._observer.progress(self._part, resource)

    def go(self, lock: Lock, engine: Future[EngineProcess], prerequisites: Prerequisites) -> None:
        """Leaves nodes that boot, and a store with all that they need. Raises what went wrong."""
        session, active = self._session, self._active
        bundle_made = spawn(lambda: self._make_bundle(lock), "environment")
        active.engine = session.wait(engine)
        keep = self._keep(prerequisites)
        store_url = names.store_url(keep, prerequisites, active.run)
        active.folder.update(store=store_url, shared=names.shared_url(keep))
        active.root = active.store = self._reachable(store_url)
        young = granted(active.store, self._ports.cloud.timeouts.register)
        session.wait(spawn(lambda: self._publish(young), "record"))
        armed = self._arm(prerequisites)
        self._data.stage(young, keep, prerequisites)
        with session.phase("environment", "the training environment"):
            bundle = session.wait(bundle_made)
        with session.phase("bundle", "upload", sha256=bundle.sha256):
            session.wait(spawn(lambda: young.put_file(bundle.key, bundle.path), "upload"))
        self._data.hand_in(young)
        self._prove_timer(armed)
        spending.note_compute(active.folder, active.record(), active.options.burn.compute, self._ports.clock())
        attempts.provision(active, lambda: self._make_nodes(keep, prerequisites, bundle), bundle)
        bundle.path.unlink(missing_ok=True)
        if active.options.detach:
            self._data.await_delivery(active.store)
        record = active.folder.update(phase=RunPhase.RUNNING)
        session.wait(spawn(lambda: published.publish(young, record, active.plan), "record"))

    def _keep(self, prerequisites: Prerequisites) -> dict[str, Any]:
        config = stack_config.stack_config(self._active.record(), "keep", prerequisites, self._ports.cloud)
        place = self._active.plan.infrastructure
        made = attempts.persevere(self._active, place, lambda: self._up("keep", config))
        if isinstance(made, attempts.RefusedPlace):
            raise attempts.without_store(made)
        return made

    def _make_nodes(self, keep: dict[str, Any], prerequisites: Prerequisites, bundle: Bundle) -> None:
        """Makes the compute group that the record names."""
        active, record = self._active, self._active.record()
        packed = (bundle.key, bundle.sha256)
        node = stack_config.node_settings(
            record, self._ports.cloud, keep, prerequisites, bundle=packed, key=self._data.key
        )
        active.watch = None if active.options.detach else self._new_watch()
        self._data.offer(there(active.store))
        part = names.part_of(record.compute_group, active.run)
        config = stack_config.compute_config(record, keep, prerequisites, self._ports.cloud, node)
        self._up(part, config, lambda: look(self._active, self._data))

    def _reachable(self, url: str) -> ObjectStore:
        """The run's store, which the caller may have been granted a moment ago."""
        store, patience = self._ports.open_store(url), GRANT * self._ports.cloud.timeouts.register
        self._session.wait(spawn(lambda: await_store(store, timeout=patience), "store"))
        return store

    def _arm(self, prerequisites: Prerequisites) -> Future[bool] | None:
        """Waits beside the upload until the run's own timer has shown that it can act; None where it has none."""
        access = self._active.plan.infrastructure.access
        if access.reaper_id or not prerequisites.may_delete:
            return None
        group, workflow = self._active.record().keep_group, f"{self._active.run}-timer"
        return spawn(lambda: self._ports.arm.timer_armed(group, workflow), "timer")

    def _prove_timer(self, armed: Future[bool] | None) -> None:
        """Makes nothing that is billed by the hour before the timer is proven. Raises ProvisioningError."""
        if armed is None:
            return
        if not armed.done():
            self._observer.say("waiting for the timer's first run that succeeds: no machine is made before")
        proven = self._session.wait(armed)
        self._session.audit.append("timer", armed=proven)
        if not proven:
            raise ProvisioningError(
                "the timer that deletes in time has not had one run that succeeded",
                hint="it must be able to read the keep group: a new grant may lag behind for long, so try again",
            )

    def _make_bundle(self, lock: Lock) -> Bundle:
        progress = self._session.progress("environment")
        prebuilt = self._ports.workshop.environment(lock, progress)
        out = self._active.folder.bundle
        source = self._compiled.source_root
        return self._ports.workshop.bundle(self._active.plan, source, lock, prebuilt, out=out, progress=progress)

    def _publish(self, store: ObjectStore) -> None:
        """Leaves in the store what the run is, and whether its nodes hold also where this client dies."""
        published.publish(store, self._active.record(), self._active.plan)
        if self._active.options.keep:
            store.put(keys.KEEP, b"{}\n")

    def _up(self, part: str, config: dict[str, str], tick: Callable[[], None] | None = None) -> dict[str, Any]:
        """Updates one stack and returns its outputs."""
        engine = there(self._active.engine)
        self._part = part.partition("-")[0]
        with self._session.phase(self._part, config["group"], group=config["group"]):
            update = spawn(lambda: engine.up(part, config), part)
            self._active.update = update
            return self._session.wait(update, tick) if tick else self._session.wait(update)

    def _new_watch(self) -> Watch:
        group, ports = self._active.record().compute_group, self._ports
        return Watch(
            there(self._active.store),
            self._active.plan,
            timeouts=ports.cloud.timeouts,
            observer=self._observer,
            clock=ports.clock,
            instances=lambda: ports.arm.running_instances(group),
            deaths=lambda: ports.arm.deaths(group),
            look=ports.cloud.pace.look,
        )


def look(active: ActiveRun, data: RunData) -> None:
    """One look at the nodes; they may be quicker than Pulumi's update, and they delete what nobody watches."""
    watch = active.watch
    if active.outcome is None:
        data.poll()
    if watch is not None and active.outcome is None:
        active.outcome = watch.poll()
    elif watch is not None:
        watch.collected()
