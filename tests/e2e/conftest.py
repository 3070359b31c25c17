"""Real runs on the local cloud: the command as a user types it, in an empty folder, with a state folder of its own.

Every test ends with `assert_nothing_left`: what was on the machine before is what is there after.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest

from tests.documents.checking import faults

MARKER = "TFINFRA_STATE_DIR"


@dataclass(frozen=True)
class Workspace:
    """An empty folder to work in, and the state folder of the runs made from it. `has_schemas`: the command's documents
    are as this version publishes them."""

    has_schemas: ClassVar[bool] = True

    folder: Path
    state: Path
    machines: str
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            MARKER: str(self.state),
            "TFINFRA_CONFIG_DIR": str(self.state / "config"),
            "NO_COLOR": "1",
        }

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """The command in the background, in a session of its own so that a signal to it reaches nobody else;
        `environment` is added to the workspace's."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tfinfra.cli.main", *arguments],
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def tfinfra(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        if self.has_schemas and "--json" in arguments:
            assert faults(json.loads(out)) == []
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def up(self, manifest: Path | str, *options: str) -> subprocess.CompletedProcess[str]:
        return self.tfinfra("up", str(manifest), "--machines", self.machines, *options)

    def manifest(self, script: str, name: str = "trial", **keys: Any) -> Path:
        """A manifest and its script, written into a folder of their own."""
        source = self.folder / name
        source.mkdir(exist_ok=True)
        (source / "train.py").write_text(script)
        path = source / f"{name}.yaml"
        path.write_text(json.dumps({"name": name, "entry_script": "train.py", **keys}))
        return path

    def run_folder(self) -> Path:
        """The results of the one run made so far."""
        (found,) = (self.folder / "runs").iterdir()
        return found

    def run_record(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads((self.run_folder() / "run.json").read_text())
        assert faults(record) == []
        return record


def found_below(folder: Path, pattern: str) -> list[Path]:
    """The paths in a tree that others change meanwhile: Path.glob raises for a folder that vanishes under it."""
    return [folder / name for name in glob(pattern, root_dir=folder, recursive=True)]  # noqa: PTH207  see above


def shows(process: psutil.Process, text: str) -> bool:
    """Whether `text` is on the process's command line, or its state folder; nobody's secrets are read for it."""
    try:
        return any(text in word for word in process.cmdline()) or process.environ().get(MARKER) == text
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def processes_of(state: Path) -> list[psutil.Process]:
    """The processes that were started for a workspace: its state folder shows in each."""
    return [p for p in psutil.process_iter() if p.pid != os.getpid() and shows(p, str(state))]


def orphans(since: float) -> list[psutil.Process]:
    """Agents and training scripts, begun after `since` (Unix seconds), that no tfinfra answers for any more."""
    found = [p for p in psutil.process_iter() if shows(p, "tfinfra.agent") or shows(p, "tfinfra/environments/")]
    return [p for p in found if _is_orphan(p, since)]


def _is_orphan(process: psutil.Process, since: float) -> bool:
    try:
        return process.create_time() > since and not any(_is_tfinfra(p) for p in process.parents())
    except psutil.NoSuchProcess:
        return False


def _is_tfinfra(process: psutil.Process) -> bool:
    """Whether it runs tfinfra itself: the folder of a checkout or a test proves nothing."""
    return any(shows(process, f"tfinfra.{room}") for room in ("cli", "localcloud", "agent", "lifecycle", "engine"))


def wait_until(condition: Any, timeout: float, what: str) -> Any:
    """What `condition` gives, as soon as that is true."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"waited {timeout} s for {what}")


def assert_nothing_left(state: Path, since: float) -> None:
    """No process (the daemon goes within seconds of its last group), no mount, no group, no stack."""
    wait_until(lambda: not processes_of(state), 20, f"the processes of {state} to end: {processes_of(state)}")
    wait_until(lambda: not orphans(since), 5, f"what the nodes started to end: {orphans(since)}")
    assert str(state) not in Path("/proc/mounts").read_text()
    assert list(state.glob("cloud/groups/*")) == []
    assert list(state.glob("runs/*/pulumi/**/stacks/**/*.json")) == []


def machine_kinds() -> list[str]:
    return ["process", "namespace"] if os.geteuid() == 0 and sys.platform == "linux" else ["process"]


@pytest.fixture(params=machine_kinds())
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """On each kind of machine that this user can have: namespace needs root."""
    yield from _workspace(tmp_path, request.param)


@pytest.fixture
def best_workspace(tmp_path: Path) -> Iterator[Workspace]:
    """On the best kind of machine that this user can have, for what is costly and the same on both."""
    yield from _workspace(tmp_path, machine_kinds()[-1])


@pytest.fixture
def process_workspace(tmp_path: Path) -> Iterator[Workspace]:
    yield from _workspace(tmp_path, "process")


def _workspace(tmp_path: Path, machines: str) -> Iterator[Workspace]:
    folder = tmp_path / "work"
    folder.mkdir()
    since = time.time()
    made = Workspace(folder, tmp_path / "state", machines)
    yield made
    for process in made.started:
        if process.poll() is None:  # its test has failed: the next one shall not find it
            process.terminate()
            process.communicate()
    assert_nothing_left(made.state, since)
