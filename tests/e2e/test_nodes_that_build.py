"""Nodes that have no environment ready, as on Azure: each builds its own from the lock, one compiles Horovod for both.

The agents, the store, uv and the packages are real. Compiling takes 90 s, and `tfinfra setup` has done it for this very
lock: here it is a copy of that wheel, made by a module that the agents load first.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.nodes import cluster
from tests.backends.specs import plan_of, spec
from tfinfra.environment.build_environment import ensure_environment
from tfinfra.environment.horovod import wheel_key
from tfinfra.environment.lock import make_lock
from tfinfra.model import Requirements, Timeouts, to_json
from tfinfra.system.paths import cache_folder

PLAN = plan_of(spec("ps", node_count=2, worker_count=2), base_port=21722)
PATIENT = Timeouts(register=300, start=120, heartbeat=30, collect=30)

BUILDER = """\
import pathlib, shutil
from tfinfra.environment import horovod

def build(bench, folder):
    bench.progress("building Horovod")
    shutil.copytree({wheel!r}, folder)

horovod._build = build
"""

SCRIPT = """
import json, os, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
if task["type"] == "ps":
    time.sleep(600)
import horovod.tensorflow as hvd
print(sys.prefix, hvd.__file__)
"""


@pytest.mark.e2e
def test_two_nodes_build_their_environments_and_one_of_them_horovod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = make_lock(Requirements("2.15.1", "3.11", (), horovod=True, gpu=False), "", cache_folder())
    ensure_environment(lock, cache_folder())
    wheel = cache_folder() / "wheels" / f"horovod-{wheel_key(lock)}"
    (tmp_path / "first").mkdir()
    (tmp_path / "first/sitecustomize.py").write_text(BUILDER.format(wheel=str(wheel)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "first"))
    with cluster(tmp_path, PLAN, SCRIPT, timeouts=PATIENT, lock=to_json(lock)) as run:
        run.start(0, 1)
        outcome = run.outcome(600)
        assert outcome.result == "succeeded", outcome
        words = [(tmp_path / f"node-{n}/var/lib/tfinfra/logs/agent.log").read_text() for n in (0, 1)]
        assert sum("building Horovod" in said for said in words) == 1
        assert sum("which another node has built" in said for said in words) == 1
        for worker in (0, 1):
            assert f"node-{worker}/var/lib/tfinfra/cache/environments/{lock.key}" in run.log(f"worker-{worker}")
