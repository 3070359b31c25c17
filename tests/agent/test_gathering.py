"""What a node has before its tasks start, with real agents on a file store; the test is the client."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.agent.nodes import Cluster, cluster
from tests.agent.test_own_faults import context_of
from tests.backends.specs import inventory, plan_of, spec
from tests.clocks import FakeClock
from tfinfra.agent import gather
from tfinfra.agent.assignment import Gathered
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node_errors import NodeFault, RunEnded, RunStopped
from tfinfra.errors import Result
from tfinfra.model import DataSource, DataSources, Heartbeat, Input, Inventory, Outcome, Plan, Timeouts, to_json
from tfinfra.sealing import NodeKey, Sealed, digest_of, mark, new_run_key, seal
from tfinfra.store import MemoryStore, keys

PS = plan_of(spec("ps", node_count=2, worker_count=2), base_port=21422)
SECRET = "s3cr3t-value"
KEY = new_run_key()
SEALED = Sealed({"TOKEN": SECRET}, KEY)
SCRIPT = """
import json, os, time
role = json.loads(os.environ["TF_CONFIG"])["task"]["type"]
folder = os.environ["TFINFRA_INPUT_DIGITS"]
print("input", sorted(os.listdir(folder)), "checkpoints", sorted(os.listdir(os.environ["TFINFRA_CHECKPOINTS"])))
print("secret", os.environ["TOKEN"], len(os.environ["TOKEN"]), flush=True)
if role == "ps":
    time.sleep(600)
"""


def given(plan: Plan) -> Plan:
    inputs = (Input("digits", "download", path="digits"),)
    return replace(plan, secrets=("TOKEN",), inputs=inputs, resume_from="digits-000000")


def hand_in(run: Cluster) -> None:
    """What the client does before the nodes boot."""
    for name in ("digits/one.csv", "digits/b/two.csv", "old/step-7"):
        run.store.put(f"inputs/{name}", b"1")
    url = (run.folder / "store").as_uri()
    digits, old = (DataSource("download", store=url, prefix=f"inputs/{name}") for name in ("digits", "old"))
    run.store.put(keys.DATA, json.dumps(to_json(by(KEY, DataSources({"digits": digits}, old)))).encode())


def hand_over(run: Cluster) -> Inventory:
    """What the client does once the nodes have met."""
    found = run.wait_for(lambda: read(run.store, keys.INVENTORY, Inventory))
    run.store.put(keys.SECRETS, seal(SEALED, [node.public_key or "" for node in found.nodes]))
    return found


def test_every_task_has_inputs_checkpoints_and_secrets(tmp_path: Path) -> None:
    with cluster(tmp_path, given(PS), SCRIPT, key=KEY) as run:
        hand_in(run)
        run.start(0, 1)
        assert len({node.public_key for node in hand_over(run).nodes}) == 2
        assert run.outcome().result == "succeeded"
        for task in ("worker-0", "worker-1", "ps-0"):
            assert "input ['b', 'one.csv'] checkpoints ['step-7']" in run.log(task)
            assert f"secret *** {len(SECRET)}" in run.log(task), "the agents mask what a script prints"
        assert not any(SECRET.encode() in (run.store.get(key) or b"") for key in run.store.list("logs"))
        own = [path.read_text() for path in run.folder.glob("node-*/var/lib/tfinfra/logs/agent.log")]
        assert len(own) == 2 and not any(SECRET in text for text in own)


def test_no_task_starts_without_its_secrets(tmp_path: Path) -> None:
    fast = Timeouts(register=1.5, start=5, heartbeat=3, collect=5)
    with cluster(tmp_path, replace(plan_of(spec("single")), secrets=("TOKEN",)), SCRIPT, timeouts=fast, key=KEY) as run:
        run.start(0)
        outcome = run.outcome()
        assert outcome.result == "failed" and "did not hand over its key and the secrets in time" in outcome.message
        assert run.task("main-0") is None


def _context(tmp_path: Path, store: MemoryStore, **changes: Any) -> AgentContext:
    context = context_of(tmp_path, store)
    settings = replace(context.settings, key_digest=digest_of(KEY))
    return replace(context, settings=settings, plan=replace(context.plan, **changes), clock=FakeClock())


def met(key: NodeKey) -> Inventory:
    """One node, with this key."""
    (node,) = inventory(1).nodes
    return Inventory((replace(node, public_key=key.public),))


def test_a_key_that_somebody_registered_in_this_nodes_name_ends_the_run(tmp_path: Path) -> None:
    store, key = MemoryStore(), NodeKey()
    store.put(keys.SECRETS, seal(SEALED, [key.public]))
    with pytest.raises(NodeFault, match="not this node's"):
        gather.gather(_context(tmp_path, store, secrets=("TOKEN",)), met(NodeKey()), 0, tmp_path, key)


def test_secrets_that_were_sealed_for_others_end_the_run(tmp_path: Path) -> None:
    store, key = MemoryStore(), NodeKey()
    store.put(keys.SECRETS, seal(SEALED, [NodeKey().public]))
    context = _context(tmp_path, store, secrets=("TOKEN",))
    with pytest.raises(NodeFault, match="not sealed for this node"):
        gather.gather(context, met(key), 0, tmp_path, key)


def test_what_somebody_else_sealed_for_this_node_ends_the_run(tmp_path: Path) -> None:
    store, key = MemoryStore(), NodeKey()
    store.put(keys.SECRETS, seal(Sealed({"TOKEN": "a lure"}, new_run_key()), [key.public]))
    with pytest.raises(NodeFault, match="does not come from the run's client"):
        gather.gather(_context(tmp_path, store, secrets=("TOKEN",)), met(key), 0, tmp_path, key)


def test_a_secret_that_is_missing_among_them_is_named(tmp_path: Path) -> None:
    store, key = MemoryStore(), NodeKey()
    store.put(keys.SECRETS, seal(SEALED, [key.public]))
    context = _context(tmp_path, store, secrets=("TOKEN", "OTHER"))
    with pytest.raises(NodeFault, match="no value of OTHER"):
        gather.gather(context, met(key), 0, tmp_path, key)


LURE = DataSources({"digits": DataSource("mount", blobfuse="logging: {file-path: /etc/cron.d/x}")})
OUT = DataSources({"../../etc/cron.d": DataSource("download", store="https://evil.example/c")})


def by(key: str, said: DataSources, really: DataSources | None = None) -> DataSources:
    """`really`, marked as if it said what `said` does."""
    return replace(really or said, mark=mark(key, *said.words()))


FOREIGN_DATA = {
    "without a mark": (LURE, "does not come from the run's client"),
    "marked with another key": (by(new_run_key(), LURE), "does not come from the run's client"),
    "changed after it was marked": (by(KEY, DataSources({}), LURE), "does not come from the run's client"),
    "of an input that nobody named": (by(KEY, OUT), "an input that the plan does not name: '../../etc/cron.d'"),
}


@pytest.mark.parametrize("case", FOREIGN_DATA)
def test_where_the_data_is_comes_from_the_runs_client_alone(case: str, tmp_path: Path) -> None:
    said, why = FOREIGN_DATA[case]
    store, key = MemoryStore(), NodeKey()
    store.put(keys.SECRETS, seal(Sealed({}, KEY), [key.public]))
    write(store, keys.DATA, said)
    context = _context(tmp_path, store, inputs=(Input("digits", "download", path="digits"),))
    with pytest.raises(NodeFault, match=why):
        gather.gather(context, met(key), 0, tmp_path, key)
    write(store, keys.DATA, by(KEY, DataSources({})))
    assert gather.gather(context, met(key), 0, tmp_path, key).key == KEY


ENDS: dict[str, tuple[str, object, type[Exception]]] = {
    "the run has an outcome": (keys.OUTCOME, Outcome(Result.FAILED, "node 1 failed"), RunEnded),
    "the client wants it to end": (keys.STOP, {"reason": "cancelled"}, RunStopped),
}


@pytest.mark.parametrize("sentence", ENDS)
def test_whoever_waits_hears_that_the_run_ends(sentence: str, tmp_path: Path) -> None:
    key, record, expected = ENDS[sentence]
    store, own = MemoryStore(), NodeKey()
    write(store, key, record)
    with pytest.raises(expected):
        gather.gather(_context(tmp_path, store, secrets=("TOKEN",)), met(own), 0, tmp_path, own)


def test_what_is_gathered_never_shows_a_secret() -> None:
    assert SECRET not in repr(Gathered({}, {"TOKEN": SECRET}))


class _Busy(FakeClock):
    """A peer that gathers for 30 seconds, beating each second."""

    def __init__(self, store: MemoryStore, node_id: str) -> None:
        super().__init__()
        self._store, self._node_id, self.began = store, node_id, self.now

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        phase = "gathered" if self.now > self.began + 30 else "gathering"
        beat = Heartbeat(self._node_id, int(self.now), self.now, phase)
        write(self._store, keys.heartbeat_key(self._node_id), beat)


def test_node_0_waits_for_a_slow_node_and_not_for_a_lost_one(tmp_path: Path) -> None:
    store, nodes = MemoryStore(), inventory(2)
    store.put(keys.DATA, json.dumps(to_json(DataSources({}))).encode())
    busy = _Busy(store, nodes.nodes[1].node_id)
    context = replace(_context(tmp_path, store, resume_from="https://abc.blob.core.windows.net/c"), clock=busy)
    gather.gather(context, nodes, 0, tmp_path, None)
    assert 30 < busy.now - busy.began < 33
    lost = FakeClock()
    silent = MemoryStore()
    silent.put(keys.DATA, json.dumps(to_json(DataSources({}))).encode())
    gather.gather(replace(context, store=silent, clock=lost), nodes, 0, tmp_path, None)
    heartbeat = context.settings.timeouts.heartbeat
    assert heartbeat < lost.now - 1000 < heartbeat + 3
