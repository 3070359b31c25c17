"""Whether the resource providers that the plan needs are registered, and there."""

from __future__ import annotations

import pytest

from tests.azure.preflight.asked import ACCOUNT, ROLE
from tfinfra.azure.preflight import registration
from tfinfra.azure.preflight.finding import ArmReply


def provider(state: str, locations: list[str]) -> ArmReply:
    types = [{"resourceType": "storageAccounts", "locations": locations}]
    return ArmReply(200, {"registrationState": state, "resourceTypes": types})


PROVIDERS: dict[str, tuple[ArmReply, list[tuple[str, str]]]] = {
    "registered, and there": (provider("Registered", ["West US", "East US"]), []),
    "not registered": (provider("NotRegistered", ["East US"]), [("TFI614", "subscription_id")]),
    "being registered": (provider("Registering", ["East US"]), [("TFI635", "subscription_id")]),
    "not in the location": (provider("Registered", ["West US"]), [("TFI615", "location")]),
    "a type without locations is everywhere": (provider("Registered", []), []),
}


@pytest.mark.parametrize("case", PROVIDERS)
def test_providers(case: str) -> None:
    reply, expected = PROVIDERS[case]
    found = registration.findings((ACCOUNT, ROLE), {"Microsoft.Storage": reply})
    assert [(f.code, f.key) for f in found] == expected
    assert registration.namespaces((ACCOUNT, ROLE)) == ("Microsoft.Storage",)
