"""Resource providers: registered for the subscription, and there in the location.

Source: learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.preflight.finding import ArmReply, Finding, normal
from tfinfra.errors import Severity

FREE = ("microsoft.authorization", "microsoft.resources")
"""Providers that every subscription has."""
USUAL = tuple(f"Microsoft.{name}" for name in ("Compute", "Logic", "ManagedIdentity", "Network", "Storage"))
"""Those of which nearly every run makes something: asked before it is known what a plan makes."""
REGISTERING = "registering"
BEING_REGISTERED, NOT_REGISTERED = "TFI635", "TFI614"


def namespaces(requests: Iterable[ResourceRequest]) -> tuple[str, ...]:
    """The providers that the requests need and that must be registered, by name."""
    found = {request.arm_type.partition("/")[0] for request in requests}
    return tuple(sorted(name for name in found if name.lower() not in FREE))


def findings(requests: tuple[ResourceRequest, ...], replies: Mapping[str, ArmReply]) -> Iterator[Finding]:
    """`replies` holds ARM's document of each provider."""
    for namespace, reply in replies.items():
        if not reply.ok:
            continue
        state = str(reply.body.get("registrationState", ""))
        if state.lower() == REGISTERING:
            message = f"the subscription is being registered for {namespace}, which takes a minute or two"
            hint = f"`up` waits for it; `az provider show -n {namespace}` shows its state"
            yield Finding(BEING_REGISTERED, "subscription_id", message, hint, Severity.WARNING)
        elif state.lower() != "registered":
            message = f"the subscription is not registered for {namespace} ({state or 'NotRegistered'})"
            yield Finding(NOT_REGISTERED, "subscription_id", message, f"az provider register -n {namespace}")
        for type_ in reply.body.get("resourceTypes") or ():
            name = f"{namespace}/{type_.get('resourceType')}"
            offered = {normal(location) for location in type_.get("locations") or ()} - {"", "global"}
            of_type = [r.body for r in requests if r.arm_type.lower() == name.lower()]
            needed = {normal(body["location"]) for body in of_type if "location" in body} - {"global"}
            for location in sorted(needed - offered if offered else ()):
                yield Finding("TFI615", "location", f"{name}, which the run needs, is not offered in {location}")


def summary(replies: Mapping[str, ArmReply]) -> str:
    """One line for a person."""
    known = [name.partition(".")[2] for name, reply in replies.items() if reply.ok]
    return f"registered for {', '.join(known)}" if known else "not known"
