"""What a lock says of the requests to ARM: in one order, and recorded once for one program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.locking import locks
from tests.locking.test_differences import edited
from tfinfra.compiler.pipeline import Compiled
from tfinfra.lifecycle.locking import bodies, known_requests
from tfinfra.lifecycle.locking.known_requests import requests_of
from tfinfra.locking.now import Requests
from tfinfra.system.progress import say_nothing


def _request(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "arm_type": f"Microsoft.X/{name}",
        "api_version": "2025-01-01",
        "path": f"/{name}",
        "body": {},
    }


def test_two_recordings_in_another_order_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("workflow", "files", "share")
    found = []
    for order in (names, tuple(reversed(names))):
        parts = ({"requests": [_request("group")]}, {"requests": [_request(name) for name in order]})
        monkeypatch.setattr(bodies, "_recorded", lambda _, parts=parts: parts)
        found.append(bodies.recorded_requests(cast(Compiled, None)))
    assert found[0] == found[1]
    assert [one.resource for one in found[0].bodies] == ["files", "group", "share", "workflow"]


def test_what_the_lock_lacks_is_told_in_the_order_of_the_requests(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = locks.requests()
    more = [replace(asked.bodies[-1], resource=f"vnet-{number}") for number in range(9)]
    monkeypatch.setattr(bodies, "recorded_requests", lambda _: replace(asked, bodies=(*asked.bodies, *more)))
    told = [found.message for found in locks.found(manifest, full=True)]
    assert told == [f"the program asks for '{one.resource}' ({one.type}), which is not in the lock" for one in more]


def test_one_program_is_recorded_once_and_anew_where_that_is_wished(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = list[str]()

    def record(compiled: Compiled) -> Requests:
        recorded.append(str(compiled.plan.arguments))
        return locks.requests()

    monkeypatch.setattr(bodies, "recorded_requests", record)
    compiled = locks.compiled(manifest)
    assert requests_of(compiled, say_nothing) == locks.requests() and recorded == []  # `lock` has done it
    requests_of(compiled, say_nothing, anew=True)
    assert len(recorded) == 1
    edited("train.yaml", "--epochs: 3", "--epochs: 4")(manifest.parent)
    for _ in range(2):
        requests_of(locks.compiled(manifest), say_nothing)
    assert len(recorded) == 2


def test_the_light_installation_says_that_it_compares_no_requests(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list[str]()
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "another"))
    monkeypatch.setattr(known_requests, "missing_run_packages", lambda: ["pulumi"])
    assert locks.found(manifest, progress=said.append) == ()
    assert said[-1] == "what ARM is asked was not compared: that needs tfinfra[run]"


def test_where_there_is_no_cache_they_are_recorded_each_time(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "file"))
    assert requests_of(locks.compiled(manifest), say_nothing) == locks.requests()
