"""Resource providers and whether the subscription is registered for them, as Microsoft.Resources lists them."""

from __future__ import annotations

from typing import Any

from tfinfra.catalog.sizes import locations
from tfinfra.localcloud.arm.checks.types import catalogue
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

ALWAYS = ("microsoft.authorization", "microsoft.resources")


def provider(context: CloudContext, namespace: str) -> dict[str, Any]:
    """The document of one provider. Raises ArmRefusal (404)."""
    found = next((d for d in providers(context) if d["namespace"].lower() == namespace.lower()), None)
    if found is None:
        message = f"The resource namespace '{namespace}' is invalid."
        raise ArmRefusal(404, "InvalidResourceNamespace", message)
    return found


def providers(context: CloudContext) -> list[dict[str, Any]]:
    """All of them, by namespace."""
    types: dict[str, set[str]] = {}
    for name, _ in catalogue().resources.values():
        types.setdefault(name.partition("/")[0], set()).add(name.partition("/")[2])
    found = []
    for namespace in sorted(types):
        listed = []
        for type_ in sorted(types[namespace]):
            versions = catalogue().versions(f"{namespace}/{type_}")[::-1]
            listed.append({"resourceType": type_, "locations": sorted(locations()), "apiVersions": versions})
        policy = "RegistrationFree" if namespace.lower() in ALWAYS else "RegistrationRequired"
        document = {
            "id": f"/subscriptions/{SUBSCRIPTION}/providers/{namespace}",
            "namespace": namespace,
            "registrationPolicy": policy,
            "registrationState": state(context, namespace),
            "resourceTypes": listed,
        }
        found.append(document)
    return found


def register(context: CloudContext, namespace: str) -> dict[str, Any]:
    """Registers the subscription, which takes `registering` seconds. Raises ArmRefusal (404)."""
    provider(context, namespace)
    context.registered.setdefault(namespace.lower(), context.now() + context.subscription.registering)
    return provider(context, namespace)


def state(context: CloudContext, namespace: str) -> str:
    """ "Registered", unless the settings say otherwise and no caller has registered it since."""
    states = {name.lower(): value for name, value in context.subscription.registrations.items()}
    found = states.get(namespace.lower(), "Registered")
    ready = context.registered.get(namespace.lower())
    if found == "Registered" or ready is None:
        return found
    return "Registered" if context.now() >= ready else "Registering"


def check(context: CloudContext, type_: str) -> None:
    """Raises ArmRefusal (409) where the subscription may not use the type's provider yet
    (Azure/azure-sdk-for-node#2305, Azure/OpenShift#21)."""
    namespace = type_.partition("/")[0]
    if state(context, namespace) != "Registered":
        message = (
            f"The subscription is not registered to use namespace '{namespace}'. "
            "See https://aka.ms/rps-not-found for how to register subscriptions."
        )
        code = "MissingSubscriptionRegistration"
        details = [{"code": code, "target": namespace, "message": message}]
        raise ArmRefusal(409, code, message, more={"details": details})
