"""What `tfinfra up` adds to a training script: until its first line, while it trains, after its end; against bare
`python` or `mpirun` running the same script in the same environment on the same machine."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.common import SCRIPTS, Result, Row, Sample, free_ports, tell
from bench.runs import Project, Up, bench_folder, kinds, up
from tfinfra.system.clock import unix_time

STEPS = 600
# The manifest's lines of each backend: one node; two with a rank each; two with two workers and a parameter server.
KEYS = {
    "single": "",
    "mpi": "node_count: 2\ndistributed_backend: mpi\n",
    "ps": "node_count: 2\ndistributed_backend: ps\nworker_count: 2\nparameter_server_count: 1\n",
}
LEADERS = {"single": "main-0", "mpi": "rank-0", "ps": "worker-0"}
AT_MOST = {"first_line_s": 8, "after_training_s": 3, "client_mib": 150, "agent_mib": 60}
NOTES = (
    "first_line: from the command to the script's own first line; shown: until it stands in the client's output",
    "after_training: from the end of the last rank or worker to everything deleted and verified",
)


def run(repeat: int) -> Result:
    """For each backend a bare row and one per kind of machines. Bare and tfinfra take turns, so that a machine that
    slows down slows both."""
    with bench_folder() as folder:
        rows = [row for backend in KEYS for row in _rows(repeat, backend, folder)]
    return Result("launch", tuple(rows), NOTES)


def _rows(repeat: int, backend: str, folder: Path) -> list[Row]:
    possible = kinds()
    bare, cases = f"{backend}: bare", {kind: f"{backend}: up, {kind} machines" for kind in possible}
    tell(f"{backend}: a first run for the environment, which does not count")
    environment = up(_project(backend, folder, steps=1), possible[0]).environment
    samples: dict[str, list[Sample]] = {case: [] for case in (bare, *cases.values())}
    for number in range(repeat):
        tell(f"{backend}: {number + 1} of {repeat}")
        samples[bare].append(_bare(backend, environment, folder))
        for kind, case in cases.items():
            samples[case].append(_up(backend, folder, kind))
    rows = [Row(case, tuple(taken), bare, AT_MOST) for case, taken in samples.items() if case != bare]
    return [Row(bare, tuple(samples[bare])), *rows]


def _project(backend: str, folder: Path, steps: int = STEPS) -> Project:
    keys = f"script_params: {{--backend: {backend}, --steps: {steps}}}\n{KEYS[backend]}"
    return Project(folder / backend, folder / "state", f"bench-{backend}", "work.py", keys, LEADERS[backend])


def _up(backend: str, folder: Path, kind: str) -> dict[str, float]:
    seen = up(_project(backend, folder), kind)
    moments = _moments(seen.log.splitlines())
    return {
        "first_line_s": moments["first"] - seen.began,
        "shown_s": _first_shown(seen) - seen.began,
        "training_s": moments["end"] - moments["begin"],
        "exit_s": seen.ended - seen.began,
        "after_training_s": unix_time(seen.document["times"]["ended"]) - seen.trained,
        "client_mib": seen.memory.client_mib,
        "client_tree_mib": seen.memory.client_tree_mib,
        "agent_mib": seen.memory.agent_mib,
    }


def _first_shown(seen: Up) -> float:
    return next(moment for moment, block in seen.shown if b"first " in block)


def _moments(lines: Iterable[str]) -> dict[str, float]:
    """Each moment's first time. Other lines (TensorFlow's, another rank's) are passed over."""
    moments: dict[str, float] = {}
    for words in (line.split(" ") for line in lines):
        if words[0] in ("first", "begin", "end") and len(words) == 2:
            moments.setdefault(words[0], float(words[1]))
    return moments


def _bare(backend: str, environment: Path, folder: Path) -> dict[str, float]:
    """The same script by hand, in the same environment; for `ps` with a TF_CONFIG for each task."""
    script = [str(environment / "bin/python"), str(SCRIPTS / "work.py"), "--backend", backend, "--steps", str(STEPS)]
    leader, others = {"single": _alone, "mpi": _ranks, "ps": _servers}[backend](script)
    variables = {**os.environ, "PATH": f"{environment}/bin:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
    log = folder / f"{backend}-bare.log"
    began = time.time()
    with ExitStack() as stack:
        for task in others:
            stack.enter_context(_beside(task, variables, folder / f"{backend}-others.log"))
        with log.open("wb") as out:
            own = {**variables, **leader.variables}
            subprocess.run(leader.argv, env=own, stdout=out, stderr=subprocess.STDOUT, check=True)
        ended = time.time()
    moments = _moments(log.read_text(errors="replace").splitlines())
    return {
        "first_line_s": moments["first"] - began,
        "training_s": moments["end"] - moments["begin"],
        "exit_s": ended - began,
    }


@dataclass(frozen=True)
class _Task:
    """`variables`: what its environment has of its own."""

    argv: list[str]
    variables: dict[str, str] = field(default_factory=dict)


@contextmanager
def _beside(task: _Task, variables: dict[str, str], log: Path) -> Iterator[None]:
    """Runs a task until the leader has ended: a parameter server never ends by itself."""
    with log.open("ab") as out:
        process = subprocess.Popen(task.argv, env={**variables, **task.variables}, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _alone(script: list[str]) -> tuple[_Task, list[_Task]]:
    return _Task(script), []


def _ranks(script: list[str]) -> tuple[_Task, list[_Task]]:
    """Two ranks on this machine; the transports and binding that tfinfra chooses too."""
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    transports = ["--mca", "pml", "ob1", "--mca", "btl", "self,sm,tcp"]
    return _Task(["mpirun", *root, "-n", "2", "--bind-to", "none", *transports, *script]), []


def _servers(script: list[str]) -> tuple[_Task, list[_Task]]:
    server, leader, worker = (f"127.0.0.1:{port}" for port in free_ports(3))
    cluster = {"ps": [server], "worker": [leader, worker]}

    def task(kind: str, index: int) -> _Task:
        config = {"cluster": cluster, "task": {"type": kind, "index": index}, "environment": "cloud"}
        return _Task(script, {"TF_CONFIG": json.dumps(config)})

    return task("worker", 0), [task("ps", 0), task("worker", 1)]
