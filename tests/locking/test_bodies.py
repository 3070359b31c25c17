"""What a lock says of the requests to ARM does not depend on the order in which the engine made them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tfinfra.compiler.pipeline import Compiled
from tfinfra.lifecycle.locking import bodies


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
        found.append(bodies.recorded_bodies(cast(Compiled, None)))
    assert found[0] == found[1]
    assert [one.resource for one in found[0].bodies] == ["files", "group", "share", "workflow"]
