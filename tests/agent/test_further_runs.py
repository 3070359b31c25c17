"""Runs of real agents that follow one another on the same nodes, asked for as their client asks."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.agent.nodes import Cluster, cluster
from tests.agent.test_own_faults import assignment_in, context_of
from tests.backends.specs import plan_of, spec
from tests.clocks import FakeClock
from tfinfra.agent.further_runs import FurtherRuns
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import read
from tfinfra.lifecycle.run.request_channel import new_request, signed
from tfinfra.model import Inventory, NodeEvidence, Outcome, Plan, to_json
from tfinfra.model.next_run import NextRun
from tfinfra.model.requests import Answer, ExecBody
from tfinfra.signing import SigningKey
from tfinfra.store import MemoryStore, ObjectStore, clear, encode, keys, log_chunk, open_store, readable
from tfinfra.system.clock import iso_time, right_now
from tfinfra.system.file_digest import sha256_of

WORKERS = plan_of(spec("multi_worker", node_count=2), base_port=23222)
NEXT = "digits-next12"
BROKEN = "import os, pathlib\npathlib.Path('outputs/first').touch()\nraise SystemExit(3)\n"
SHOWS = """
import json, os, pathlib
task = json.loads(os.environ["TF_CONFIG"])["task"]
before = sorted(path.name for path in pathlib.Path("outputs").iterdir() if path.name.startswith("first"))
print(os.environ["TFINFRA_RUN_ID"], before, os.environ["COLOUR"])
pathlib.Path(f"outputs/second-{task['index']}").write_text("2")
"""


@dataclass
class Held:
    """Nodes whose own run has ended, and the key of its client."""

    run: Cluster
    key: SigningKey

    def store(self, run: str = NEXT) -> ObjectStore:
        return open_store((self.run.folder / "store" / keys.further_run(run)).as_uri())

    def ask(
        self,
        plan: Plan,
        script: str,
        run: str = NEXT,
        digest: str | None = None,
        *,
        execs: bool = True,
        setup: str = "",
    ) -> None:
        """Asks for a further run, with a bundle of another `digest` where that is given, and a script `setup`."""
        bundle = self.run.folder / f"bundle-{run}"
        (bundle / "source").mkdir(parents=True)
        (bundle / "source/train.py").write_text(script)
        if setup:
            plan = replace(plan, setup_script="setup.sh")
            (bundle / "source/setup.sh").write_text(setup)
        (bundle / "plan.json").write_text(json.dumps(to_json(plan)))
        (bundle / "environment.json").write_text(json.dumps({"lock": {}, "prebuilt": self.run.environment}))
        archive = self.run.folder / f"{run}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            for path in sorted(bundle.iterdir()):
                tar.add(path, path.name)
        packed = digest or sha256_of(archive)
        self.store(run).put_file(keys.bundle_key(packed), archive)
        body = NextRun(run, packed, iso_time(right_now() + 3600), "max_run_duration", 3600, execs=execs)
        self.request("try", body, tuple(range(plan.node_count)))

    def request(self, kind: str, body: object, nodes: tuple[int, ...]) -> str:
        request = new_request("digits-abc123", kind, body, nodes, right_now())
        container = open_store((self.run.folder / "requests").as_uri())
        container.put(keys.request_key(request.number), encode(signed(self.key, request)))
        return request.number

    def executed(self) -> Answer:
        """How a command on node 0 ends."""
        number = self.request("exec", ExecBody(("true",)), (0,))

        def ended() -> Answer | None:
            said = read(self.run.store, keys.answer_key(number, 0), Answer)
            return said if said is not None and said.state != "started" else None

        return self.run.wait_for(ended)

    def outcome(self, run: str = NEXT) -> Outcome:
        store = self.store(run)
        self.run.wait_for(lambda: store.get(keys.COLLECTED))
        found = read(store, keys.OUTCOME, Outcome)
        assert found is not None
        return found

    def log(self, task: str, run: str = NEXT) -> str:
        store = self.store(run)
        return b"".join(log_chunk(store, key) or b"" for key in store.list(keys.log_folder(task))).decode()


@contextmanager
def held(folder: Path, plan: Plan, script: str) -> Iterator[Held]:
    key = SigningKey.new()
    (folder / "requests").mkdir()
    asked = {"requests": (folder / "requests").as_uri(), "requests_key": key.public}
    with cluster(folder, plan, script, asked=asked) as run:
        run.start(*range(plan.node_count))
        run.outcome()
        yield Held(run, key)


def test_a_further_run_has_a_life_of_its_own_on_the_same_nodes(tmp_path: Path) -> None:
    plan = plan_of(spec("multi_worker", node_count=2, environment_variables={"COLOUR": "blue"}), base_port=23222)
    with held(tmp_path, WORKERS, BROKEN) as nodes:
        nodes.ask(plan, SHOWS)
        assert nodes.outcome().result == "succeeded", nodes.run.words()
        assert [nodes.log(f"worker-{index}") for index in (0, 1)] == [f"{NEXT} [] blue\n"] * 2
        store = nodes.store()
        assert store.list("outputs") == [f"outputs/outputs/second-{index}" for index in (0, 1)]
        first, second = (read(each, keys.INVENTORY, Inventory) for each in (nodes.run.store, store))
        assert first is not None and second is not None
        assert [node.node_id for node in first.nodes] == [node.node_id for node in second.nodes]
        evidence = read(store, keys.evidence_key("vm-1"), NodeEvidence)
        assert evidence is not None
        assert (evidence.run, evidence.tasks[0].exit_status) == (NEXT, 0)
        assert nodes.run.store.get("outputs/outputs/first") is not None
        assert "the run ended" in nodes.log("agent-0")


def test_one_further_run_follows_the_other_also_after_one_whose_bundle_is_another(tmp_path: Path) -> None:
    single = plan_of(spec("single"), base_port=23322)
    with held(tmp_path, single, BROKEN) as nodes:
        nodes.ask(single, "print('never')", "digits-bad123", digest="0" * 64)
        outcome = nodes.outcome("digits-bad123")
        assert outcome.result == "failed"
        assert "the bundle's SHA-256 is" in outcome.message
        nodes.ask(single, "print('third')", "digits-third1")
        assert nodes.outcome("digits-third1").result == "succeeded"
        assert nodes.log("main-0", "digits-third1") == "third\n"


def test_a_further_run_ends_alone_and_no_command_runs_beside_one_that_takes_none(tmp_path: Path) -> None:
    single = plan_of(spec("single"), base_port=23422)
    with held(tmp_path, single, BROKEN) as nodes:
        nodes.ask(single, "import time\nprint('up')\ntime.sleep(600)", execs=False)
        nodes.run.wait_for(lambda: "up" in nodes.log("main-0"))
        assert f"{NEXT} trains on it" in nodes.executed().message
        nodes.store().put(keys.STOP, json.dumps({"reason": "cancelled", "message": "down"}).encode())
        assert (nodes.outcome().result, nodes.outcome().message[:4]) == ("cancelled", "down")
        assert nodes.run.agents[0].poll() is None
        assert nodes.executed().exit_status == 0


def test_a_run_that_is_given_up_during_its_setup_never_trains_and_the_next_one_is_taken(tmp_path: Path) -> None:
    single = plan_of(spec("single"), base_port=23522)
    with held(tmp_path, single, BROKEN) as nodes:
        nodes.ask(single, "print('ghost')", setup="sleep 60\n")
        store = nodes.store()
        nodes.run.wait_for(lambda: "running setup.sh" in nodes.run.log("agent-0"))
        assert (store.list(keys.NODES), len(store.list(keys.HEARTBEATS))) == ([], 1)
        clear(store)
        nodes.ask(single, "print('third')", "digits-third1")
        assert nodes.outcome("digits-third1").result == "succeeded"
        assert (store.list(keys.TASKS), nodes.log("main-0")) == ([], "")


def test_a_setup_script_is_ended_with_its_run_and_all_is_said_to_be_collected(tmp_path: Path) -> None:
    single = plan_of(spec("single"), base_port=23622)
    with held(tmp_path, single, BROKEN) as nodes:
        nodes.ask(single, "print('never')", setup="sleep 60\n")
        nodes.run.wait_for(lambda: "running setup.sh" in nodes.run.log("agent-0"))
        nodes.store().put(keys.STOP, json.dumps({"reason": "cancelled", "message": "down"}).encode())
        assert (nodes.outcome().result, nodes.outcome().message) == ("cancelled", "down")


def test_a_store_that_is_away_ends_no_agent_of_a_held_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(verb: str, key: str) -> None:
        raise OSError("the store is away")

    own = MemoryStore()
    context = replace(context_of(tmp_path, own), clock=FakeClock())
    monkeypatch.setattr(AgentContext, "open_store", lambda *_args, **_options: MemoryStore(away))
    further = FurtherRuns(context)
    further.begin(assignment_in(tmp_path))
    body = NextRun(NEXT, "0" * 64, iso_time(right_now() + 3600), "max_run_duration", 3600)
    request = new_request("digits-abc123", "try", body, (0,), right_now())
    further.ask(request)
    assert further.pause(1.0) is None
    assert readable(own, keys.answer_key(request.number, 0), Answer) == Answer("started")
