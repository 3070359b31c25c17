"""Says each second that this node lives, and sees which of the others no longer does.

A peer is judged by this node's own clock: it is lost when its sequence has not risen for `timeout` seconds here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tfinfra.agent.node.node_records import read, write
from tfinfra.errors import first_line
from tfinfra.model import Heartbeat
from tfinfra.store import ObjectStore, keys, store_errors
from tfinfra.system.clock import Clock

_BEAT = 1.0
_READERS = 16
_log = logging.getLogger(__name__)


class Heartbeats:
    """This node's own heartbeat, from a thread of its own. What is announced of the node is told `beside` too, where it
    beats for two runs."""

    def __init__(self, store: ObjectStore, node_id: str, clock: Clock, beside: Heartbeats | None = None) -> None:
        self._store = store
        self._node_id = node_id
        self._clock = clock
        self._sequence = self._changes = 0
        self._phase = "starting"
        self._notice = ""
        self._beside = beside
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    @property
    def notice(self) -> str:
        return self._notice or (self._beside.notice if self._beside else "")

    def start(self) -> None:
        self._thread.start()

    def say(self, phase: str) -> None:
        """Tells what the node is doing from now on, with a beat at once."""
        self._phase = phase
        self._wake.set()

    def count_change(self) -> None:
        """Tells that a task's status was written, with a beat at once."""
        self._changes += 1
        self._wake.set()

    def warn(self, notice: str) -> None:
        """Tells what is about to happen to the node, with a beat at once."""
        self._notice = notice
        self._wake.set()

    def stop(self) -> None:
        self._ended = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            self._beat()
            self._wake.wait(_BEAT)
            self._wake.clear()
        self._beat()

    def _beat(self) -> None:
        self._sequence += 1
        beat = Heartbeat(self._node_id, self._sequence, self._clock.time(), self._phase, self._changes, self.notice)
        try:
            write(self._store, keys.heartbeat_key(self._node_id), beat)
        except store_errors() as error:  # a beat that is missing is what the others look for; the next one may come
            _log.warning("could not write the heartbeat: %s", first_line(error))


@dataclass
class Peer:
    """What was last seen of a node, and when (this observer's monotonic seconds)."""

    beat: Heartbeat | None
    seen: float


class Peers:
    """Watches nodes by their heartbeats. `ids` maps a node's rank to its id."""

    def __init__(self, store: ObjectStore, ids: Mapping[int, str], clock: Clock, timeout: float) -> None:
        self._store = store
        self._ids = dict(ids)
        self._clock = clock
        self._timeout = timeout
        self._polled = clock.monotonic()
        self._peers = {rank: Peer(None, self._polled) for rank in ids}

    def poll(self) -> list[int]:
        """Reads all heartbeats; returns the nodes whose count of task statuses has risen."""
        if len(self._ids) <= _READERS:
            beats = {rank: self._read(rank) for rank in self._ids}
        else:
            with ThreadPoolExecutor(_READERS) as pool:
                beats = dict(zip(self._ids, pool.map(self._read, self._ids), strict=True))
        self._forgive_silence_of_store()
        changed = []
        for rank, beat in beats.items():
            before = self._peers[rank].beat
            if beat is None or (before and beat.sequence <= before.sequence):
                continue
            self._peers[rank] = Peer(beat, self._clock.monotonic())
            if beat.changes > (before.changes if before else 0):
                changed.append(rank)
        return changed

    def lost(self) -> list[int]:
        """The nodes that have not beaten for too long."""
        now = self._clock.monotonic()
        return [rank for rank, peer in self._peers.items() if now - peer.seen > self._timeout]

    def seen(self, rank: int) -> float:
        """When (monotonic seconds) a new beat of the node was last read."""
        return self._peers[rank].seen

    def phase(self, rank: int) -> str:
        beat = self._peers[rank].beat
        return beat.phase if beat else ""

    def notice(self, rank: int) -> str:
        """What the node last said is about to happen to it."""
        beat = self._peers[rank].beat
        return beat.notice if beat else ""

    def _forgive_silence_of_store(self) -> None:
        """Where the store did not answer for long, or this process was stopped, the others had no chance to be seen."""
        now = self._clock.monotonic()
        gap = now - self._polled
        if gap > self._timeout / 2:
            for peer in self._peers.values():
                peer.seen += gap
        self._polled = now

    def _read(self, rank: int) -> Heartbeat | None:
        try:
            return read(self._store, keys.heartbeat_key(self._ids[rank]), Heartbeat)
        except store_errors() as error:
            _log.warning("could not read the heartbeat of node %d: %s", rank, first_line(error))
            return None
