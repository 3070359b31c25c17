"""What a page does: it calls the verb, as a process of its own that outlives this server, and keeps what that says. The
run's event log has that it was asked for here."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tfinfra.errors import UsageError
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
    """The verbs that this server has called, each verb's last call of each run, in their order. Their logs are in
    `folder`. Any thread may call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._called: dict[tuple[str, str], _Called] = {}
        self._changing = threading.Lock()
        self._one_by_one: dict[tuple[str, str], threading.Lock] = {}

    def begin(self, folder: RunFolder, verb: str, *more: str, check: Callable[[], object] = lambda: None) -> None:
        """Calls `tfinfra <verb> <run> <more>`, unless that very command is under way; `check` is called before, while
        no other call of the verb is begun here for the run. Raises OSError, what `check` raises, UsageError where
        another call of the verb is under way."""
        run = folder.path.name
        words = (verb, run, *more)
        with self._changing:
            alone = self._one_by_one.setdefault((run, verb), threading.Lock())
        with alone:
            known = self._called.get((run, verb))
            if known is not None and known.process.poll() is None:
                if known.words == words and verb == "down":
                    return
                raise UsageError(f"`tfinfra {' '.join(known.words)}` is under way", hint="look again once it has ended")
            check()
            folder.audit.append("ui", asked=" ".join(words))
            self._call(run, words)

    def _call(self, run: str, words: tuple[str, ...]) -> None:
        make_private(self._folder)
        path = self._folder / f"{run}.{words[0]}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                child_python.module("tfinfra", *words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        with self._changing:
            self._called.pop((run, words[0]), None)
            self._called[run, words[0]] = _Called(words, process, path)
            self._forget()

    def of(self, run: str) -> Act | None:
        """What was asked for here last of the run, and what became of it."""
        called = self._last(run)
        if called is None:
            return None
        return Act(f"tfinfra {' '.join(called.words)}", called.process.poll(), _last_lines(called.log))

    def _last(self, run: str) -> _Called | None:
        with self._changing:
            return next((called for (of, _), called in reversed(self._called.items()) if of == run), None)

    def under_way(self) -> list[str]:
        """The commands that go on by themselves when this server ends."""
        with self._changing:
            called = [*self._called.values()]
        return [f"tfinfra {' '.join(each.words)}" for each in called if each.process.poll() is None]

    def _forget(self) -> None:
        ended = [key for key, called in self._called.items() if called.process.poll() is not None]
        for key in ended[: max(0, len(self._called) - _MOST)]:
            del self._called[key]


def _last_lines(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _SAID_BYTES))
            lines = spelt_out(file.read().decode(errors="replace")).splitlines()
    except OSError:
        return ()
    return tuple(lines[size > _SAID_BYTES :])
