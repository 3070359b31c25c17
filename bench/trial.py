"""One run that faults strike: its folder, its commands, its processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.common import tfinfra_command
from bench.schedules import Fault, Schedule

BOUND = 180.0
"""Seconds that a run, and each command after it, may take: the training takes 5, a node is waited for 30."""
FILES = 8
"""What each task writes."""


@dataclass
class Trial:
    """One schedule's run, in a folder of its own. `told` is all that any command said, `struck` what hit something and
    when (Unix seconds)."""

    schedule: Schedule
    folder: Path
    client: subprocess.Popen[bytes] | None = None
    told: str = ""
    struck: list[tuple[float, Fault]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    small_disk: bool = False

    def make(self) -> None:
        """The folders; for who may mount, the state's is a disk of its own that can be filled."""
        self.project.mkdir()
        self.state.mkdir(mode=0o700)
        if os.geteuid() == 0:
            line = ["mount", "-t", "tmpfs", "-o", "size=100m,mode=700", "tmpfs", str(self.state)]
            self.small_disk = subprocess.run(line, check=False).returncode == 0

    def give_up(self) -> None:
        """Ends the run, whatever becomes of its outputs."""
        (self.state / "filler").unlink(missing_ok=True)
        if self.run:
            self.command("down", "--discard", self.run)
        self.close()

    def close(self) -> None:
        if self.small_disk:
            subprocess.run(["umount", "-l", str(self.state)], check=False)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def run(self) -> str:
        """ "" until it has a name."""
        return next((path.name for path in (self.state / "runs").glob("*")), "")

    def written(self) -> list[str]:
        return self.ledger.read_text().split() if self.ledger.exists() else []

    def start(self, *arguments: str, out: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        variables = {**os.environ, "TFINFRA_STATE_DIR": str(self.state), "NO_COLOR": "1"}
        argv = [*tfinfra_command(), *arguments]
        return subprocess.Popen(argv, cwd=self.project, env=variables, stdout=out, stderr=out, start_new_session=True)

    def command(self, *arguments: str) -> int:
        """Its exit status; one that hangs is ended and wrong. What it said is added to `told`."""
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = self.start(*arguments, out=log)
        code = self.wait(process, arguments[0])
        self.told += f"$ {' '.join(arguments)}\n" + (self.folder / f"{arguments[0]}.log").read_text(errors="replace")
        return code

    def wait(self, process: subprocess.Popen[bytes], name: str) -> int:
        try:
            return process.wait(BOUND)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"{name} hangs: it had not ended after {BOUND:.0f} s")
            process.kill()
            return process.wait()


def processes_of(trial: Trial, words: str) -> list[psutil.Process]:
    """The trial's processes with `words` on their command line: they, or one above them, show its folder."""
    found = [p for p in psutil.process_iter() if words in line_of(p)]
    return [p for p in found if any(str(trial.folder) in line_of(each) + _place(each) for each in _with_parents(p))]


def line_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _place(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return str(process.environ().get("TFINFRA_STATE_DIR", ""))
    return ""


def _with_parents(process: psutil.Process) -> Iterator[psutil.Process]:
    yield process
    with suppress(psutil.Error):
        yield from process.parents()
