"""What metrics cost a training that logs 1,000 points a second by `Run.log`: the same task bare, and with its points
shipped into a file store meanwhile, by the same part of the agent."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from bench.common import ROOT, SCRIPTS, Result, Row, Sample, tell
from bench.runs import bench_folder
from tfinfra.system.process import child_python

TASK = "main-0"
STEPS = 10_000
A_STEP = 0.001  # seconds of work, and so 1,000 points a second
NOTES = ("added_percent: processor time of task and agent beyond that of the bare row, in percent of it",)


def run(repeat: int) -> Result:
    """Bare and logged take turns, so that a machine that slows down slows both."""
    size = _bytes_of_a_step()
    bare, logged = list[Sample](), list[Sample]()
    with bench_folder() as folder:
        for number in range(repeat):
            tell(f"{number + 1} of {repeat}: {STEPS} steps bare, then logged")
            alone = _task(size, folder / f"bare-{number}")
            told = _task(size, folder / f"logged-{number}", "--log")
            before, after = (sample["cpu_s"] + sample["agent_cpu_s"] for sample in (alone, told))
            bare.append(alone)
            logged.append({**told, "added_percent": 100 * (after - before) / before})
    at_most = {"added_percent": 1, "lost": 0}
    return Result("metrics", (Row("bare", tuple(bare)), Row("Run.log", tuple(logged), "bare", at_most)), NOTES)


def _bytes_of_a_step() -> int:
    """How much this machine digests in the time of a step: the best of several looks."""
    block, best = bytes(1 << 20), float("inf")
    for _ in range(50):
        began = time.perf_counter()
        hashlib.sha256(block).digest()
        best = min(best, time.perf_counter() - began)
    return int(len(block) * A_STEP / best)


def _task(size: int, root: Path, *more: str) -> dict[str, float]:
    """The agent's side is `python -m bench.metrics`."""
    script = [str(SCRIPTS / "points.py"), "--steps", str(STEPS), "--bytes", str(size), *more]
    argv = child_python.module("bench.metrics", str(root), *script)
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _agent(root: Path, script: list[str]) -> None:
    """Runs the script as a task, ships its points, and prints what it says with what this process took meanwhile."""
    from tfinfra.agent.metrics.script_package import make_script_package
    from tfinfra.agent.node.log_shipping import LogShipper
    from tfinfra.agent.node.node_paths import NodePaths
    from tfinfra.agent.node.processes import Command, Process
    from tfinfra.store import keys, open_store, points_in
    from tfinfra.system.clock import SystemClock

    paths, store = NodePaths(root), open_store((root / "store").as_uri())
    paths.make()
    make_script_package(paths)
    points, said = paths.points(TASK), root / "said"
    shipper = LogShipper(store, SystemClock(), free=True)
    shipper.start()
    shipper.add_points(TASK, points)
    variables = {**os.environ, "PYTHONPATH": str(paths.for_scripts), "TFINFRA_METRICS": str(points)}
    before = resource.getrusage(resource.RUSAGE_SELF)
    task = Process(Command([sys.executable, *script], root, variables, said))
    while (code := task.poll()) is None:
        time.sleep(0.05)
    shipper.stop()
    after = resource.getrusage(resource.RUSAGE_SELF)
    if code:
        sys.exit(f"the script ended with {code}: {said.read_text()}")
    arrived = [points_in(TASK, store.get(key) or b"") for key in store.list(keys.metrics_folder(TASK))]
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sent = STEPS if "--log" in script else 0
    lost = sent - sum(len(found) for found, _ in arrived)
    sys.stdout.write(json.dumps({**json.loads(said.read_text()), "agent_cpu_s": used, "lost": lost}))


if __name__ == "__main__":
    _agent(Path(sys.argv[1]), sys.argv[2:])
