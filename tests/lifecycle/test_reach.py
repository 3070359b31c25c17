"""Patience with a store whose grant has not arrived yet."""

from __future__ import annotations

import pytest

from tfinfra.clouds import AZURE_TIMEOUTS
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.reach import GRANT, await_store
from tfinfra.store import MemoryStore


class _Time:
    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def store_from(time: _Time, granted: float) -> MemoryStore:
    """A store that refuses until `granted`."""

    def refuse(verb: str, key: str) -> None:
        if time.now < granted:
            raise PermissionError("AuthorizationPermissionMismatch\nsecond line")

    return MemoryStore(refuse)


def test_a_grant_that_lags_is_waited_for() -> None:
    time = _Time()
    await_store(store_from(time, 400.0), timeout=900, clock=time.clock, sleep=time.sleep)
    assert 400 <= time.now < 420


def test_on_azure_it_is_waited_for_as_long_as_one_may_lag() -> None:
    assert GRANT * AZURE_TIMEOUTS.register == 30 * 60


def test_one_that_never_comes_is_told_with_what_it_takes() -> None:
    time = _Time()
    with pytest.raises(ProvisioningError, match=r"AuthorizationPermissionMismatch$") as caught:
        await_store(store_from(time, 9e9), timeout=900, clock=time.clock, sleep=time.sleep)
    assert "Storage Blob Data Contributor" in str(caught.value.hint)
    assert time.now <= 900


def test_a_store_that_answers_is_not_waited_for() -> None:
    time = _Time()
    await_store(store_from(time, 0.0), timeout=900, clock=time.clock, sleep=time.sleep)
    assert time.now == 0
