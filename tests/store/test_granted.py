"""A store to which access was granted a moment ago."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from tests.clocks import FakeClock
from tfinfra.store import GrantedStore, MemoryStore


class Flapping:
    """Forbids whatever is asked before `until`, but every third request."""

    def __init__(self, clock: FakeClock, until: float) -> None:
        self._clock, self._until, self._asked = clock, until, 0

    def __call__(self, verb: str, key: str) -> None:
        self._asked += 1
        if self._clock.now < self._until and self._asked % 3:
            raise PermissionDeniedError("AuthorizationPermissionMismatch")


def test_an_upload_bears_a_grant_that_comes_and_goes(tmp_path: Path) -> None:
    clock, file = FakeClock(0.0), tmp_path / "bundle"
    file.write_bytes(b"all of it")
    inner = MemoryStore(Flapping(clock, until=400.0))
    store = GrantedStore(inner, clock, 900.0)
    for name in ("a", "b", "c"):
        store.put_file(name, file)
        assert store.get(name) == b"all of it"
    store.get_file("a", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"all of it"


@pytest.mark.parametrize("age", [0.0, 1000.0], ids=["while the run is young", "once it is not"])
def test_what_stays_forbidden_is_told_when_the_patience_ends(age: float, tmp_path: Path) -> None:
    clock, file = FakeClock(0.0), tmp_path / "bundle"
    file.write_bytes(b"x")

    def forbid(verb: str, key: str) -> None:
        raise PermissionDeniedError("AuthorizationPermissionMismatch")

    store = GrantedStore(MemoryStore(forbid), clock, 900.0)
    clock.now = age
    with pytest.raises(PermissionDeniedError):
        store.put_file("a", file)
    assert clock.now <= max(age, 900.0)
    assert clock.now > 800.0


def test_other_faults_are_not_borne_here(tmp_path: Path) -> None:
    clock, file = FakeClock(0.0), tmp_path / "bundle"
    file.write_bytes(b"x")

    def fail(verb: str, key: str) -> None:
        raise GenericError("503")

    with pytest.raises(GenericError):
        GrantedStore(MemoryStore(fail), clock, 900.0).put_file("a", file)
    assert clock.now == 0.0
