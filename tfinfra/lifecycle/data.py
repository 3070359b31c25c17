"""A run's inputs, checkpoints and secrets on their way from this machine to its nodes, phase by phase."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from typing import Any

from tfinfra import layout
from tfinfra.azure.standing import Standing
from tfinfra.background import spawn
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle import settings
from tfinfra.lifecycle.active import ActiveRun
from tfinfra.lifecycle.delivery import Delivery
from tfinfra.lifecycle.ports import Progress
from tfinfra.lifecycle.staging import Given, Stage, refuse_unmountable, stage, told_hashes
from tfinfra.lifecycle.trees import Tree
from tfinfra.model import DataSources, Outcome, to_json
from tfinfra.store import ObjectStore, readable

PAUSE = 0.1


class RunData:
    """Call the methods in this order: `read`, `stage`, `hand_in`, `offer` (in each place that is tried), then `poll`
    until the run has ended."""

    def __init__(self, compiled: Compiled, given: Given, active: ActiveRun) -> None:
        self._compiled = compiled
        self._given = given
        self._active = active
        self._trees: dict[str, Tree] = {}
        self._staged: Future[DataSources] | None = None
        self._delivery: Delivery | None = None

    def read(self, progress: Progress) -> None:
        """Hashes what is local. Raises ManifestError for what cannot be read, or not be mounted."""
        read_tree = self._active.ports.read_tree
        self._trees = {name: read_tree(path, progress) for name, path in self._given.paths.items()}
        refuse_unmountable(self._compiled, self._trees)

    def stage(self, store: ObjectStore, keep: dict[str, Any], standing: Standing) -> None:
        """Begins to bring it to where the nodes find it; `store` is the run's, `keep` the keep stack's outputs."""
        plan = self._active.plan
        if plan.inputs or plan.resume_from:
            self._staged = spawn(lambda: self._stage(store, keep, standing), "inputs")

    def _stage(self, store: ObjectStore, keep: dict[str, Any], standing: Standing) -> DataSources:
        session, run = self._active.session, self._active.run
        url = settings.inputs_url(keep, standing, run)
        own = url == settings.store_url(keep, standing, run)
        there = store if own else self._active.ports.open_store(url)
        where = Stage(there, url, settings.identity_client_id(keep, standing), session.check)
        return stage(self._active.plan, self._trees, where, session.progress("inputs"))

    def hand_in(self, store: ObjectStore) -> None:
        """Tells the nodes where their data is, once it is there."""
        if self._staged is None:
            return
        session = self._active.session
        with session.phase("inputs", "the inputs"):
            sources = session.wait(self._staged)
            told = json.dumps(to_json(sources)).encode()
            session.wait(spawn(lambda: store.put(layout.DATA, told), "data"))
        for name, sha256, files, size in told_hashes(self._trees):
            session.audit.append("input", name=name, sha256=sha256, files=files, bytes=size)

    def offer(self, store: ObjectStore) -> None:
        """The secrets may be handed over from now on, to the machines of the record's compute group."""
        active, ports = self._active, self._active.ports
        group = active.record().compute_group
        self._delivery = Delivery(
            self._given.secrets,
            store,
            lambda: ports.machine_ids(group),
            timeout=ports.cloud.timeouts.register,
            clock=ports.clock,
            told=self._delivered,
        )

    def _delivered(self, text: str) -> None:
        session = self._active.session
        session.audit.append("secrets", names=sorted(self._given.secrets), text=text)
        session.observer.progress("compute", text)

    def poll(self) -> None:
        """Goes on with handing over the secrets. Raises ProvisioningError."""
        if self._delivery is not None:
            self._delivery.poll()

    def await_delivery(self, store: ObjectStore) -> None:
        """A run that goes on alone needs its client until the nodes have their secrets: nobody else has them. Raises
        ProvisioningError where no node comes for them."""
        session, ports = self._active.session, self._active.ports
        if self._delivery is None or self._delivery.done:
            return
        session.observer.progress("compute", "waiting until the nodes have their secrets")
        give_up = ports.clock() + 2 * ports.cloud.timeouts.register
        while store.get(layout.SECRETS) is None and readable(store, layout.OUTCOME, Outcome) is None:
            session.check()
            if ports.clock() > give_up:
                raise ProvisioningError("the nodes did not register, so that nobody could take the secrets")
            self._delivery.poll()
            time.sleep(PAUSE)
