"""A run's inputs, checkpoints and secrets on their way from this machine to its nodes, phase by phase."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.backends.registry import backend
from tfinfra.cloud import Cloud
from tfinfra.compiler.pipeline import Compiled
from tfinfra.compiler.rules.data import is_url, left_out_text
from tfinfra.errors import ManifestError, ProvisioningError
from tfinfra.lifecycle.data.secret_delivery import Delivery
from tfinfra.lifecycle.data.staging import Given, Stage, refuse_unmountable, stage, told_hashes
from tfinfra.lifecycle.record import names
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.still_locked import refuse_other_inputs
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
    """What is given to one run, on its way. `key` is the run's own, None where its nodes need none."""

    def __init__(self, compiled: Compiled, given: Given, context: RunContext) -> None:
        self.key = new_run_key() if needs_key(context.plan) else None
        self._compiled = compiled
        self._given = given
        self._context = context

    def read(self, progress: Progress) -> Mapping[str, LocalTree]:
        """What is local, by name, hashed. Raises ManifestError for what cannot be read, or not be mounted, or is
        elsewhere than in the cloud of this run; DifferenceFound for what is not as the run's lock has it."""
        refuse_elsewhere(self._context.plan, self._context.ports.cloud)
        trees = {
            name: read_tree(path, cache_folder() / "inputs.sqlite3", progress)
            for name, path in self._given.paths.items()
        }
        refuse_unmountable(self._compiled, trees)
        if (held := self._context.options.held) is not None:
            refuse_other_inputs(held, trees)
        for name, tree in trees.items():
            known = self._compiled.facts.project.data.get(name)
            if tree.left and (known is None or tree.left != known.left):  # else the compiler has told it
                self._context.session.observer.say(f"warning: {left_out_text(name or 'checkpoints', tree.left)}")
        return trees

    def stage(
        self, trees: Mapping[str, LocalTree], store: ObjectStore, keep: Mapping[str, Any], prerequisites: Prerequisites
    ) -> Future[DataSources] | None:
        """Begins to bring the trees to where the nodes find them; `store` is the run's, `keep` the keep stack's
        outputs. None where the run has no data."""
        context, plan = self._context, self._context.plan
        if not plan.inputs and not plan.resume_from:
            return None

        def bring() -> DataSources:
            url = names.inputs_url(keep, prerequisites, context.run)
            own = url == names.store_url(keep, prerequisites, context.run)
            target = store if own else context.ports.open_store(url)
            where = Stage(target, url, names.identity_client_id(keep, prerequisites), context.session.check)
            return stage(plan, trees, where, context.session.progress("inputs"))

        return spawn(bring, "inputs")

    def hand_in(self, trees: Mapping[str, LocalTree], staged: Future[DataSources], store: ObjectStore) -> None:
        """Tells the nodes where their data is, once it is there."""
        session = self._context.session
        with session.phase("inputs", "the inputs"):
            sources = session.wait(staged)
            if self.key is not None:
                sources = replace(sources, mark=mark(self.key, *sources.words()))
            document = json.dumps(to_json(sources)).encode()
            session.wait(spawn(lambda: store.put(keys.DATA, document), "data"))
        for name, sha256, files, size in told_hashes(trees):
            session.audit.append("input", name=name, sha256=sha256, files=files, bytes=size)

    def delivery(self, store: ObjectStore) -> Delivery | None:
        """Hands the run's key and secrets over to the machines of the record's compute group, which meet this client in
        `store`; None where they need nothing."""
        ports, group = self._context.ports, self._context.record().compute_group
        if self.key is None:
            return None
        return Delivery(
            Sealed(self._given.secrets, self.key),
            store,
            lambda: ports.arm.machine_ids(group),
            self._attest,
            timeout=ports.cloud.timeouts.register,
            clock=ports.clock,
            delivered=self._delivered,
        )

    def _attest(self, node: NodeRegistration) -> None:
        """Raises NotAttested; nothing where the user said that ARM's list has to do (TFINFRA_ATTESTATION)."""
        from tfinfra.azure.identity.attested import check

        cloud = self._context.ports.cloud
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
        session, secrets = self._context.session, self._given.secrets
        what = count(len(secrets), "secret") if secrets else "the run's key"
        text = f"{what} handed to {count(nodes, 'node')}"
        session.audit.append("secrets", names=sorted(secrets), text=text)
        session.observer.progress("compute", text)

    def await_delivery(self, delivery: Delivery, store: ObjectStore) -> None:
        """A detached run needs its client until the nodes have its key and secrets: only the client has them.
        Raises ProvisioningError where no node comes for them."""
        session, ports = self._context.session, self._context.ports
        if delivery.done:
            return
        session.observer.progress("compute", "waiting until the nodes have their key and secrets")
        give_up = ports.clock() + 2 * ports.cloud.timeouts.register
        while not holds(store, keys.SECRETS) and readable(store, keys.OUTCOME, Outcome) is None:
            session.check()
            if ports.clock() > give_up:
                raise ProvisioningError("the nodes did not register, so that nobody could take the key and secrets")
            delivery.poll()
            time.sleep(PAUSE)


def needs_key(plan: Plan) -> bool:
    """Whether the client has something to seal: secrets, or the key that marks what one node asks of another, and where
    the nodes find their data, where other runs may write into the store as well."""
    access = plan.infrastructure.access
    shared = access.identity_id is not None or access.store is not None
    commands = backend(plan.backend).launcher is not None and plan.node_count > 1
    return bool(plan.secrets) or (shared and (commands or bool(plan.inputs) or plan.resume_from is not None))
