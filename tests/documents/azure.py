"""Azure as documents meet it: this machine's ARM, and a person who is signed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tfinfra.localcloud.daemon.daemon_client import call
from tfinfra.localcloud.metadata.identity_endpoint import RehearsedCaller, person


def has_faults(azure: Rehearsed, faults: Iterable[Mapping[str, Any]]) -> None:
    """These, and no others."""
    assert call(azure.endpoint, "DELETE", "faults")[0] < 300
    for fault in faults:
        assert call(azure.endpoint, "POST", "faults", dict(fault))[0] < 300


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    folder = tmp_path_factory.mktemp("azure")
    caller = person()
    named = RehearsedCaller(caller.oid, {**caller.claims, "upn": "ada@contoso.com"})
    with rehearsed(folder / "cloud", folder, {"machines": "fake"}, named) as made:
        yield made
        has_faults(made, ())
