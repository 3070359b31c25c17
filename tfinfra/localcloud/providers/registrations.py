"""Resource providers and whether the subscription is registered for them, as Microsoft.Resources lists them."""

from __future__ import annotations

from typing import Any

from tfinfra.catalog.sizes import locations
from tfinfra.localcloud.arm_error import ArmError
from tfinfra.localcloud.checks.types import catalogue
from tfinfra.localcloud.layout import SUBSCRIPTION
from tfinfra.localcloud.market import Market

ALWAYS = ("microsoft.authorization", "microsoft.resources")


def provider(market: Market, namespace: str) -> dict[str, Any]:
    """The document of one provider. Raises ArmError (404)."""
    found = next((d for d in providers(market) if d["namespace"].lower() == namespace.lower()), None)
    if found is None:
        message = f"The resource namespace '{namespace}' is invalid."
        raise ArmError(404, "InvalidResourceNamespace", message)
    return found


def providers(market: Market) -> list[dict[str, Any]]:
    """All of them, by namespace."""
    types: dict[str, set[str]] = {}
    for name, _ in catalogue().resources.values():
        types.setdefault(name.partition("/")[0], set()).add(name.partition("/")[2])
    return [_document(market, namespace, sorted(types[namespace])) for namespace in sorted(types)]


def _document(market: Market, namespace: str, types: list[str]) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationFree" if namespace.lower() in ALWAYS else "RegistrationRequired",
        "registrationState": state(market, namespace),
        "resourceTypes": [_type(namespace, name) for name in types],
    }


def state(market: Market, namespace: str) -> str:
    """ "Registered", unless it was set otherwise."""
    wanted = {name.lower(): value for name, value in market.registrations.items()}
    return wanted.get(namespace.lower(), "Registered")


def _type(namespace: str, name: str) -> dict[str, Any]:
    versions = catalogue().versions(f"{namespace}/{name}")
    return {"resourceType": name, "locations": sorted(locations()), "apiVersions": versions[::-1]}


def check(market: Market, type_: str) -> None:
    """Raises ArmError (409) where the subscription may not use the type's provider yet."""
    namespace = type_.partition("/")[0]
    if state(market, namespace) != "Registered":
        raise ArmError(
            409,
            "MissingSubscriptionRegistration",
            f"The subscription is not registered to use namespace '{namespace}'. "
            "See https://aka.ms/rps-not-found for how to register subscriptions.",
        )
