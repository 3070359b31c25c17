"""Tails log files into the store: numbered chunks of whole lines, none lost, however fast a task writes."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.agent.node.node_records import read
from tfinfra.errors import first_line
from tfinfra.model import Beat
from tfinfra.store import ObjectStore, keys, store_errors
from tfinfra.system.clock import Clock
from tfinfra.text.masking import mask, unfinished
from tfinfra.text.redrawing import collapse

CHUNK = 1 << 20  # bytes read at once, so that a chunk and the agent's memory stay small
_LONGEST_LINE = 1 << 16  # an unfinished line that is longer goes out in pieces
_FAST, _SLOW = 0.4, 15.0  # seconds between flushes: every flush of a remote store costs a transaction
_WATCHED_FOR = 20.0  # seconds that a watcher's beat counts
_LOOK_FOR_WATCHER = 2.0
_log = logging.getLogger(__name__)


@dataclass
class ShippedLog:
    """One log file on its way into the store: how far it was read, and the next chunk's number."""

    name: str
    path: Path
    offset: int = 0
    sequence: int = 0
    rest: bytes = b""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ship(self, store: ObjectStore, *, final: bool = False, hidden: tuple[bytes, ...] = ()) -> None:
        """Puts what the file has gained, without what is `hidden` (masking.needles); `final` also its last, unfinished
        line. What could not be put is read again by the next call."""
        with self.lock:
            # What comes meanwhile waits for the next call: a fast writer would be chased.
            written = 0
            with suppress(FileNotFoundError):
                written = self.path.stat().st_size
            while self.offset < written:
                with self.path.open("rb") as file:
                    file.seek(self.offset)
                    gained = file.read(CHUNK)
                if not gained:
                    break
                data = self.rest + gained
                end = data.rfind(b"\n") + 1
                lines, rest = data[:end], data[end:]
                if len(rest) > _LONGEST_LINE:
                    lines, rest = split_line(mask(data, hidden), hidden)
                if lines:
                    self._write(store, _shown(lines, hidden))
                self.offset, self.rest = self.offset + len(gained), rest
            if final and self.rest:
                self._write(store, _shown(self.rest, hidden) + b"\n")
                self.rest = b""

    def _write(self, store: ObjectStore, data: bytes) -> None:
        store.put(keys.log_key(self.name, self.sequence), data)
        self.sequence += 1


def _shown(lines: bytes, hidden: tuple[bytes, ...]) -> bytes:
    """The lines as they look last, without what is hidden: backspaces may cut it, and may put it together."""
    return mask(collapse(mask(lines, hidden)), hidden)


def split_line(data: bytes, hidden: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """Cuts masked `data` before what may be the begin of something hidden: that waits for what follows."""
    end = len(data) - unfinished(data, hidden)
    return data[:end], data[end:]


class LogShipper:
    """Ships all logs of a node from a thread of its own: each 0.4 s where that costs nothing or somebody watches."""

    def __init__(self, store: ObjectStore, clock: Clock, *, free: bool) -> None:
        self._store = store
        self._clock = clock
        self._free = free
        self._logs: dict[str, ShippedLog] = {}
        self._hidden: tuple[bytes, ...] = ()
        self._shipped = float("-inf")
        self._audience = Audience(store, clock)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, name: str, path: Path) -> None:
        """Ships `path` as the log `name` from now on."""
        self._logs = {**self._logs, name: ShippedLog(name, path)}

    def hide(self, needles: tuple[bytes, ...]) -> None:
        """From now on no log shows what `masking.needles` gave."""
        self._hidden = needles

    def finish(self, name: str) -> None:
        """Puts the rest of a log whose writer has ended."""
        if name in self._logs:
            self._logs[name].ship(self._store, final=True, hidden=self._hidden)

    def stop(self) -> None:
        """Puts the rest of all logs and ends the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        for name in self._logs:
            self.finish(name)

    def _run(self) -> None:
        while not self._ended.wait(_FAST):
            now = self._clock.monotonic()
            if now - self._shipped >= (_FAST if self._free or self._audience.is_watching() else _SLOW):
                self._shipped = now
                for log in list(self._logs.values()):
                    try:
                        log.ship(self._store, hidden=self._hidden)
                    except store_errors() as error:  # the offset has not moved: the next round tries again
                        _log.warning("could not put the log of %s: %s", log.name, first_line(error))


class Audience:
    """Whether a client looks at this run: its beat in control/watch.json has changed within 20 s of this node's own
    clock, for two machines' clocks may be far apart."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._looked = self._changed = float("-inf")
        self._beat: Beat | None = None

    def is_watching(self) -> bool:
        now = self._clock.monotonic()
        if now - self._looked >= _LOOK_FOR_WATCHER:
            self._looked = now
            try:
                beat = read(self._store, keys.WATCH, Beat)
            except store_errors() as error:
                _log.warning("could not see whether somebody watches: %s", first_line(error))
            else:
                if beat != self._beat:
                    self._beat, self._changed = beat, now
        return now - self._changed < _WATCHED_FOR
