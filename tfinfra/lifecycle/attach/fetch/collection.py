"""The wait of whoever brings a run home for its nodes, which have ended their tasks and bring what these wrote into the
store."""

from __future__ import annotations

import time

from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.watch.waiting import waiting_for_outputs
from tfinfra.model import CollectingMark, Outcome, Timeouts
from tfinfra.store import LARGE, ObjectStore, content, keys, readable, store_errors
from tfinfra.system.clock import right_now
from tfinfra.system.progress import Progress

LOOK = 0.5


def await_outputs(store: ObjectStore, outcome: Outcome, timeouts: Timeouts, progress: Progress) -> bool:
    """Waits for what the tasks of an ended training wrote, until the nodes themselves give that up; `progress` hears
    what is waited for. Whether all is in the store then."""
    found = readable(store, keys.COLLECTING, CollectingMark, LARGE)
    progress(str(waiting_for_outputs(outcome, found, timeouts)))
    return await_collected(store, min(timeouts.collect, outcome.ended + timeouts.collect - right_now()), timeouts)


def await_collected(store: ObjectStore, most: float, timeouts: Timeouts) -> bool:
    """Waits until the nodes have said that all is in the store, `most` seconds at most, and as long as one of them
    beats. Whether they have said so."""
    beats, heard = _beats(store), time.monotonic()
    until = heard + most
    while not (done := _is_done(store)) and time.monotonic() < min(until, heard + timeouts.heartbeat):
        time.sleep(LOOK)
        now = _beats(store)
        if now != beats:
            beats, heard = now, time.monotonic()
    return done


def _is_done(store: ObjectStore) -> bool:
    """A store that does not answer has not said so yet."""
    try:
        return is_collected(store)
    except store_errors():
        return False


def _beats(store: ObjectStore) -> dict[str, bytes | None]:
    try:
        return {key: content(store, key) for key in store.list(keys.HEARTBEATS)}
    except store_errors():
        return {}
