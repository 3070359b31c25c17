"""Runs a case's tasks on this machine, without nodes: each in the training environment that tfinfra builds, with the
variables that its backend gives it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.common import free_ports
from bench.versions.case import HELPERS, Case
from tfinfra.backends.base import Verdict
from tfinfra.backends.registry import backend
from tfinfra.compiler import pipeline
from tfinfra.compiler.load import load_project
from tfinfra.errors import Diagnostic, Severity
from tfinfra.model import Inventory, NodeRegistration, Plan, Task, TaskStatus

# What has not ended then waits for something that does not come. On a machine that does more, the first step of
# tf-keras 2.16 takes minutes: TensorFlow translates the whole package.
_LONGEST = 400.0  # seconds
_AFTER_FAILURE = 15.0  # seconds that the others have to say what is wrong with them
_ERROR = re.compile(r"^\s*(?:[a-z_.]*\.)?(\w+(?:Error|Exception|Warning)\b.*)", re.MULTILINE)
_WEIGHTS = re.compile(r"^weights: ([0-9a-f]+)$", re.MULTILINE)


def write_project(case: Case, folder: Path, framework: str, python: str) -> Path:
    """The manifest of a case, its script beside it."""
    folder.mkdir(parents=True)
    for name, text in {**HELPERS, "train.py": case.script}.items():
        (folder / name).write_text(text)
    versions = {"framework_version": framework, "python_version": python}
    manifest = folder / "train.yaml"
    manifest.write_text(json.dumps({"name": "versions", "entry_script": "train.py", **versions, **case.keys}))
    return manifest


def told(manifest: Path) -> tuple[Plan | None, tuple[Diagnostic, ...]]:
    """The plan of a manifest, which one that is refused may have too, and what `validate` says but for its notices."""
    facts = pipeline.read(load_project(manifest))
    for step in pipeline.PASSES:
        facts = step(facts)
    return facts.plan, tuple(d for d in facts.found if d.severity is not Severity.NOTICE)


def ran(plan: Plan, environment: Path, folder: Path) -> str:
    """ "trains", "the tasks' weights differ", "no end after 150 s", or the last error of the task that failed."""
    statuses = _statuses(plan, environment, folder)
    logs = {task.name: (folder / f"{task.name}.log").read_text(errors="replace") for task in plan.tasks}
    verdict = backend(plan.backend).verdict(plan, statuses)
    if verdict.result is None and not verdict.leader_done:
        return f"no end after {_LONGEST:.0f} s"
    if verdict.task:
        failing = [logs[verdict.task], *(logs[s.task] for s in statuses.values() if s.exit_status)]
        return next((found[-1][:160] for log in failing if (found := _ERROR.findall(log))), verdict.message)
    hashes = {found for log in logs.values() for found in _WEIGHTS.findall(log)}
    return "trains" if len(hashes) == 1 else "the tasks' weights differ" if hashes else "it has learnt nothing"


def _statuses(plan: Plan, environment: Path, folder: Path) -> dict[str, TaskStatus]:
    """Every task's status at the run's end, or at the last moment that it is waited for."""
    with _started(plan, environment, folder) as processes:
        ends = time.monotonic() + _LONGEST
        while True:
            statuses = {task.name: _status(task, processes[task.name].poll()) for task in plan.tasks}
            verdict = backend(plan.backend).verdict(plan, statuses)
            failed = [s for s in statuses.values() if s.state == "failed"]
            if failed:
                ends = min(ends, time.monotonic() + _AFTER_FAILURE)
            if verdict.waiting:
                ends = min(ends, time.monotonic() + max(backend(plan.backend).grace(t) for t in _named(plan, verdict)))
            ended = all(s.state != "running" for s in statuses.values())
            if ended or (verdict.result and not failed) or time.monotonic() > ends:
                return statuses
            time.sleep(0.2)


def _named(plan: Plan, verdict: Verdict) -> list[Task]:
    return [task for task in plan.tasks if task.name in verdict.waiting]


def _status(task: Task, code: int | None) -> TaskStatus:
    state = "running" if code is None else "failed" if code else "succeeded"
    exit_status = None if code is None else code if code >= 0 else 128 - code
    return TaskStatus(task.name, task.node, state, exit_status=exit_status)


@contextmanager
def _started(plan: Plan, environment: Path, folder: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """{task: its process}; Horovod's ranks all have mpirun's. Whatever still runs at the end is ended."""
    (folder / "checkpoints").mkdir()
    inventory = _inventory(plan)
    script = [str(environment / "bin/python"), "train.py"]
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with ExitStack() as stack:
        logs = {task.name: stack.enter_context((folder / f"{task.name}.log").open("wb")) for task in plan.tasks}
        for task in plan.tasks:
            if backend(plan.backend).launcher and processes:
                processes[task.name] = processes[plan.tasks[0].name]
                continue
            words = [*_mpirun(len(plan.tasks)), *script] if backend(plan.backend).launcher else script
            processes[task.name] = subprocess.Popen(
                words,
                cwd=folder,
                env=_variables(plan, inventory, task, environment, folder),
                stdin=subprocess.DEVNULL,
                stdout=logs[task.name],
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield processes
        finally:
            for process in processes.values():
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM if backend(plan.backend).launcher else signal.SIGKILL)
                    process.wait()


def _variables(plan: Plan, inventory: Inventory, task: Task, environment: Path, folder: Path) -> dict[str, str]:
    own = backend(plan.backend).environment(plan, inventory, task)
    path = f"{environment}/bin:{os.environ.get('PATH', os.defpath)}"
    variables = {"PATH": path, "HOME": str(folder), "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
    variables |= {"TF_CPP_MIN_LOG_LEVEL": "1", "PYTHONUNBUFFERED": "1", "no_proxy": "127.0.0.1,localhost"}
    return {**variables, "TFINFRA_CHECKPOINTS": str(folder / "checkpoints"), **own, **plan.environment_variables}


def _mpirun(ranks: int) -> list[str]:
    """Ranks on this machine, with the transports and binding that tfinfra chooses too."""
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    transports = ["--mca", "pml", "ob1", "--mca", "btl", "self,sm,tcp"]
    return ["mpirun", *root, "-n", str(ranks), "--oversubscribe", "--bind-to", "none", *transports]


def _inventory(plan: Plan) -> Inventory:
    # The first port of each node; its tasks take the next ones too, so the nodes' lie apart
    nodes = zip(range(plan.node_count), free_ports(plan.node_count), strict=True)
    return Inventory(tuple(_node(number, port) for number, port in nodes))


def _node(number: int, port: int) -> NodeRegistration:
    return NodeRegistration(
        f"node-{number}", f"node-{number}", "127.0.0.1", network=None, base_port=port, cores=2, gpus=0
    )
