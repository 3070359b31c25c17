"""Canaries: a secret reaches the tasks' environment, and not one byte of it reaches anything else of a real run."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.canary import forms, holders, in_command_lines, in_files
from tests.e2e.conftest import Workspace, found_below, shows, wait_until
from tests.tracking.playing_server import playing
from tfinfra.store import points_in
from tfinfra.system.paths import cache_folder

pytestmark = pytest.mark.e2e
SCRIPT = """
import hashlib, os, pathlib, sys, time
from tfinfra import Run
Run.get_context().log("loss", 0.5)
value = os.environ["CANARY"]
print("got", len(value), hashlib.sha256(value.encode()).hexdigest(), flush=True)
while not pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.1)
"""
CACHED = ("bundle-*", "logs", "locks", "inputs*")
BACKENDS: dict[str, dict[str, Any]] = {"single": {}, "mpi": {"node_count": 2, "distributed_backend": "mpi"}}


@contextmanager
def watched_command_lines(value: str) -> Iterator[set[str]]:
    """Looks at every process's command line again and again, and gives those that held the value."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            seen.update(in_command_lines(value))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def places(workspace: Workspace) -> list[Path]:
    """Every folder that a run writes to on this machine. Of the cache, which runs share, what is built of packages is
    left out: gigabytes, made before any run has a secret."""
    cached = [path for name in CACHED for path in cache_folder().glob(name)]
    return [workspace.folder, workspace.state, *cached, *Path("/tmp").glob("tfinfra-*")]


def is_task(process: psutil.Process) -> bool:
    """Whether an agent started it: a task, or a launcher that hands its own environment to the tasks."""
    try:
        return any(shows(above, "tfinfra.agent") for above in process.parents())
    except psutil.NoSuchProcess:
        return True


def got(workspace: Workspace, value: str) -> bool:
    """Whether the leader's script has said that it has the value."""
    text = f"got {len(value)} {hashlib.sha256(value.encode()).hexdigest()}"
    logs = found_below(workspace.state, "cloud/**/logs/*-0/00000000.log")
    return any(text in log.read_text() for log in logs)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_secret_is_in_the_tasks_environment_and_nowhere_else(process_workspace: Workspace, backend: str) -> None:
    """But in what goes to the MLflow server whose token it is."""
    with playing() as server:
        metrics = {"tracking_uri": server.url, "token": "CANARY"}
        value = _run_with_a_secret(process_workspace, backend, metrics)
    leader = "main-0" if backend == "single" else "rank-0"
    assert {token for _, _, token in server.calls} == {f"Bearer {value}"}
    assert ("loss", 0.5, 0) in server.metrics() and server.calls[-1][1]["status"] == "FINISHED"
    home = process_workspace.run_folder() / "metrics" / f"{leader}.jsonl"
    assert [(point.name, point.value) for point in points_in(leader, home.read_bytes())[0]] == [("loss", 0.5)]


def _run_with_a_secret(process_workspace: Workspace, backend: str, metrics: dict[str, Any]) -> str:
    """Returns the secret."""
    value = f'canary/{secrets.token_hex(12)}+"ä"='
    began, go_on = time.time(), process_workspace.folder / "go-on"
    keys = {**BACKENDS[backend], "secrets": ["CANARY"], "script_params": {"--until": str(go_on)}, "metrics": metrics}
    manifest = process_workspace.manifest(SCRIPT, **keys)
    with watched_command_lines(value) as on_command_lines:
        process = process_workspace.start("up", str(manifest), "--machines", "process", environment={"CANARY": value})
        wait_until(lambda: process.poll() is not None or got(process_workspace, value), 120, "the secret to arrive")
        assert process.poll() is None, process.communicate()
        assert in_files(places(process_workspace), value, began) == []
        holding = [p for p in holders(value) if p.pid != process.pid]
        assert holding and all(map(is_task, holding)), [p.cmdline() for p in holding]
        go_on.touch()
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert in_files(places(process_workspace), value, began) == []
    assert on_command_lines == set()
    assert not any(form in (out + err).encode() for form in forms(value).values())
    return value


def test_a_secret_that_is_not_set_ends_the_command_before_anything_is_touched(process_workspace: Workspace) -> None:
    manifest = process_workspace.manifest("print(1)", secrets=["A_SECRET_THAT_NOBODY_SETS"])
    done = process_workspace.up(manifest)
    assert done.returncode == 3
    assert "trial.yaml:1" in done.stderr and "A_SECRET_THAT_NOBODY_SETS is not set" in done.stderr
    assert not (process_workspace.folder / "deploy").exists()
    assert not any((process_workspace.state / "runs").glob("*"))


def test_a_run_left_alone_has_its_secrets_before_its_client_goes(process_workspace: Workspace) -> None:
    value = secrets.token_hex(12)
    script = "import os; open('outputs/length.txt', 'w').write(str(len(os.environ['CANARY'])))"
    manifest = process_workspace.manifest(script, secrets=["CANARY"])
    process = process_workspace.start(
        "up", str(manifest), "--machines", "process", "--detach", environment={"CANARY": value}
    )
    assert process.wait(120) == 0
    (run,) = (process_workspace.state / "runs").iterdir()
    wait_until(lambda: found_below(process_workspace.state, "cloud/**/collected.json"), 60, "the outputs")
    fetched: subprocess.CompletedProcess[str] = process_workspace.tfinfra("fetch", run.name)
    assert fetched.returncode == 0, fetched.stderr
    assert (process_workspace.run_folder() / "outputs/length.txt").read_text() == str(len(value))


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    value = 'canary/12+"ä"='
    for name, form in forms(value).items():
        (tmp_path / "file").write_bytes(b"before" + form + b"after")
        assert any(name in hit for hit in in_files([tmp_path], value)), name
    import base64

    for shift in range(3):
        (tmp_path / "file").write_bytes(base64.b64encode(bytes(range(1, shift + 1)) + value.encode() + b"more"))
        assert in_files([tmp_path], value), shift
