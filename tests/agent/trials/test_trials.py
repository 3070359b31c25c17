"""Trials of real agents: each a life of the script with arguments of its own, one after the other on the same node."""

from __future__ import annotations

from pathlib import Path

from tests.agent.test_gathering import KEY, SECRET, given, hand_in, hand_over
from tests.agent.trials.pools import pool, pool_plan, singles
from tests.backends.specs import spec
from tfinfra.agent.node.node_records import read
from tfinfra.errors import Result
from tfinfra.model import CollectedMark, Outcome, StopRequest
from tfinfra.store import encode, keys

SHOWS = """
import json, os, pathlib, sys
from tfinfra import Run
run = Run.get_context()
run.log("accuracy", float(sys.argv[2]))
print(os.environ["TFINFRA_RUN_ID"], sys.argv[1:], os.listdir("outputs"), os.listdir(os.environ["TMPDIR"]))
pathlib.Path("outputs/model").write_text(sys.argv[2])
pathlib.Path("elsewhere").write_text(sys.argv[2])
pathlib.Path(os.environ["TMPDIR"], "draft").write_text(sys.argv[2])
"""
ROLES = """
import json, os, pathlib, socket, time
config = json.loads(os.environ["TF_CONFIG"])
kind, index = config["task"]["type"], config["task"]["index"]
server = socket.create_server(("", int(config["cluster"][kind][index].rpartition(":")[2])))
print(os.environ["TFINFRA_RUN_ID"], kind, index, flush=True)
pathlib.Path(f"outputs/{kind}-{index}").write_text("x")
if kind == "ps":
    time.sleep(600)
"""
READS = """
import os, pathlib
checkpoints = pathlib.Path(os.environ["TFINFRA_CHECKPOINTS"])
step = checkpoints / "step-7"
inputs = sorted(os.listdir(os.environ["TFINFRA_INPUT_DIGITS"]))
print(inputs, sorted(os.listdir(checkpoints)), step.read_text(), os.environ["TOKEN"])
step.write_text("changed")
"""
LONG = "import time\nprint('on', flush=True)\ntime.sleep(600)\n"
CANCEL = encode(StopRequest(Result.CANCELLED, "the policy ended it"))


def test_trials_follow_one_another_each_with_a_life_of_its_own(tmp_path: Path) -> None:
    with pool(tmp_path, singles(1, 24022), SHOWS) as nodes:
        for value in ("0.5", "0.25"):
            number = nodes.ask("--rate", value)
            assert nodes.outcome(number).result == "succeeded", nodes.run.words()
            store = nodes.store(number)
            assert nodes.log(number) == f"digits-abc123-t0000{number} ['--rate', '{value}'] [] []\n"
            assert (store.get("outputs/outputs/model") or b"").decode() == value
            assert (store.get("outputs/left/main-0/elsewhere") or b"").decode() == value
            assert b'"value":%s,' % value.encode() in (store.get("metrics/main-0/00000000.jsonl") or b"")
            (task,) = nodes.evidence(number, "vm-0").tasks
            assert (task.argv[-2:], task.exit_status) == (("--rate", value), 0)
            assert "main-0 is succeeded" in nodes.log(number, "agent-0")
        assert nodes.left_on_nodes() == []
        assert nodes.run.evidence(0).tasks == ()


def test_a_trial_of_two_nodes_ranks_them_as_they_were_asked(tmp_path: Path) -> None:
    plan = pool_plan(spec("ps", node_count=2, worker_count=2), 2, 24122)
    with pool(tmp_path, plan, ROLES) as nodes:
        first, second = nodes.ask(nodes=(3, 1)), nodes.ask(nodes=(0, 2))
        ids = nodes.ids()
        for number, leader in ((first, ids[3]), (second, ids[0])):
            trial = f"digits-abc123-t0000{number}"
            assert nodes.outcome(number).result == "succeeded", nodes.run.words()
            names = ("ps-0", "worker-0", "worker-1")
            assert all(nodes.log(number, name).split() == [trial, *name.split("-")] for name in names)
            assert nodes.store(number).list("outputs") == [f"outputs/outputs/{name}" for name in names]
            assert nodes.evidence(number, leader).node == 0
        assert nodes.outcome(nodes.ask(nodes=(1, 2))).result == "succeeded"
        assert nodes.left_on_nodes() == []


def test_a_trial_that_is_stopped_or_out_of_time_ends_alone(tmp_path: Path) -> None:
    with pool(tmp_path, singles(2, 24222), LONG) as nodes:
        stopped, goes_on = nodes.ask(nodes=(0,)), nodes.ask(nodes=(1,))
        nodes.run.wait_for(lambda: nodes.log(stopped) and nodes.log(goes_on))
        nodes.store(stopped).put(keys.STOP, CANCEL)
        outcome = nodes.outcome(stopped)
        assert (outcome.result, outcome.message) == ("cancelled", "the policy ended it")
        short = nodes.ask(nodes=(0,), seconds=3)
        assert "limits.max_run_duration (3.0 s) has ended the training" in nodes.outcome(short).message
        assert nodes.store(goes_on).get(keys.OUTCOME) is None


def test_what_is_no_trial_for_a_node_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pool(tmp_path, singles(2, 24322), LONG) as nodes:
        lived = nodes.ask()
        assert nodes.answer(nodes.answers[lived]).state == "started"
        assert nodes.ask_anew(lived).state == "started", "its client has not read the first answer"
        for reason, asked in (
            ("it has been asked for digits-abc123-t00000 before", nodes.ask("--other", number=lived)),
            ("it lives digits-abc123-t00000", nodes.ask()),
            ("2 nodes are asked for a trial that has another number of them", nodes.ask(nodes=(0, 1))),
        ):
            answer = nodes.answer(nodes.answers[asked])
            assert (answer.state, answer.message) == ("refused", reason)
        assert "no command runs beside" in nodes.refusal()
        nodes.store(lived).put(keys.STOP, CANCEL)
        nodes.run.wait_for(lambda: nodes.store(lived).get(keys.OUTCOME))
        following = nodes.ask()
        nodes.run.wait_for(lambda: nodes.log(following))


def test_the_end_of_a_tune_ends_its_trials_and_then_says_that_all_is_there(tmp_path: Path) -> None:
    with pool(tmp_path, singles(2, 24422), LONG) as nodes:
        numbers = [nodes.ask(nodes=(rank,)) for rank in (0, 1)]
        nodes.run.wait_for(lambda: all(map(nodes.log, numbers)))
        nodes.run.store.put(keys.STOP, encode(StopRequest(Result.CANCELLED, "Ctrl-C")))
        assert [nodes.outcome(number).message for number in numbers] == ["Ctrl-C"] * 2
        assert nodes.run.outcome() == Outcome(Result.CANCELLED, "Ctrl-C", ended=nodes.run.outcome().ended)
        assert read(nodes.run.store, keys.COLLECTED, CollectedMark) == CollectedMark(0)
        assert nodes.run.evidence(0).ended is not None
        late = nodes.answer(nodes.answers[nodes.ask()])
        assert (late.state, late.message) == ("refused", "the tune is over: Ctrl-C")


def test_the_client_ends_a_tune_by_its_outcome(tmp_path: Path) -> None:
    with pool(tmp_path, singles(1, 24522), "pass") as nodes:
        assert nodes.outcome(nodes.ask()).result == "succeeded"
        nodes.run.store.put_if_absent(keys.OUTCOME, encode(Outcome(Result.SUCCEEDED, "the best is trial 0")))
        assert nodes.run.outcome().message == "the best is trial 0"


def test_each_trial_has_inputs_checkpoints_and_secrets_and_changes_nobody_elses(tmp_path: Path) -> None:
    with pool(tmp_path, given(singles(2, 24682)), READS, key=KEY) as nodes:
        hand_in(nodes.run)
        hand_over(nodes.run)
        for ranks in ((0,), (1,), (1,)):
            number = nodes.ask(nodes=ranks)
            assert nodes.outcome(number).result == "succeeded", nodes.run.words()
            assert nodes.log(number) == "['b', 'one.csv'] ['step-7'] 1 ***\n"
            assert nodes.store(number).get("outputs/checkpoints/step-7") == b"changed"
        assert not any(SECRET in path.read_text() for path in tmp_path.glob("store/**/*.log"))
