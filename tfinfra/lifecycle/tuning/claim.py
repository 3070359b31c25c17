"""Who goes on with a tune whose client has gone: one alone, decided on this machine by a file in the tune's folder, and
between machines by an object in its store while that is there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from filelock import FileLock

from tfinfra.lifecycle.record.driver import ClientProcess, is_alive, this_process
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.lifecycle.record.trials import TRIAL_OR_RUN
from tfinfra.model.shapes import Moment, matching
from tfinfra.store import ObjectStore, encode, keys, read_file, readable, store_errors
from tfinfra.system.ownership import make_private
from tfinfra.system.whole_file import write_whole

_FILE = "resumed-by.json"
_MOST = 100
"""Claims in a store that are looked at: a node can write there too, and shall not keep anybody for ever."""
ELSEWHERE_SECONDS = 900.0
"""Seconds for which another machine's claim stands. In that time it has ended the tune, and the store has gone."""


@dataclass(frozen=True)
class Claim:
    """The tune `run` goes on with the one that this lies in; `client` is the process that made it so, `at` is in Unix
    seconds of its machine."""

    run: Annotated[str, matching(TRIAL_OR_RUN, "a run id")]
    client: ClientProcess
    at: Moment


def claim(folder: RunFolder, store: ObjectStore | None, run: str, now: float) -> str:
    """Who goes on with the tune of `folder`: `run`, unless another does already. One that came to nothing, or whose
    client died before it was begun, does not."""
    make_private(folder.path)
    with FileLock(folder.path / ".resumed"):
        mine, before = Claim(run, this_process(), now), read_file(folder.path / _FILE, Claim)
        given_up = ""
        if isinstance(before, Claim):
            if _stands(before, folder):
                return before.run
            given_up = before.run
        with suppress(*store_errors()):  # a store that does not answer decides nothing
            by = _claimed_in(store, mine, given_up) if store is not None else run
            if by != run:
                return by
        write_whole(folder.path / _FILE, encode(mine))
        return run


def _stands(claim: Claim, folder: RunFolder) -> bool:
    """Of one that was made on this machine."""
    other = folder.of(claim.run).read()
    return not other.came_to_nothing if other is not None else is_alive(claim.client)


def _claimed_in(store: ObjectStore, mine: Claim, given_up: str) -> str:
    """Whose claim holds in the store. The first place that is free is taken by one client alone; `given_up` is the run
    whose claim counts no more."""
    for sequence in range(_MOST):
        key = keys.claim_key(sequence)
        if store.put_if_absent(key, encode(mine)):
            break
        there = readable(store, key, Claim)
        if there is not None and there.run != given_up and abs(mine.at - there.at) < ELSEWHERE_SECONDS:
            return there.run
    return mine.run
