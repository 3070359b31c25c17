"""What a page does: it calls the verb, as a process of its own that outlives this server, and keeps what that says. The
run's event log has that it was asked for here."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.system.ownership import make_private
from tfinfra.system.process import child_python
from tfinfra.text.cleaning import spelt_out

_SAID_BYTES = 4096
_MOST = 64


@dataclass(frozen=True)
class Act:
    """A verb that was called. `status` is its exit code, None while it goes on; `said` are its last lines."""

    command: str
    status: int | None
    said: tuple[str, ...]


@dataclass(frozen=True)
class _Called:
    words: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path


class Acts:
    """The verbs that this server has called, the last one of each run. Their logs are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._called: dict[str, _Called] = {}

    def begin(self, folder: RunFolder, verb: str, *more: str) -> None:
        """Calls `tfinfra <verb> <run> <more>`, unless that very command is under way. Raises OSError."""
        run = folder.path.name
        words = (verb, run, *more)
        known = self._called.get(run)
        if known is not None and known.process.poll() is None and known.words == words:
            return
        folder.audit.append("ui", asked=" ".join(words))
        make_private(self._folder)
        path = self._folder / f"{run}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                child_python.module("tfinfra", *words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._called.pop(run, None)
        self._called[run] = _Called(words, process, path)
        self._forget()

    def of(self, run: str) -> Act | None:
        """What was asked for here last of the run, and what became of it."""
        called = self._called.get(run)
        if called is None:
            return None
        return Act(f"tfinfra {' '.join(called.words)}", called.process.poll(), _last_lines(called.log))

    def await_end(self, run: str, seconds: float) -> None:
        """Returns once the verb has ended, or after so many seconds."""
        until = time.monotonic() + seconds
        while (called := self._called.get(run)) and called.process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)

    def under_way(self) -> list[str]:
        """The commands that go on by themselves when this server ends."""
        going = (called for called in self._called.values() if called.process.poll() is None)
        return [f"tfinfra {' '.join(called.words)}" for called in going]

    def _forget(self) -> None:
        ended = [run for run, called in self._called.items() if called.process.poll() is not None]
        for run in ended[: max(0, len(self._called) - _MOST)]:
            del self._called[run]


def _last_lines(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _SAID_BYTES))
            lines = spelt_out(file.read().decode(errors="replace")).splitlines()
    except OSError:
        return ()
    return tuple(lines[size > _SAID_BYTES :])
