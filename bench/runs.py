"""Whole runs for benchmarks: a project in a folder of its own, `tfinfra up` on it, what was seen meanwhile.

Every benchmark has its own TFINFRA_STATE_DIR, so that it meets no run of the user's; the cache is the user's, because
the environments are to be cached.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from bench.common import SCRIPTS, tfinfra_command
from tfinfra.system.clock import unix_time
from tfinfra.system.paths import cache_folder

SAMPLE_EACH = 0.5  # seconds between two looks at the memory


@dataclass(frozen=True)
class Project:
    """`name` is also the manifest's; `script` a file of bench/scripts; `keys` the manifest's other lines; `leader` the
    task whose lines are shown."""

    folder: Path
    state: Path
    name: str
    script: str
    keys: str
    leader: str

    def write(self) -> None:
        (self.folder / "src").mkdir(parents=True, exist_ok=True)
        shutil.copy(SCRIPTS / self.script, self.folder / "src")
        head = f"name: {self.name}\nsource_directory: src\nentry_script: {self.script}\n"
        (self.folder / "train.yaml").write_text(head + self.keys)


@dataclass
class Memory:
    """The highest that was seen, in MiB: the client's own process, it with all it started (Pulumi, the provider), the
    largest agent."""

    client_mib: float = 0.0
    client_tree_mib: float = 0.0
    agent_mib: float = 0.0


@dataclass(frozen=True)
class Up:
    """One `tfinfra up`. Times are Unix seconds; `shown` what came out of its standard output, and when; `document` is
    runs/<run>/run.json, `trained` when the last task that ended by itself did, `log`
    what was collected of the leader's output."""

    began: float
    ended: float
    shown: tuple[tuple[float, bytes], ...]
    memory: Memory
    document: dict[str, Any]
    trained: float
    log: str

    @property
    def environment(self) -> Path:
        """The training environment that it used."""
        return cache_folder() / "environments" / str(self.document["environment"]["lock"])


@contextmanager
def bench_folder() -> Iterator[Path]:
    """A folder for projects and state. The local cloud in it goes by itself once its last group has."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def kinds() -> list[str]:
    """The kinds of machines that are possible here, best first."""
    from tfinfra.localcloud.machines.machine_kinds import possible_kinds

    return [kind for kind, reason in possible_kinds().items() if reason is None]


def up(project: Project, machines: str) -> Up:
    """Runs the project to its end. Raises CalledProcessError with what it said where it fails."""
    project.write()
    argv = [*tfinfra_command(), "up", "train.yaml", "--machines", machines]
    variables = {**os.environ, "TFINFRA_STATE_DIR": str(project.state)}
    with tempfile.TemporaryFile() as errors:
        began = time.time()
        client = subprocess.Popen(argv, cwd=project.folder, env=variables, stdout=subprocess.PIPE, stderr=errors)
        with _ended(client), _sampled(client.pid, project.name) as memory:
            shown = tuple(_blocks(client.stdout))
            code = client.wait()
        ended = time.time()
        if code:
            errors.seek(0)
            raise subprocess.CalledProcessError(code, argv, stderr=errors.read().decode(errors="replace"))
    results = max((project.folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    document = json.loads((results / "run.json").read_text())
    trained = max(unix_time(task["ended"]) for task in document["tasks"] if task["state"] == "succeeded")
    log = (results / "tasks" / f"{project.leader}.log").read_text(errors="replace")
    return Up(began, ended, shown, memory, document, trained, log)


@contextmanager
def _ended(client: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever ends the benchmark ends the run too, which then deletes what it made."""
    try:
        yield
    finally:
        if client.poll() is None:
            client.terminate()
            client.wait()


def _blocks(stream: IO[bytes] | None) -> Iterator[tuple[float, bytes]]:
    assert stream is not None
    while block := os.read(stream.fileno(), 1 << 16):
        yield time.time(), block
    stream.close()


@dataclass
class _Sampler:
    client: int
    name: str
    memory: Memory = field(default_factory=Memory)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.wait(SAMPLE_EACH):
            with suppress(psutil.Error, OSError):
                self._look_at_client()
            for pid in agents(self.name):
                self.memory.agent_mib = max(self.memory.agent_mib, peak_mib(pid))

    def _look_at_client(self) -> None:
        seen, client = self.memory, psutil.Process(self.client)
        family = [client, *client.children(recursive=True)]
        seen.client_mib = max(seen.client_mib, peak_mib(self.client))
        seen.client_tree_mib = max(seen.client_tree_mib, sum(rss_mib(p) for p in family))


@contextmanager
def _sampled(client: int, name: str) -> Iterator[Memory]:
    sampler = _Sampler(client, name)
    thread = threading.Thread(target=sampler.run, daemon=True)
    thread.start()
    try:
        yield sampler.memory
    finally:
        sampler.ended.set()
        thread.join()


def agents(name: str) -> list[int]:
    """The agents of the runs called `name`: their settings tell, looked up as the agent itself sees its files."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "tfinfra.agent" in words and "--settings" in words:
            settings = f"/proc/{process.pid}/root{words[words.index('--settings') + 1]}"
            with suppress(OSError, ValueError):
                if json.loads(Path(settings).read_text())["run"].startswith(f"{name}-"):
                    found.append(process.pid)
    return found


def rss_mib(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_info().rss) / 2**20
    return 0.0


def peak_mib(pid: int) -> float:
    """The most that a process ever had (VmHWM), 0.0 where it is gone."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    return 0.0
