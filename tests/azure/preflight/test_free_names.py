"""Names that are taken, and locks that are in the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.azure.preflight.asked import BROUGHT, spelt_out
from tests.azure.preflight.replies import SUB, listed
from tfinfra.azure.preflight import free_names, resource_locks
from tfinfra.azure.preflight.finding import ArmReply


def lock(scope: str, level: str) -> dict[str, Any]:
    id_ = f"{SUB}{scope}/providers/Microsoft.Authorization/locks/hold"
    return {"id": id_, "name": "hold", "properties": {"level": level}}


LOCKS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a lock against deletion on the subscription": (lock("", "CanNotDelete"), [("subscription_id", "deleted")]),
    "a read-only subscription": (lock("", "ReadOnly"), [("subscription_id", "made")]),
    "a lock on somebody's group": (lock("/resourceGroups/other", "ReadOnly"), []),
    "a read-only network that the target brings": (lock("/resourceGroups/net", "ReadOnly"), [("subnet_id", "using s")]),
    "one that only may not be deleted": (lock("/resourceGroups/net", "CanNotDelete"), []),
}


@pytest.mark.parametrize("case", LOCKS)
def test_locks(case: str) -> None:
    given, expected = LOCKS[case]
    found = list(resource_locks.findings(listed(given), BROUGHT))
    assert [f.key for f in found] == [key for key, _ in expected]
    assert all(f.message.endswith(end) for f, (_, end) in zip(found, expected, strict=True))


def test_names_that_are_taken() -> None:
    there = ArmReply(200, {"properties": {"provisioningState": "Deleting"}})
    taken = ArmReply(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": "it is taken"})
    found = free_names.findings(
        {"a": there, "b": ArmReply(404, {})}, {"c": taken, "d": ArmReply(200, {"nameAvailable": True})}
    )
    assert spelt_out(found) == [
        ("TFI617", "name", "there is a resource group a already (Deleting)"),
        ("TFI617", "name", "the storage account name c cannot be used: it is taken"),
    ]
