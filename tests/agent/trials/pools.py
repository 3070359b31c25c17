"""A pool of real agents, with somebody who asks trials of it as a tune's client does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.agent.nodes import Cluster, cluster
from tests.backends.specs import plan_of, spec
from tfinfra.agent.node.node_records import read
from tfinfra.lifecycle.run.request_channel import new_request, signed
from tfinfra.model import Beat, Inventory, NodeEvidence, Outcome, Plan, Pool, Spec
from tfinfra.model.requests import Answer, ExecBody
from tfinfra.model.trials import TrialAsked, trial_id
from tfinfra.signing import SigningKey
from tfinfra.store import ObjectStore, encode, keys, log_chunk, open_store
from tfinfra.system.clock import iso_time, right_now

TUNE = "digits-abc123"


def pool_plan(of: Spec, slots: int, base_port: int) -> Plan:
    """The plan of a tune whose trials are of this spec: as many at once as there are slots."""
    trial = plan_of(of, base_port=base_port)
    infrastructure = replace(trial.infrastructure, node_count=slots * of.node_count)
    pool = Pool(slots, of.node_count, 3600)
    return replace(trial, node_count=slots * of.node_count, infrastructure=infrastructure, pool=pool)


def singles(slots: int, base_port: int, **changes: Any) -> Plan:
    return pool_plan(spec("single", **changes), slots, base_port)


@dataclass
class PoolOfNodes:
    """The pool's agents, and its client: its key, and how many trials it has asked for."""

    run: Cluster
    key: SigningKey
    asked: int = 0
    answers: dict[int, str] = field(default_factory=dict)
    bodies: dict[int, tuple[TrialAsked, Sequence[int]]] = field(default_factory=dict)

    @property
    def container(self) -> ObjectStore:
        return open_store((self.run.folder / "requests").as_uri())

    def store(self, number: int) -> ObjectStore:
        return open_store((self.run.folder / "store" / keys.further_run(trial_id(TUNE, number))).as_uri())

    def watch(self) -> None:
        self.run.store.put(keys.WATCH, encode(Beat(right_now())))

    def ask(self, *arguments: str, nodes: Sequence[int] = (0,), number: int | None = None, seconds: int = 3600) -> int:
        """Asks these nodes, by their ranks, for the next trial, or for one of another `number`, which it returns."""
        number = self.asked if number is None else number
        self.asked = max(self.asked, number) + 1
        deadline = iso_time(right_now() + seconds)
        body = TrialAsked(trial_id(TUNE, number), arguments, deadline, "max_run_duration", seconds)
        self.answers[number], self.bodies[number] = self.request("trial", body, nodes), (body, nodes)
        return number

    def ask_anew(self, number: int) -> Answer:
        """What the first of its nodes says to the very same trial once more."""
        body, nodes = self.bodies[number]
        return self.answer(self.request("trial", body, nodes), nodes[0])

    def request(self, kind: str, body: object, nodes: Sequence[int]) -> str:
        request = new_request(TUNE, kind, body, tuple(nodes), right_now())
        self.container.put(keys.request_key(request.number), encode(signed(self.key, request)))
        return request.number

    def answer(self, number: str, node: int = 0) -> Answer:
        key = keys.answer_key(number, node)
        return self.run.wait_for(lambda: read(self.run.store, key, Answer))

    def refusal(self, node: int = 0) -> str:
        """What the node says to a command."""
        return self.answer(self.request("exec", ExecBody(("true",)), (node,)), node).message

    def outcome(self, number: int, seconds: float = 20.0) -> Outcome:
        """A trial's, once its outputs are collected."""
        store = self.store(number)
        self.run.wait_for(lambda: store.get(keys.COLLECTED), seconds)
        found = read(store, keys.OUTCOME, Outcome)
        assert found is not None
        return found

    def log(self, number: int, task: str = "main-0") -> str:
        store = self.store(number)
        return b"".join(log_chunk(store, key) or b"" for key in store.list(keys.log_folder(task))).decode()

    def evidence(self, number: int, node_id: str) -> NodeEvidence:
        found = read(self.store(number), keys.evidence_key(node_id), NodeEvidence)
        assert found is not None
        return found

    def ids(self) -> list[str]:
        """The ids of the pool's nodes, by rank."""
        inventory = self.run.wait_for(lambda: read(self.run.store, keys.INVENTORY, Inventory))
        return [node.node_id for node in inventory.nodes]

    def left_on_nodes(self) -> list[str]:
        """What the nodes still have of trials, once they have had time to clear it."""
        give_up = time.monotonic() + 10.0
        while (found := self._on_nodes()) and time.monotonic() < give_up:
            time.sleep(0.05)
        return found

    def _on_nodes(self) -> list[str]:
        found = [*self.run.folder.glob("node-*/var/lib/tfinfra/on/*"), *self.run.folder.glob("shared/on/*")]
        return sorted(str(path.relative_to(self.run.folder)) for path in found)


@contextmanager
def pool(folder: Path, plan: Plan, script: str, **options: Any) -> Iterator[PoolOfNodes]:
    """The pool, all of whose agents are started; they end with the block."""
    key = SigningKey.new()
    (folder / "requests").mkdir()
    asked = {"requests": (folder / "requests").as_uri(), "requests_key": key.public}
    with cluster(folder, plan, script, asked=asked, **options) as run:
        run.start(*range(plan.node_count))
        made = PoolOfNodes(run, key)
        made.watch()
        yield made
