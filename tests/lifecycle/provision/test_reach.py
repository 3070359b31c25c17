"""Patience with a store whose grant has not arrived yet."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.clocks import FakeClock
from tests.lifecycle.fakes import World
from tfinfra.clouds import AZURE_TIMEOUTS
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.provision import provisioning
from tfinfra.store import MemoryStore
from tfinfra.store.waiting import await_store


def store_from(clock: FakeClock, granted: float) -> MemoryStore:
    """A store that refuses until `granted`."""

    def refuse(verb: str, key: str) -> None:
        if clock.now < granted:
            raise PermissionError("AuthorizationPermissionMismatch\nsecond line")

    return MemoryStore(refuse)


def test_a_grant_that_lags_is_waited_for() -> None:
    clock = FakeClock(0.0)
    await_store(store_from(clock, 400.0), timeout=900, clock=clock)
    assert 400 <= clock.now < 420


def run_on_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, granted: float) -> BaseException | None:
    """What ends a run whose store refuses it until `granted`, with the patience that it has on Azure."""
    clock, world = FakeClock(0.0), World(tmp_path)
    cloud, world.store = replace(world.cloud(), timeouts=AZURE_TIMEOUTS), store_from(clock, granted)
    monkeypatch.setattr(world, "cloud", lambda: cloud)
    monkeypatch.setattr(provisioning, "await_store", partial(await_store, clock=clock))
    result = world.new_run().go()
    assert (world.groups, clock.now > AZURE_TIMEOUTS.register) == ({}, True)
    return result.error


def test_a_run_on_azure_goes_on_with_a_grant_that_lags_for_half_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_on_azure(tmp_path, monkeypatch, 29 * 60) is None


def test_a_run_on_azure_gives_a_grant_up_after_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(run_on_azure(tmp_path, monkeypatch, 31 * 60), ProvisioningError)


def test_one_that_never_comes_is_told_with_what_it_takes() -> None:
    clock = FakeClock(0.0)
    with pytest.raises(ProvisioningError, match=r"AuthorizationPermissionMismatch$") as caught:
        await_store(store_from(clock, 9e9), timeout=900, clock=clock)
    assert "Storage Blob Data Contributor" in str(caught.value.hint)
    assert clock.now <= 900


def test_a_store_that_answers_is_not_waited_for() -> None:
    clock = FakeClock(0.0)
    await_store(store_from(clock, 0.0), timeout=900, clock=clock)
    assert clock.now == 0
