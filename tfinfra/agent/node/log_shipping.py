"""Tails log files and files of points into the store: numbered chunks of whole lines, none lost, however fast a task
writes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.agent.node.node_records import read
from tfinfra.errors import first_line
from tfinfra.model import Beat
from tfinfra.store import ObjectStore, keys, log_chunk_of, reworded, store_errors
from tfinfra.system.clock import Clock
from tfinfra.text.masking import in_order, mask, masked, unfinished
from tfinfra.text.redrawing import collapse

CHUNK = 1 << 20  # bytes read at once, so that a chunk and the agent's memory stay small
_MOST_TIMES = 5000  # in a chunk; a store that does not answer for long gets no more of them
_LONGEST_LINE = 1 << 16  # an unfinished line that is longer goes out in pieces
_FAST, _SLOW = 0.4, 15.0  # seconds between flushes: every flush of a remote store costs a transaction
SELDOM = 60.0
"""Seconds between flushes of what comes without end and is of use afterwards alone: each is an object to bring home."""
_WATCHED_FOR = 20.0  # seconds that a watcher's beat counts
_LOOK_FOR_WATCHER = 2.0
_log = logging.getLogger(__name__)


Pieces = list[tuple[float, bytes]]
"""Whole lines of a file, each part with when it was found (Unix seconds)."""


@dataclass(frozen=True)
class Form:
    """What becomes of a file's lines in the store: the key of a chunk, by name and number, and the chunk of pieces,
    without what is hidden (masking.needles)."""

    key: Callable[[str, int], str]
    chunk: Callable[[Pieces, tuple[bytes, ...]], bytes]


def _log_chunk(pieces: Pieces, hidden: tuple[bytes, ...]) -> bytes:
    return log_chunk_of([(time, _shown(lines, hidden)) for time, lines in pieces])


def _points_chunk(pieces: Pieces, hidden: tuple[bytes, ...]) -> bytes:
    """Names and the texts of remarks are what a script chooses: what is hidden is looked for there, in no number."""
    data = b"".join(lines for _, lines in pieces)
    return reworded(data, lambda text: masked(text, hidden)) if hidden else data


LOG = Form(keys.log_key, _log_chunk)
POINTS = Form(keys.metrics_key, _points_chunk)


@dataclass
class ShippedLog:
    """One file on its way into the store: how far it was read, what of that is not in the store yet with the times
    at which it was found, and the next chunk's number. `tried` was put under that number, and nobody said that it
    arrived: it may be there, and read already, so nothing is added to it. Unwatched it is shipped `every` so many
    seconds, and was last at `shipped`."""

    name: str
    path: Path
    now: Callable[[], float] = time.time
    form: Form = LOG
    every: float = _SLOW
    shipped: float = float("-inf")
    offset: int = 0
    sequence: int = 0
    rest: bytes = b""
    tried: Pieces = field(default_factory=list)
    waiting: Pieces = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ship(self, store: ObjectStore, *, final: bool = False, hidden: tuple[bytes, ...] = ()) -> None:
        """Puts what the file has gained, without what is `hidden` (masking.needles); `final` also its last, unfinished
        line. What could not be put waits for the next call."""
        with self.lock:
            written = self._size()  # what comes meanwhile waits for the next call: a fast writer would be chased
            gains = True
            while gains:
                if not self._has_room(min(CHUNK, written - self.offset)):
                    self._put(store, hidden)
                gains = self._take(written)
            if final and self.rest:
                self.waiting.append((self.now(), self.rest + b"\n"))
                self.rest = b""
            self._put(store, hidden)

    def look(self) -> None:
        """Takes in what the file has gained, with the time; the next `ship` puts it."""
        with self.lock:
            if self._has_room(0):
                self._take(self._size())

    def _has_room(self, more: int) -> bool:
        """Whether what waits, and so many bytes more, make one chunk."""
        held = len(self.rest) + sum(len(data) for _, data in self.waiting)
        return len(self.waiting) < _MOST_TIMES and held + more <= CHUNK

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def _take(self, written: int) -> bool:
        """Reads on, up to so many bytes of the file; whether there was anything."""
        if self.offset >= written:
            return False
        with self.path.open("rb") as file:
            file.seek(self.offset)
            gained = file.read(CHUNK)
        data = self.rest + gained
        end = data.rfind(b"\n") + 1
        self.offset, self.rest = self.offset + len(gained), data[end:]
        if end:
            self.waiting.append((self.now(), data[:end]))
        return bool(gained)

    def _put(self, store: ObjectStore, hidden: tuple[bytes, ...]) -> None:
        if len(self.rest) > _LONGEST_LINE:
            lines, self.rest = split_line(mask(self.rest, hidden), hidden)
            self.waiting.append((self.now(), lines))
        while self.tried or self.waiting:
            if not self.tried:
                self.tried, self.waiting = self.waiting, []
            store.put(self.form.key(self.name, self.sequence), self.form.chunk(self.tried, hidden))
            self.sequence, self.tried = self.sequence + 1, []


def _shown(lines: bytes, hidden: tuple[bytes, ...]) -> bytes:
    """The lines as they look last, without what is hidden: backspaces may cut it, and may put it together."""
    return mask(collapse(mask(lines, hidden)), hidden)


def split_line(data: bytes, hidden: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """Cuts masked `data` before what may be the begin of something hidden: that waits for what follows."""
    end = len(data) - unfinished(data, hidden)
    return data[:end], data[end:]


class LogShipper:
    """Ships all logs and points of a node from a thread of its own: each 0.4 s where that costs nothing or somebody
    watches. `beside` ships the logs of another run on this node: neither shows what the other hides, for a command in
    one may read what is the other's. `within` ships those of a run that this one is a part of: what that hides is
    hidden here too, and whoever watches that watches this."""

    def __init__(
        self,
        store: ObjectStore,
        clock: Clock,
        *,
        free: bool,
        beside: LogShipper | None = None,
        within: LogShipper | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._free = free
        self._logs: dict[str, ShippedLog] = {}
        self._change = threading.Lock()
        self._beside = beside
        self._within = within
        self._hidden: tuple[bytes, ...] = other._hidden if (other := beside or within) else ()
        self._audience = Audience(store, clock)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, name: str, path: Path) -> None:
        """Ships `path` as the log `name` from now on."""
        with self._change:
            self._logs = {**self._logs, name: ShippedLog(name, path, self._clock.time)}

    def forget(self, name: str) -> None:
        """Ships a log no more: all of it is in the store."""
        with self._change:
            self._logs = {known: log for known, log in self._logs.items() if known != name}

    def add_points(self, task: str, path: Path, every: float = _SLOW) -> None:
        """Ships the lines of `path` as the points of `task` from now on; unwatched, `every` so many seconds."""
        points = ShippedLog(task, path, self._clock.time, POINTS, every)
        with self._change:
            self._logs = {**self._logs, keys.metrics_folder(task): points}

    def is_watched(self) -> bool:
        """Whether somebody looks at the run now, or looking costs nothing."""
        within = self._within is not None and self._within.is_watched()
        return self._free or within or self._audience.is_watching()

    def hide(self, needles: tuple[bytes, ...]) -> None:
        """From now on no log shows what `masking.needles` gave, nor what it gave before."""
        self._hidden = in_order({*self._hidden, *needles})
        if self._beside:
            self._beside.hide(needles)

    def finish(self, name: str) -> None:
        """Puts the rest of a log whose writer has ended, and of its points."""
        for each in (name, keys.metrics_folder(name)):
            if each in self._logs:
                self._logs[each].ship(self._store, final=True, hidden=self._hidden)

    def finish_all(self) -> None:
        """Puts the rest of all logs, each of which may go on later. Raises what the store raises."""
        for name in list(self._logs):
            self.finish(name)

    def stop(self) -> None:
        """Puts the rest of all logs and ends the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self.finish_all()

    def _run(self) -> None:
        while not self._ended.wait(_FAST):
            self.go_round()

    def go_round(self) -> None:
        """Puts what is due of each log, and takes in what the others have gained."""
        now, watched = self._clock.monotonic(), self.is_watched()
        for log in list(self._logs.values()):
            if now - log.shipped < (_FAST if watched else log.every):
                log.look()
                continue
            log.shipped = now
            try:
                log.ship(self._store, hidden=self._hidden)
            except store_errors() as error:  # it waits: a later round tries again
                _log.warning("could not put the log of %s: %s", log.name, first_line(error))


class Audience:
    """Whether a client looks at this run: its beat at `key` has changed within 20 s of this node's own clock, for two
    machines' clocks may be far apart."""

    def __init__(self, store: ObjectStore, clock: Clock, key: str = keys.WATCH) -> None:
        self._key = key
        self._store = store
        self._clock = clock
        self._looked = self._changed = float("-inf")
        self._beat: Beat | None = None

    def is_watching(self) -> bool:
        now = self._clock.monotonic()
        if now - self._looked >= _LOOK_FOR_WATCHER:
            self._looked = now
            try:
                beat = read(self._store, self._key, Beat)
            except store_errors() as error:
                _log.warning("could not see whether somebody watches: %s", first_line(error))
            else:
                if beat != self._beat:
                    self._beat, self._changed = beat, now
        return now - self._changed < _WATCHED_FOR
