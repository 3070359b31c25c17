"""Whole runs of real agents on a file store, with scripts that need no TensorFlow."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from tests.agent.nodes import NOTHING_ODD, cluster
from tests.backends.specs import plan_of, spec
from tfinfra.agent.node.node_records import read
from tfinfra.agent.node.processes import is_alive
from tfinfra.model import LeftFiles, Timeouts
from tfinfra.store import keys

SINGLE = plan_of(spec("single"))
PS = plan_of(spec("ps", node_count=2, worker_count=2), base_port=21222)
FAST = Timeouts(register=20, start=5, heartbeat=2.0, collect=10)

GREETING = """
import os, pathlib
print("hello from", os.environ["TFINFRA_RUN_ID"])
pathlib.Path("outputs/model.txt").write_text("weights")
pathlib.Path(os.environ["TFINFRA_CHECKPOINTS"], "step-1").write_text("1")
pathlib.Path("logs/events").write_text("e")
"""

ROLES = """
import json, os, socket, sys, time
config = json.loads(os.environ["TF_CONFIG"])
task = config["task"]
print("task", json.dumps(config, sort_keys=True), flush=True)
port = int(config["cluster"][task["type"]][task["index"]].rpartition(":")[2])
server = socket.create_server(("", port))
if task["type"] == "ps":
    time.sleep(600)
"""


def test_a_single_task_that_ends_with_0_succeeds_and_its_outputs_are_collected(tmp_path: Path) -> None:
    with cluster(tmp_path, SINGLE, GREETING) as run:
        run.start(0)
        outcome = run.outcome()
        assert (outcome.result, outcome.task) == ("succeeded", None)
        assert run.log("main-0") == "hello from digits-abc123\n"
        assert run.store.get("outputs/outputs/model.txt") == b"weights"
        assert run.store.get("outputs/checkpoints/step-1") == b"1"
        assert run.store.get("outputs/logs/events") == b"e"
        assert run.collected() == {"files": 3, **NOTHING_ODD}


def test_a_single_task_that_fails_is_named_with_its_exit_status_and_last_lines(tmp_path: Path) -> None:
    with cluster(tmp_path, SINGLE, "print('about to fail')\nraise SystemExit(7)") as run:
        run.start(0)
        outcome = run.outcome()
        assert (outcome.result, outcome.task, outcome.exit_status, outcome.node) == ("failed", "main-0", 7, 0)
        assert outcome.tail == ("about to fail",)
        assert outcome.message == "main-0 on node 0 ended with exit status 7"


def test_the_exception_is_shown_though_pages_stand_below_it(tmp_path: Path) -> None:
    """TensorFlow 1's session errors: the cause first, then the trace of where the node was made."""
    script = "raise RuntimeError('the cause\\n' + '\\n'.join(f'  File line {n}' for n in range(60)))"
    with cluster(tmp_path, SINGLE, script) as run:
        run.start(0)
        tail = run.outcome().tail
        assert (tail[:2], tail[-1], len(tail)) == (("RuntimeError: the cause", "[…]"), "  File line 59", 20)


def test_a_segmentation_fault_says_where_the_script_was(tmp_path: Path) -> None:
    script = "import ctypes\ndef broken():\n    ctypes.string_at(0)\nbroken()\n"
    with cluster(tmp_path, SINGLE, script) as run:
        run.start(0)
        outcome = run.outcome()
        assert outcome.message == "main-0 on node 0 was ended by SIGSEGV (exit status 139)"
        assert "Segmentation fault" in outcome.tail[0]
        assert any("line 3 in broken" in line for line in outcome.tail)


def test_a_task_that_is_killed_by_whom_nobody_knows_says_what_is_likely(tmp_path: Path) -> None:
    with cluster(tmp_path, SINGLE, "import os; os.kill(os.getpid(), 9)") as run:
        run.start(0)
        outcome = run.outcome()
        assert outcome.message == "main-0 on node 0 was ended by SIGKILL (exit status 137)"
        assert outcome.hint is not None and outcome.hint.startswith("tfinfra did not send it. Most often memory had")


def test_ps_ends_once_its_leader_has_ended_with_0(tmp_path: Path) -> None:
    with cluster(tmp_path, PS, ROLES) as run:
        run.start(0, 1)
        assert run.outcome().result == "succeeded"
        states = {name: status.state for name in ("worker-0", "worker-1", "ps-0") if (status := run.task(name))}
        assert states == {"worker-0": "succeeded", "worker-1": "succeeded", "ps-0": "stopped"}
        assert "ps-0 is stopped" in run.log("agent-1")  # the client reads the logs once, when all is collected
        evidence = [run.evidence(node) for node in (0, 1)]
        ends = {task.task: task.exit_status for each in evidence for task in each.tasks}
        assert (ends["worker-0"], ends["worker-1"]) == (0, 0) and ends["ps-0"] not in (None, 0)
        assert [[made.when for made in each.attested if made.sha256] for each in evidence] == [["before", "after"]] * 2
        assert evidence[0].variables == evidence[1].variables
        assert len({each.public_key for each in evidence}) == 2


def test_a_parameter_server_that_dies_ends_the_run(tmp_path: Path) -> None:
    script = ROLES.replace('if task["type"] == "ps":', 'if task["type"] == "worker":') + "sys.exit(3)\n"
    with cluster(tmp_path, PS, script) as run:
        run.start(0, 1)
        outcome = run.outcome()
        assert (outcome.result, outcome.task, outcome.exit_status) == ("failed", "ps-0", 3)


def test_a_node_whose_agent_is_killed_is_lost(tmp_path: Path) -> None:
    with cluster(tmp_path, PS, ROLES.replace('task["type"] == "ps"', "True"), timeouts=FAST) as run:
        run.start(0, 1)
        run.wait_for(lambda: run.task("ps-0"))
        os.kill(run.agents[1].pid, signal.SIGKILL)
        outcome = run.outcome()
        assert (outcome.result, outcome.node) == ("failed", 1)
        assert "node 1" in outcome.message
        assert "was lost: no heartbeat for 2 s" in outcome.message


def test_a_node_that_is_evicted_is_told_as_that(tmp_path: Path) -> None:
    with cluster(tmp_path, PS, ROLES.replace('task["type"] == "ps"', "True"), timeouts=FAST) as run:
        run.start(0, 1)
        run.wait_for(lambda: run.task("ps-0"))
        run.events["1"] = [{"EventType": "Preempt", "Resources": ["vm_1"]}]
        run.wait_for(lambda: b"evicted" in (run.store.get("heartbeats/vm-1.json") or b""))
        os.kill(run.agents[1].pid, signal.SIGKILL)
        outcome = run.outcome()
        assert (outcome.result, outcome.node) == ("failed", 1)
        assert "was evicted (spot): no heartbeat for 2 s" in outcome.message


def test_where_node_0_is_lost_another_node_ends_the_run(tmp_path: Path) -> None:
    with cluster(tmp_path, PS, ROLES.replace('task["type"] == "ps"', "True"), timeouts=FAST) as run:
        run.start(0, 1)
        run.wait_for(lambda: run.task("worker-0"))
        os.kill(run.agents[0].pid, signal.SIGKILL)
        outcome = run.outcome()
        assert (outcome.result, outcome.node) == ("failed", 0)
        assert "node 0" in outcome.message


def test_a_node_that_never_registers_ends_the_run_with_a_count(tmp_path: Path) -> None:
    with cluster(tmp_path, PS, ROLES, timeouts=replace(FAST, register=1)) as run:
        run.start(0)
        assert "only 1 of 2 nodes registered within 1 s" in run.outcome().message


def test_the_client_can_cancel(tmp_path: Path) -> None:
    script = "import time; open('model.h5', 'w').write('w'); print('working', flush=True); time.sleep(600)"
    with cluster(tmp_path, SINGLE, script) as run:
        run.start(0)
        run.wait_for(lambda: run.log("main-0"))
        run.store.put("control/stop.json", b'{"reason": "cancelled", "message": "Ctrl-C"}')
        outcome = run.outcome()
        assert (outcome.result, outcome.message) == ("cancelled", "Ctrl-C")
        status = run.task("main-0")
        assert status is not None
        assert status.state == "stopped"
        assert run.collected()["files"] == 1
        assert run.store.get("outputs/left/main-0/model.h5") == b"w"


def test_the_deadline_ends_the_run(tmp_path: Path) -> None:
    with cluster(tmp_path, SINGLE, "import time; time.sleep(600)", deadline=11.5) as run:
        run.start(0)
        assert run.outcome().result == "limit"


def test_what_a_task_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    script = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"
    with cluster(tmp_path, SINGLE, script) as run:
        run.start(0)
        assert run.outcome().result == "succeeded"
        assert not is_alive(int(run.log("main-0")))


def test_an_agent_that_is_terminated_ends_its_tasks(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
    )
    with cluster(tmp_path, SINGLE, script) as run:
        run.start(0)
        run.wait_for(lambda: run.log("main-0"))
        status = run.task("main-0")
        run.stop()
        assert status is not None
        assert status.pid is not None
        assert not is_alive(status.pid)


def test_a_killed_agents_task_dies_with_it_and_the_points_before_are_in_the_store(tmp_path: Path) -> None:
    script = "import time\nfrom tfinfra import Run\nRun.get_context().log('loss', 0.5)\ntime.sleep(600)"
    with cluster(tmp_path, SINGLE, script) as run:
        run.start(0)
        status = run.wait_for(lambda: run.task("main-0"))
        run.wait_for(lambda: run.points("main-0"), 5)
        assert [(point.name, point.value) for point in run.points("main-0")] == [("loss", 0.5)]
        assert status.pid is not None
        os.kill(run.agents[0].pid, signal.SIGKILL)
        run.agents[0].wait()
        give_up = time.monotonic() + 2
        while is_alive(status.pid) and time.monotonic() < give_up:
            time.sleep(0.02)
        assert not is_alive(status.pid)


RESTARTING = """
import json, os, pathlib, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
if task["type"] == "worker":
    with open("starts", "a") as file: file.write("x")
    starts = len(pathlib.Path("starts").read_text())
    print("start", starts, flush=True)
    if starts <= FAILURES: sys.exit(1)
    pathlib.Path("outputs/up").touch()
if task["type"] == "chief":
    while not os.path.exists("outputs/up"): time.sleep(0.05)
    sys.exit(0)
time.sleep(600)
"""
COORDINATOR = plan_of(spec("ps", dialect="coordinator"), base_port=21322)


def test_coordinators_worker_is_restarted_in_place(tmp_path: Path) -> None:
    with cluster(tmp_path, COORDINATOR, RESTARTING.replace("FAILURES", "3")) as run:
        run.start(0)
        assert run.outcome().result == "succeeded"
        status = run.task("worker-0")
        assert status is not None
        assert (status.state, status.attempt) == ("stopped", 3)
        assert run.log("worker-0") == "start 1\nstart 2\nstart 3\nstart 4\n"


def test_coordinators_worker_that_ends_a_fourth_time_fails_the_run(tmp_path: Path) -> None:
    with cluster(tmp_path, COORDINATOR, RESTARTING.replace("FAILURES", "4")) as run:
        run.start(0)
        outcome = run.outcome()
        assert outcome.message == "worker-0 on node 0 ended with exit status 1 after 3 restarts"


WORKERS = plan_of(spec("multi_worker", node_count=2), base_port=21422)


def test_every_worker_must_end_with_0(tmp_path: Path) -> None:
    with cluster(tmp_path, WORKERS, ROLES) as run:
        run.start(0, 1)
        assert run.outcome().result == "succeeded"
        assert all((status := run.task(name)) and status.state == "succeeded" for name in ("worker-0", "worker-1"))


def test_a_worker_that_hangs_in_its_start_up_is_named(tmp_path: Path) -> None:
    """The others wait for it without a word, and without an end."""
    never = ROLES.replace("server =", 'task["index"] and time.sleep(600)\nserver =') + "time.sleep(600)\n"
    with cluster(tmp_path, WORKERS, never, timeouts=replace(FAST, join=2)) as run:
        run.start(0, 1)
        outcome = run.outcome(30)
        assert (outcome.result, outcome.task, outcome.node) == ("failed", "worker-1", 1)
        expected = "worker-1 on node 1 hangs in its start-up: it had not made its MultiWorkerMirroredStrategy 2 s after"
        assert outcome.message == f"{expected} worker-0 had"


def test_a_worker_that_ended_before_it_joined_is_named(tmp_path: Path) -> None:
    early = ROLES.replace("server =", 'task["index"] and sys.exit(0)\nserver =') + "time.sleep(600)\n"
    with cluster(tmp_path, WORKERS, early, timeouts=replace(FAST, join=2)) as run:
        run.start(0, 1)
        outcome = run.outcome(30)
        assert (outcome.result, outcome.task) == ("failed", "worker-1")
        told = "worker-1 on node 1 ended with exit status 0, but it had not made its MultiWorkerMirroredStrategy"
        assert outcome.message == f"{told}, for which worker-0 waits"


def test_a_worker_that_talks_to_another_is_waited_for_by_nobody(tmp_path: Path) -> None:
    """A script may meet by means of its own, with one server alone."""
    own = ROLES.replace("server =", "time.sleep(1)\nif task['index'] == 0:\n  server =") + TALK
    with cluster(tmp_path, WORKERS, own, timeouts=replace(FAST, join=2)) as run:
        run.start(0, 1)
        assert run.outcome(30).result == "succeeded"


TALK = """
if task["index"]:
    host, port = config["cluster"]["worker"][0].rsplit(":", 1)
    while True:
        try:
            talk = socket.create_connection((host, int(port)))
            break
        except OSError:
            time.sleep(0.1)
time.sleep(5)
"""


def test_a_worker_that_never_started_is_named(tmp_path: Path) -> None:
    with cluster(tmp_path, WORKERS, ROLES + "time.sleep(600)\n", timeouts=replace(FAST, register=1)) as run:
        run.start(0)
        assert "1 of 2 nodes registered" in run.outcome(30).message


def test_a_task_that_cannot_bind_its_port_is_told(tmp_path: Path) -> None:
    script = ROLES.replace("server =", "taken = socket.create_server(('', port)); server =")
    with cluster(tmp_path, PS, script) as run:
        run.start(0, 1)
        assert "it cannot bind its port 21" in run.outcome().message


ELSEWHERE = """
import os, pathlib, sys, tempfile
pathlib.Path("b").mkdir()
for name in ("model.h5", "b/c.txt"): pathlib.Path(name).write_text(name)
open("script.txt", "w").write("by the script")
pathlib.Path(tempfile.mkdtemp(), "model.ckpt").touch()
os.chdir("FOLDER")
open("after-chdir", "w").write("found")
sys.exit(3)
"""


def test_what_a_task_wrote_elsewhere_comes_home_with_the_outputs_also_where_it_failed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/somebodys").touch()
    with cluster(tmp_path, SINGLE, ELSEWHERE.replace("FOLDER", str(tmp_path / "elsewhere"))) as run:
        run.start(0)
        run.outcome()
        assert run.collected() == {"files": 5, **NOTHING_ODD}
        brought = {key.removeprefix("outputs/left/main-0/") for key in run.store.list("outputs/left")}
        assert {"model.h5", "b/c.txt", "script.txt"} < brought
        assert {name.rpartition("/")[2] for name in brought} == {
            *("model.h5", "c.txt", "script.txt", "model.ckpt", "after-chdir")
        }
        told = read(run.store, keys.left_key("main-0"), LeftFiles)
        assert told is not None
        own = next(place for place in told.places if not place.place)
        assert (own.files, own.line, own.instead) == (3, "train.py:5", "outputs/script.txt")


def test_files_with_odd_names_are_collected(tmp_path: Path) -> None:
    script = "import pathlib\nfor n in ('a b', 'c#d%e', 'ü', 'x*y?', 'd/e/f'):\n" + (
        "  p = pathlib.Path('outputs', n); p.parent.mkdir(exist_ok=True, parents=True); p.write_text(n)"
    )
    with cluster(tmp_path, SINGLE, script) as run:
        run.start(0)
        run.outcome()
        assert run.collected() == {"files": 5, **NOTHING_ODD}
