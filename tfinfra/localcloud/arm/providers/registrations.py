"""Resource providers and whether the subscription is registered for them, as Microsoft.Resources lists them."""

from __future__ import annotations

from typing import Any

from tfinfra.catalog.sizes import locations
from tfinfra.localcloud.arm.checks.types import catalogue
from tfinfra.localcloud.arm.providers.base import Surroundings
from tfinfra.localcloud.common.arm_error import ArmError
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

ALWAYS = ("microsoft.authorization", "microsoft.resources")


def provider(around: Surroundings, namespace: str) -> dict[str, Any]:
    """The document of one provider. Raises ArmError (404)."""
    found = next((d for d in providers(around) if d["namespace"].lower() == namespace.lower()), None)
    if found is None:
        message = f"The resource namespace '{namespace}' is invalid."
        raise ArmError(404, "InvalidResourceNamespace", message)
    return found


def providers(around: Surroundings) -> list[dict[str, Any]]:
    """All of them, by namespace."""
    types: dict[str, set[str]] = {}
    for name, _ in catalogue().resources.values():
        types.setdefault(name.partition("/")[0], set()).add(name.partition("/")[2])
    return [_document(around, namespace, sorted(types[namespace])) for namespace in sorted(types)]


def register(around: Surroundings, namespace: str) -> dict[str, Any]:
    """Registers the subscription, which takes as long as the market says. Raises ArmError (404)."""
    provider(around, namespace)
    around.registered.setdefault(namespace.lower(), around.now() + around.market.registering)
    return provider(around, namespace)


def _document(around: Surroundings, namespace: str, types: list[str]) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationFree" if namespace.lower() in ALWAYS else "RegistrationRequired",
        "registrationState": state(around, namespace),
        "resourceTypes": [_type(namespace, name) for name in types],
    }


def state(around: Surroundings, namespace: str) -> str:
    """ "Registered", unless it was set otherwise and nobody has registered it since."""
    wanted = {name.lower(): value for name, value in around.market.registrations.items()}
    found = wanted.get(namespace.lower(), "Registered")
    ready = around.registered.get(namespace.lower())
    if found == "Registered" or ready is None:
        return found
    return "Registered" if around.now() >= ready else "Registering"


def _type(namespace: str, name: str) -> dict[str, Any]:
    versions = catalogue().versions(f"{namespace}/{name}")
    return {"resourceType": name, "locations": sorted(locations()), "apiVersions": versions[::-1]}


def check(around: Surroundings, type_: str) -> None:
    """Raises ArmError (409) where the subscription may not use the type's provider yet (Azure/azure-sdk-for-node#2305,
    Azure/OpenShift#21)."""
    namespace = type_.partition("/")[0]
    if state(around, namespace) != "Registered":
        message = (
            f"The subscription is not registered to use namespace '{namespace}'. "
            "See https://aka.ms/rps-not-found for how to register subscriptions."
        )
        code = "MissingSubscriptionRegistration"
        details = [{"code": code, "target": namespace, "message": message}]
        raise ArmError(409, code, message, more={"details": details})
