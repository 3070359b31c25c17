"""What a store's own errors become, for a person and in a run's record."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.exceptions import (
    GenericError,
    InvalidPathError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from tests.lifecycle.fake_effects import DIGEST
from tests.lifecycle.fakes import World
from tfinfra.store import MemoryStore, keys
from tfinfra.store.waiting import store_trouble

TROUBLE = {
    "a connection that breaks": (GenericError("no route\nDebug source: pages"), 6, "does not answer: no route"),
    "a right that is missing": (PermissionDeniedError("403\nDebug source: pages"), 5, "refuses you: 403"),
    "a token that is no good": (UnauthenticatedError("401"), 5, "refuses you: 401"),
    "a key that no store takes": (InvalidPathError("a//b"), None, ""),
    "an object that is not there": (NotFoundError("404"), None, ""),
    "another error": (ValueError("x"), None, ""),
}


@pytest.mark.parametrize(("error", "code", "said"), TROUBLE.values(), ids=TROUBLE)
def test_it_is(error: Exception, code: int | None, said: str) -> None:
    told = store_trouble(error)
    assert (told.exit_code if told else None) == code
    assert told is None or str(told) == f"the run's store {said}"


def test_a_store_that_forbids_once_more_when_the_nodes_are_there_ends_no_run(tmp_path: Path) -> None:
    world, denied = World(tmp_path), list[str]()

    def flaps(verb: str, key: str) -> None:
        if verb == "put" and key == keys.RECORD and "tfinfra-digits-abc123-compute" in world.groups and not denied:
            denied.append(key)
            raise PermissionDeniedError("403 AuthorizationPermissionMismatch")

    world.store = MemoryStore(flaps)
    result = world.new_run().go()
    assert result.error is None
    assert denied == [keys.RECORD]


def test_the_record_and_the_process_end_with_the_same_code(tmp_path: Path) -> None:
    world = World(tmp_path)

    def fault(verb: str, key: str) -> None:
        if verb == "put" and key == keys.bundle_key(DIGEST):
            raise GenericError("no route\nDebug source: pages of it")

    world.store = MemoryStore(fault)
    result = world.new_run().go()
    assert result.error is not None
    assert (result.error.exit_code, result.record.exit_code) == (6, 6)
    assert result.record.message == "the run's store does not answer: no route"
    assert world.groups == {}
