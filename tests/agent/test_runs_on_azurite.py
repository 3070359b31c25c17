"""Whole runs of real agents whose store is a real azurite over HTTPS, with tokens of their managed identity."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.nodes import NOTHING_ODD, Cluster, cluster
from tests.backends.specs import plan_of, spec
from tests.store.azurite import Azurite, azurite
from tests.store.faulty import Fault, Proxied, faulty
from tfinfra.model import Timeouts

PS = plan_of(spec("ps", node_count=2, worker_count=2), base_port=21422)
TIMEOUTS = Timeouts(register=60, start=60, heartbeat=8, collect=60)
AWAY = 12.0  # seconds: longer than the silence after which a node counts as lost

MOST_MIB = 60

WAITS = """
import json, os, pathlib, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
print("begun", flush=True)
while task["type"] == "ps" or not pathlib.Path(FINISH).exists():
    time.sleep(0.1)
pathlib.Path("outputs", f"model-{task['index']}").write_bytes(b"w" * 6_000_000)
print("done")
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Cluster]:
    script = WAITS.replace("FINISH", repr(str(tmp_path / "finish")))
    with azurite(tmp_path / "azurite") as served, cluster(tmp_path, PS, script, timeouts=TIMEOUTS, azurite=served) as c:
        yield c


def unreliable(seed: int) -> Fault:
    """A quarter of all requests is throttled or fails, and some answers are cut off."""
    chance = random.Random(seed)

    def fault(request: Proxied) -> bool:
        drawn = chance.random()
        if drawn < 0.25:
            return request.throttle(chance.choice([429, 500, 503]))
        if drawn < 0.3 and request.command == "GET":
            request.cut = chance.randrange(50)
        return False

    return fault


def served(run: Cluster) -> Azurite:
    assert run.azurite is not None
    return run.azurite


def peak_mib(pid: int) -> float:
    """The most memory that a process ever held."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024


def test_a_run_goes_on_when_azurite_is_stopped_and_started_in_its_middle(run: Cluster, tmp_path: Path) -> None:
    run.start(0, 1)
    run.wait_for(lambda: all(map(run.log, ("worker-0", "worker-1", "ps-0"))), 90)
    served(run).stop()
    time.sleep(AWAY)
    served(run).start()
    time.sleep(2)  # whoever would end the run because of the pause has done so by now
    assert run.store.get("outcome.json") is None
    (tmp_path / "finish").touch()
    outcome = run.outcome(90)
    assert outcome.result == "succeeded", outcome
    assert run.log("worker-0") == "begun\ndone\n"
    assert run.collected() == {"files": 2, **NOTHING_ODD}
    run.store.get_file("outputs/outputs/model-1", tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == b"w" * 6_000_000
    if Path("/proc/self/status").exists():
        assert max(peak_mib(agent.pid) for agent in run.agents.values()) < MOST_MIB


def test_a_run_bears_a_store_that_throttles_all_the_time(tmp_path: Path) -> None:
    (tmp_path / "finish").touch()
    script = WAITS.replace("FINISH", repr(str(tmp_path / "finish")))
    with azurite(tmp_path / "azurite") as bare, faulty(bare, unreliable(seed=5)) as (url, plan):
        behind = bare.behind(url)
        with cluster(tmp_path, PS, script, timeouts=TIMEOUTS, azurite=behind) as run:
            run.start(0, 1)
            outcome = run.outcome(180)
            assert outcome.result == "succeeded", outcome
            assert len(plan.seen) > 100
            assert run.log("worker-1") == "begun\ndone\n"
            assert run.collected() == {"files": 2, **NOTHING_ODD}
            run.store.get_file("outputs/outputs/model-1", tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == b"w" * 6_000_000
