"""A run's inputs, checkpoints and secrets on their way from this machine to its nodes, phase by phase."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.backends.registry import backend
from tfinfra.cloud import Cloud
from tfinfra.compiler.pipeline import Compiled
from tfinfra.compiler.rules.data import is_url
from tfinfra.errors import ManifestError, ProvisioningError
from tfinfra.lifecycle.data.secret_delivery import Delivery
from tfinfra.lifecycle.data.staging import Given, Stage, refuse_unmountable, stage, told_hashes
from tfinfra.lifecycle.record import names
from tfinfra.lifecycle.run.context import ActiveRun
from tfinfra.model import DataSources, NodeRegistration, Outcome, Plan, to_json
from tfinfra.sealing import Sealed, mark, new_run_key
from tfinfra.store import ObjectStore, holds, keys, readable
from tfinfra.system.local_tree import LocalTree, read_tree
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress
from tfinfra.system.threads import spawn
from tfinfra.text.wording import count

PAUSE = 0.1


def refuse_elsewhere(plan: Plan, cloud: Cloud) -> None:
    """Nodes send their identity's token to the host of a URL: it is one of the cloud whose identity that is."""
    given = [(f"inputs.{i.name}.url", i.url) for i in plan.inputs if i.url]
    if plan.resume_from and is_url(plan.resume_from):
        given.append(("resume_from", plan.resume_from))
    for key, url in given if cloud.name != "local" else ():
        host, suffix = urlsplit(url).netloc, f".blob.{cloud.storage_suffix}"
        if not host.endswith((suffix, _ZONED if cloud.storage_suffix == _PUBLIC else suffix)):
            raise ManifestError(
                f"{key}: '{host}' is no host of this cloud's storage", hint=f"its hosts end in {suffix}"
            )


_PUBLIC, _ZONED = "core.windows.net", ".blob.storage.azure.net"


class RunData:
    """Call the methods in this order: `read`, `stage`, `hand_in`, `offer` (in each place that is tried), then `poll`
    until the run has ended."""

    def __init__(self, compiled: Compiled, given: Given, active: ActiveRun) -> None:
        self._compiled = compiled
        self._given = given
        self._active = active
        self._trees: dict[str, LocalTree] = {}
        self._staged: Future[DataSources] | None = None
        self._delivery: Delivery | None = None
        self.key = new_run_key() if needs_key(active.plan) else None

    def read(self, progress: Progress) -> None:
        """Hashes what is local. Raises ManifestError for what cannot be read, or not be mounted, or is elsewhere than
        in the cloud of this run."""
        refuse_elsewhere(self._active.plan, self._active.ports.cloud)
        self._trees = {
            name: read_tree(path, cache_folder() / "inputs.sqlite3", progress)
            for name, path in self._given.paths.items()
        }
        refuse_unmountable(self._compiled, self._trees)

    def stage(self, store: ObjectStore, keep: dict[str, Any], prerequisites: Prerequisites) -> None:
        """Begins to bring it to where the nodes find it; `store` is the run's, `keep` the keep stack's outputs."""
        plan = self._active.plan
        if plan.inputs or plan.resume_from:
            self._staged = spawn(lambda: self._stage(store, keep, prerequisites), "inputs")

    def _stage(self, store: ObjectStore, keep: dict[str, Any], prerequisites: Prerequisites) -> DataSources:
        session, run = self._active.session, self._active.run
        url = names.inputs_url(keep, prerequisites, run)
        own = url == names.store_url(keep, prerequisites, run)
        there = store if own else self._active.ports.open_store(url)
        where = Stage(there, url, names.identity_client_id(keep, prerequisites), session.check)
        return stage(self._active.plan, self._trees, where, session.progress("inputs"))

    def hand_in(self, store: ObjectStore) -> None:
        """Tells the nodes where their data is, once it is there."""
        if self._staged is None:
            return
        session = self._active.session
        with session.phase("inputs", "the inputs"):
            sources = session.wait(self._staged)
            if self.key is not None:
                sources = replace(sources, mark=mark(self.key, *sources.words()))
            told = json.dumps(to_json(sources)).encode()
            session.wait(spawn(lambda: store.put(keys.DATA, told), "data"))
        for name, sha256, files, size in told_hashes(self._trees):
            session.audit.append("input", name=name, sha256=sha256, files=files, bytes=size)

    def offer(self, store: ObjectStore) -> None:
        """The run's key and secrets may be handed over from now on, to the machines of the record's compute group."""
        active, ports = self._active, self._active.ports
        group = active.record().compute_group
        if self.key is None:
            return
        self._delivery = Delivery(
            Sealed(self._given.secrets, self.key),
            store,
            lambda: ports.arm.machine_ids(group),
            self._attest,
            timeout=ports.cloud.timeouts.register,
            clock=ports.clock,
            told=self._delivered,
        )

    def _attest(self, node: NodeRegistration) -> None:
        """Raises NotAttested; nothing where the user said that ARM's list has to do (TFINFRA_ATTESTATION)."""
        from tfinfra.azure.identity.attested import check

        cloud = self._active.ports.cloud
        if cloud.attestation is not None:
            check(
                node.attested or "",
                key=node.public_key or "",
                vm_id=node.node_id,
                subscription=cloud.subscription_id,
                trust=cloud.attestation,
                now=datetime.now(timezone.utc),
            )

    def _delivered(self, nodes: int) -> None:
        session, secrets = self._active.session, self._given.secrets
        what = count(len(secrets), "secret") if secrets else "the run's key"
        text = f"{what} handed to {count(nodes, 'node')}"
        session.audit.append("secrets", names=sorted(secrets), text=text)
        session.observer.progress("compute", text)

    def poll(self) -> None:
        """Goes on with handing over. Raises ProvisioningError."""
        if self._delivery is not None:
            self._delivery.poll()

    def await_delivery(self, store: ObjectStore) -> None:
        """A run that goes on alone needs its client until the nodes have its key and secrets: nobody else has them.
        Raises ProvisioningError where no node comes for them."""
        session, ports = self._active.session, self._active.ports
        if self._delivery is None or self._delivery.done:
            return
        session.observer.progress("compute", "waiting until the nodes have their key and secrets")
        give_up = ports.clock() + 2 * ports.cloud.timeouts.register
        while not holds(store, keys.SECRETS) and readable(store, keys.OUTCOME, Outcome) is None:
            session.check()
            if ports.clock() > give_up:
                raise ProvisioningError("the nodes did not register, so that nobody could take the key and secrets")
            self._delivery.poll()
            time.sleep(PAUSE)


def needs_key(plan: Plan) -> bool:
    """Whether the client has something to seal: secrets, or the key that marks what one node asks of another, and where
    the nodes find their data, where other runs may write into the store as well."""
    access = plan.infrastructure.access
    shared = access.identity_id is not None or access.store is not None
    commands = backend(plan.backend).launcher is not None and plan.node_count > 1
    return bool(plan.secrets) or (shared and (commands or bool(plan.inputs) or plan.resume_from is not None))
