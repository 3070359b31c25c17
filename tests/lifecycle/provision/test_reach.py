"""Patience with a store whose grant has not arrived yet."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.lifecycle.fakes import World
from tfinfra.clouds import AZURE_TIMEOUTS
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.provision import provisioning
from tfinfra.store import MemoryStore
from tfinfra.store.waiting import await_store


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


def run_on_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, granted: float) -> BaseException | None:
    """What ends a run whose store refuses it until `granted`, with the patience that it has on Azure."""
    time, world = _Time(), World(tmp_path)
    cloud, world.store = replace(world.cloud(), timeouts=AZURE_TIMEOUTS), store_from(time, granted)
    monkeypatch.setattr(world, "cloud", lambda: cloud)
    monkeypatch.setattr(provisioning, "await_store", partial(await_store, clock=time.clock, sleep=time.sleep))
    result = world.new_run().go()
    assert (world.groups, time.now > AZURE_TIMEOUTS.register) == ({}, True)
    return result.error


def test_a_run_on_azure_goes_on_with_a_grant_that_lags_for_half_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_on_azure(tmp_path, monkeypatch, 29 * 60) is None


def test_a_run_on_azure_gives_a_grant_up_after_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(run_on_azure(tmp_path, monkeypatch, 31 * 60), ProvisioningError)


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
