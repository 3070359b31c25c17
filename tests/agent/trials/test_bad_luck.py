"""What goes wrong in a trial ends that trial, and the node is there for the next one."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from tests.agent.nodes import TIMEOUTS
from tests.agent.trials.pools import pool, pool_plan, singles
from tests.backends.specs import spec
from tfinfra.agent.node.processes import is_alive
from tfinfra.errors import Result
from tfinfra.model import StopRequest
from tfinfra.store import encode, keys

FAST = replace(TIMEOUTS, heartbeat=2.0)
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[1:] == ["next"]:
    raise SystemExit(0)
clean = {"PATH": os.environ["PATH"]}
daemon = subprocess.Popen(["setsid", "-f", "sh", "-c", "trap '' TERM; echo $$; sleep 600"], env=clean, cwd="/")
daemon.wait()
print(os.getpid(), flush=True)
time.sleep(600)
"""
WORKERS = "import os, sys, time\nprint('on', flush=True)\ntime.sleep(float(sys.argv[1]))\n"
SLOW = "import pathlib, time\nprint('on', flush=True)\ntime.sleep(2)\npathlib.Path('outputs/model').write_text('m')\n"


def test_no_process_outlives_its_trial_however_it_hides(tmp_path: Path) -> None:
    with pool(tmp_path, singles(1, 24722), STUBBORN) as nodes:
        number = nodes.ask()
        nodes.run.wait_for(lambda: nodes.log(number).count("\n") == 2)
        pids = [int(pid) for pid in nodes.log(number).split()]
        assert all(map(is_alive, pids))
        nodes.store(number).put(keys.STOP, encode(StopRequest(Result.CANCELLED, "a policy")))
        assert nodes.outcome(number).result == "cancelled"
        assert nodes.outcome(nodes.ask("next")).result == "succeeded"
        assert not any(map(is_alive, pids))


def test_a_trial_ends_with_a_node_of_it_and_the_pool_goes_on_without_that(tmp_path: Path) -> None:
    plan = pool_plan(spec("multi_worker", node_count=2), 2, 24822)
    with pool(tmp_path, plan, WORKERS, timeouts=FAST) as nodes:
        ids = nodes.ids()
        hit, goes_on = nodes.ask("600", nodes=(0, 1)), nodes.ask("600", nodes=(2, 3))
        nodes.run.wait_for(lambda: nodes.log(hit, "worker-1") and nodes.log(goes_on, "worker-1"))
        victim = int(ids[1].rpartition("-")[2])
        os.kill(nodes.run.agents[victim].pid, signal.SIGKILL)
        outcome = nodes.outcome(hit)
        assert (outcome.result, outcome.node) == ("failed", 1)
        assert "was lost: no heartbeat for 2 s" in outcome.message
        assert nodes.store(goes_on).get(keys.OUTCOME) is None
        nodes.store(goes_on).put(keys.STOP, encode(StopRequest(Result.CANCELLED, "a policy")))
        assert nodes.outcome(goes_on).result == "cancelled"
        assert nodes.outcome(nodes.ask("0", nodes=(3, 0))).result == "succeeded"
        nodes.run.start(victim)  # it has rebooted
        nodes.run.wait_for(lambda: "rebooted while it lived a trial" in nodes.run.log("agent-1-rebooted"))
        assert nodes.run.store.get(keys.OUTCOME) is None


def test_a_trial_outlives_a_store_that_is_away_for_a_while(tmp_path: Path) -> None:
    with pool(tmp_path, singles(1, 24922), SLOW) as nodes:
        number = nodes.ask()
        nodes.run.wait_for(lambda: nodes.log(number))
        store = tmp_path / "store"
        store.rename(tmp_path / "away")
        time.sleep(1.5)
        (tmp_path / "away").rename(store)
        assert nodes.outcome(number).result == "succeeded"
        assert nodes.store(number).get("outputs/outputs/model") == b"m"


def test_a_trial_without_room_on_the_node_fails_alone(tmp_path: Path) -> None:
    with pool(tmp_path, singles(1, 25022), "pass") as nodes:
        nodes.ids()
        blocked = tmp_path / "node-0/var/lib/tfinfra/on"
        blocked.write_text("no folder can be made here")
        outcome = nodes.outcome(nodes.ask())
        assert (outcome.result, "the agent of 127.0.0.10 failed" in outcome.message) == ("failed", True)
        blocked.unlink()
        assert nodes.outcome(nodes.ask()).result == "succeeded"
