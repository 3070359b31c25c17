"""A run's groups, store and nodes, from the first write to the cloud to machines that boot."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import ProvisioningError
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.data.transfer import RunData
from tfinfra.lifecycle.evidence.origin import note_origin, origin_of
from tfinfra.lifecycle.provision import attempts, stack_config
from tfinfra.lifecycle.provision.baselines import Baselines
from tfinfra.lifecycle.provision.module_check import check_modules
from tfinfra.lifecycle.provision.phase_values import Kept, Prepared, Provisioned
from tfinfra.lifecycle.record import names, spending
from tfinfra.lifecycle.record.in_store import published
from tfinfra.lifecycle.record.run_record import RunPhase
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.lifecycle.run.request_channel import make_key
from tfinfra.lifecycle.run.still_locked import refuse_other_source
from tfinfra.model import Timeouts
from tfinfra.store import ObjectStore, encode, keys
from tfinfra.store.waiting import GRANT, await_store, granted
from tfinfra.system.threads import spawn
from tfinfra.travel.git_state import git_state

if TYPE_CHECKING:
    from tfinfra.bundle import Bundle
    from tfinfra.engine.client import EngineProcess
    from tfinfra.model.git_state import GitState

_FILES_A_SECOND, _BYTES_A_SECOND = 1000, 20e6


class Provisioning:
    """Makes what one run is made of; read `go` for the order."""

    def __init__(self, compiled: Compiled, context: RunContext, data: RunData) -> None:
        self._compiled = compiled
        self._context = context
        self._data = data
        self._ports = context.ports
        self._session = context.session
        self._part = "keep"
        self._baselines = Baselines(context)
        self._asked: stack_config.Asked | None = None

    def made(self, resource: str) -> None:
        """The engine tells of a resource; any thread may call this."""
        self._session.audit.append("resource", text=resource)
        self._session.observer.progress(self._part, resource)

    def go(self, prepared: Prepared) -> Provisioned:
        """Leaves nodes that boot, and a store with all that they need. Raises what went wrong."""
        session, context, prerequisites = self._session, self._context, prepared.prerequisites

        bundle_made = spawn(lambda: self._make_bundle(prepared), "environment")
        kept = self._keep(prepared)
        young = granted(kept.store, self._ports.cloud.timeouts.register)

        def publish() -> None:
            """Leaves in the store what the run is, and whether its nodes hold also where this client dies."""
            published.publish(young, context.record(), context.plan)
            if context.options.keep:
                young.put(keys.KEEP, b"{}\n")

        session.wait(spawn(publish, "record"))
        armed = self._arm(prerequisites)
        staged = self._data.stage(prepared.trees, young, kept.outputs, prerequisites)
        with session.phase("environment", "the training environment"):
            bundle, git = session.wait(bundle_made)
        held, tree = self._context.options.held, self._compiled.tree
        origin = origin_of(bundle, prepared.lock, tree, prepared.trees, held=held, git=git)

        def upload() -> None:
            young.put_file(bundle.key, bundle.path)
            note_origin(context.folder, young, origin)

        with session.phase("bundle", "upload", sha256=bundle.sha256, agent=bundle.agent):
            session.wait(spawn(upload, "upload"))
        if staged is not None:
            self._data.hand_in(prepared.trees, staged, young)
        if armed is not None:
            self._prove_timer(armed)
        spending.note_compute(context.folder, context.record(), context.options.burn.compute, self._ports.clock())
        provisioned = attempts.in_one_place(context, lambda store: self._make_nodes(kept, store, bundle), kept, bundle)
        bundle.path.unlink(missing_ok=True)
        if context.options.detach and provisioned.delivery is not None:
            self._data.await_delivery(provisioned.delivery, provisioned.nodes.store)
        record = context.folder.update(phase=RunPhase.RUNNING)
        session.wait(spawn(lambda: published.publish(young, record, context.plan), "record"))
        return provisioned

    def _make_bundle(self, prepared: Prepared) -> tuple[Bundle, GitState | None]:
        """The environment, what the nodes fetch, and what git says of the source in it. Raises DifferenceFound where
        that is not what the run's lock has: nothing of it is uploaded then."""
        from tfinfra.bundle import Source

        context, workshop, compiled = self._context, self._ports.workshop, self._compiled
        progress = self._session.progress("environment")
        prebuilt = workshop.environment(prepared.lock, progress)
        check_modules(compiled, prepared.lock, workshop, progress, built=prebuilt)
        source = Source(compiled.source_root, compiled.travels.files)
        bundle = workshop.bundle(context.plan, source, prepared.lock, prebuilt, out=context.folder.bundle)
        if (held := context.options.held) is not None:
            refuse_other_source(held, source.root, compiled.travels.names, bundle.source)
        return bundle, git_state(source.root, compiled.travels)

    def _keep(self, prepared: Prepared) -> Kept:
        """Makes the keep group, and waits for its store, which the caller may have been granted a moment ago."""
        context, prerequisites = self._context, prepared.prerequisites
        engine = context.undo.engine = self._session.wait(prepared.engine)
        config = stack_config.stack_config(context.record(), "keep", prerequisites, self._ports.cloud)
        place = context.plan.infrastructure
        outputs = attempts.persevere(context, place, lambda: self._up(engine, "keep", config))
        if isinstance(outputs, attempts.RefusedPlace):
            raise attempts.without_store(outputs)
        url = names.store_url(outputs, prerequisites, context.run)
        requests = names.requests_url(outputs)
        context.folder.update(store=url, shared=names.shared_url(outputs), requests=requests)
        if requests is not None:
            execs = self._compiled.facts.project.guardrails.execs(locked=context.options.held is not None)
            self._asked = stack_config.Asked(make_key(context.folder).public, execs)
        store, patience = self._ports.open_store(url), GRANT * self._ports.cloud.timeouts.register
        self._session.wait(spawn(lambda: await_store(store, timeout=patience), "store"))
        context.undo.nodes = Nodes(store)
        return Kept(engine, prerequisites, outputs, url, store)

    def _make_nodes(self, kept: Kept, store: ObjectStore, bundle: Bundle) -> Provisioned:
        """Makes the compute group that the record names; its nodes meet this client in `store`."""
        context, record, prerequisites = self._context, self._context.record(), kept.prerequisites
        packed, held = (bundle.key, bundle.sha256), context.options.held
        node = stack_config.node_settings(
            record,
            self._ports.cloud,
            kept.outputs,
            prerequisites,
            bundle=packed,
            key=self._data.key,
            locked=held.nodes if held else None,
            asked=self._asked,
        )
        self._session.audit.append("settings", digest=sha256(encode(node)))
        delivery = self._data.delivery(store)
        watch = context.watch(store, record.compute_group, self._timeouts())
        nodes = context.undo.nodes = Nodes(store, watch, delivery.poll if delivery else lambda: None)
        config = stack_config.compute_config(record, kept.outputs, prerequisites, self._ports.cloud, node)
        self._up(kept.engine, names.part_of(record.compute_group, context.run), config, nodes.look)
        return Provisioned(kept.engine, kept.store, nodes, delivery, self._baselines)

    def _timeouts(self) -> Timeouts:
        """The cloud's; nodes that have much to unpack before they register get the time for it, also on a slow disk."""
        travels, timeouts = self._compiled.travels, self._ports.cloud.timeouts
        unpacking = int(len(travels.files) / _FILES_A_SECOND + travels.size / _BYTES_A_SECOND)
        return replace(timeouts, register=timeouts.register + unpacking)

    def _arm(self, prerequisites: Prerequisites) -> Future[bool] | None:
        """Waits beside the upload until the run's own timer has shown that it can act; None where it has none."""
        access = self._context.plan.infrastructure.access
        if access.reaper_id or not prerequisites.may_delete:
            return None
        group, workflow = self._context.record().keep_group, f"{self._context.run}-timer"
        return spawn(lambda: self._ports.arm.timer_armed(group, workflow), "timer")

    def _prove_timer(self, armed: Future[bool]) -> None:
        """Makes nothing that is billed by the hour before the timer is proven. Raises ProvisioningError."""
        if not armed.done():
            self._session.observer.say("waiting for the timer's first run that succeeds: no machine is made before")
        proven = self._session.wait(armed)
        self._session.audit.append("timer", armed=proven)
        if not proven:
            raise ProvisioningError(
                "the timer that deletes in time has not had one run that succeeded",
                hint="it must be able to read the keep group: a new grant may lag behind for long, so try again",
            )

    def _up(
        self, engine: EngineProcess, part: str, config: dict[str, str], tick: Callable[[], object] = lambda: None
    ) -> dict[str, Any]:
        """Updates one stack and returns its outputs."""
        self._part = part.partition("-")[0]
        group = names.group_name(self._context.run, part)
        with self._session.phase(self._part, group, group=group):
            update = self._context.undo.update = spawn(lambda: engine.up(part, config), part)
            outputs = self._session.wait(update, tick)
        self._baselines.begin(engine, part)
        return outputs
