"""A further run on its way to the nodes that are there: what they need is left in their store, and then they are asked
for their part."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tfinfra.agent.boot.setup_script import LONGEST
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.data.secret_delivery import Delivery
from tfinfra.lifecycle.data.staging import CHECKPOINTS, Stage, stage
from tfinfra.lifecycle.data.transfer import RunData
from tfinfra.lifecycle.end.ending import POLL
from tfinfra.lifecycle.evidence.origin import note_origin, origin_of
from tfinfra.lifecycle.record.in_store import published
from tfinfra.lifecycle.record.names import further_store
from tfinfra.lifecycle.record.run_record import RunPhase
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.lifecycle.run.request_channel import Channel
from tfinfra.lifecycle.up.on_held.first_run import FirstRun
from tfinfra.lifecycle.watch.observer import UnderWay
from tfinfra.model import Outcome
from tfinfra.model.next_run import NextRun
from tfinfra.model.requests import Answer
from tfinfra.money.budget import Deadline
from tfinfra.sealing import digest_of, mark
from tfinfra.store import ObjectStore, encode, keys, readable
from tfinfra.system.clock import iso_time
from tfinfra.system.threads import spawn
from tfinfra.travel.git_state import git_state

if TYPE_CHECKING:
    from tfinfra.bundle import Bundle
    from tfinfra.system.local_tree import LocalTree

ANSWER = 60.0
"""Seconds that held nodes have to take a further run: to register for it, they have its setup script's time as well."""


class HandingOver:
    """One run, handed over to the nodes of `first` through `channel`; `data` is what it is given."""

    def __init__(
        self, compiled: Compiled, context: RunContext, data: RunData, first: FirstRun, channel: Channel
    ) -> None:
        self._compiled = compiled
        self._context = context
        self._data = data
        self._first = first
        self._channel = channel
        self._ports = context.ports
        self._session = context.session
        self._delivery: Delivery | None = None

    def over(self, bundle: Bundle, trees: Mapping[str, LocalTree], end: Deadline) -> Nodes:
        """The nodes, once all have taken the run. Raises ProvisioningError where they do not."""
        nodes = self._leave(bundle, trees)
        self._await_nodes(nodes, self._ask(bundle, end))
        return nodes

    def await_secrets(self) -> None:
        """Until the nodes have what only they may have: whoever leaves them has to stay for that."""
        nodes = self._context.undo.nodes
        if self._delivery is not None and nodes is not None:
            self._data.await_delivery(self._delivery, nodes.store)

    def _leave(self, bundle: Bundle, trees: Mapping[str, LocalTree]) -> Nodes:
        """Leaves in the store what the nodes need, with this client watching."""
        session, context, compiled = self._session, self._context, self._compiled
        url = further_store(self._first.record, context.run)
        record = context.folder.update(phase=RunPhase.PROVISIONING, store=url)
        store = self._ports.open_store(url)
        context.undo.nodes = Nodes(store)
        git, held = git_state(compiled.source_root, compiled.travels), context.options.held
        origin = origin_of(bundle, self._first.lock, compiled.tree, trees, held=held, git=git)

        def upload() -> None:
            store.put_file(bundle.key, bundle.path)
            note_origin(context.folder, store, origin)
            self._hand_in(trees, store, url)
            published.publish(store, record, context.plan)

        with session.phase("bundle", "upload", sha256=bundle.sha256, agent=bundle.agent):
            session.wait(spawn(upload, "upload"))
        bundle.path.unlink(missing_ok=True)
        delivery = self._delivery = self._data.delivery(store)
        watch = context.watch(store, self._first.record.compute_group, self._ports.cloud.timeouts)
        if watch is not None:
            watch.boot_began()
        nodes = context.undo.nodes = Nodes(store, watch, delivery.poll if delivery else lambda: None)
        return nodes

    def _ask(self, bundle: Bundle, end: Deadline) -> str:
        """Asks the nodes for their part; the number of the request."""
        session, key, held = self._session, self._data.key, self._context.options.held
        now, first = self._ports.clock(), self._first.record.run
        session.deadline = end
        session.observer.under_way(
            UnderWay(self._context.run, self._context.plan.tasks, now, lambda: end.at, lambda: 0.0)
        )
        asked = NextRun(
            run=self._context.run,
            bundle_sha256=bundle.sha256,
            deadline=iso_time(end.at),
            limit=end.limit,
            run_seconds=end.seconds,
            key_digest=digest_of(key) if key else None,
            locked=held.nodes if held else None,
            execs=self._compiled.facts.project.guardrails.execs(locked=held is not None),
        )
        everyone = tuple(range(self._context.plan.node_count))
        request = self._channel.request("try", asked, everyone)
        session.audit.append("asked", on=first, number=request.number)  # before it can run anywhere
        session.wait(spawn(lambda: self._channel.put(request), "request"))
        return request.number

    def _hand_in(self, trees: Mapping[str, LocalTree], store: ObjectStore, url: str) -> None:
        """Tells the nodes where the checkpoints are; the inputs they have."""
        plan = replace(self._context.plan, inputs=())
        if plan.resume_from is None:
            return
        own = {name: tree for name, tree in trees.items() if name == CHECKPOINTS}
        where = Stage(store, url, "", self._session.check)
        sources = stage(plan, own, where, self._session.progress("bundle"))
        if self._data.key is not None:
            sources = replace(sources, mark=mark(self._data.key, *sources.words()))
        store.put(keys.DATA, encode(sources))

    def _await_nodes(self, nodes: Nodes, number: str) -> None:
        """Until all have registered. Raises ProvisioningError where they do not, or one of them refuses."""
        clock, count = self._ports.clock, self._context.plan.node_count
        began, patience = clock(), ANSWER
        try:
            while not _has_ended(nodes) and (came := len(nodes.store.list(keys.NODES))) < count:
                self._session.check()
                answers = [self._channel.answer(number, node) for node in range(count)]
                taken = sum(answer is not None and answer.state == "started" for answer in answers)
                if taken == count:
                    patience = ANSWER + self._longest()
                refused = _refusal(answers)
                if refused or clock() > began + patience:
                    raise self._not_taken(max(came, taken), came, refused or f"not all within {patience:.0f} s")
                time.sleep(POLL)
        finally:
            self._channel.withdraw(number)

    def _longest(self) -> float:
        """Seconds that nodes which have taken the run need at most until all have registered."""
        setup = LONGEST if self._context.plan.setup_script else 0.0
        return setup + self._ports.cloud.timeouts.register

    def _not_taken(self, taken: int, came: int, why: str) -> ProvisioningError:
        first, count = self._first.record.run, self._context.plan.node_count
        message = f"{taken} of the {count} nodes of {first} have taken the run, {came} have registered: {why}"
        hint = f"`tfinfra logs {first} --task agent-0` has what they say; `tfinfra down {first}` ends them"
        return ProvisioningError(message, hint=hint)


def _has_ended(nodes: Nodes) -> bool:
    """Also where nobody watches: a node whose setup fails ends the run before all have registered."""
    return nodes.look() is not None or (
        nodes.watch is None and readable(nodes.store, keys.OUTCOME, Outcome) is not None
    )


def _refusal(answers: Sequence[Answer | None]) -> str:
    """What a node says that does not take the run, "" where none does."""
    for node, answer in enumerate(answers):
        if answer is not None and answer.state == "refused":
            return f"node {node} refuses it: {answer.message}"
    return ""
