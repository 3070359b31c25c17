"""Ids that Azure makes up, stood in for before it has: each resource has its own, the same in every recording."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from tfinfra.arm.body_shapes import body_type, from_arm
from tfinfra.arm.requests import ResourceRequest

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_NAMES = uuid.UUID("0d8c8c0e-55a4-5c1b-9b35-3a4c5a0c2f4e")


def principal_of(identity: str) -> str:
    """The object id of a managed identity (an ARM id) that is not made yet.

    Names of role assignments follow from it: one for all identities would let two assignments have one name, and ARM
    refuses a template that names a resource twice.
    """
    return _made_up("principal", identity)


def client_of(identity: str) -> str:
    """The same identity's client id, which is another."""
    return _made_up("client", identity)


def identity_ids(identity: str) -> dict[str, str]:
    """Both, as ARM names them among an identity's properties."""
    return {"principalId": principal_of(identity), "clientId": client_of(identity)}


def outputs_of(request: ResourceRequest) -> dict[str, Any]:
    """What azure-native would give out for the resource: its body, and what ARM is known to add to it."""
    name = request.path.rsplit("/", 1)[-1]
    ends = {part: f"https://{name}.{part}.core.windows.net/" for part in ("blob", "file")}
    names = [{"fqdn": "files.file.core.windows.net", "ipAddresses": ["10.9.0.7"]}]
    flat = from_arm(body_type(request.arm_type, request.api_version), request.body)
    own = identity_ids(request.path) if request.arm_type == IDENTITIES else {}
    return {**flat, "name": name, **own, "primaryEndpoints": ends, "customDnsConfigs": names}


def principals(requests: Iterable[ResourceRequest]) -> frozenset[str]:
    """The stand-ins for the identities that the requests make."""
    return frozenset(principal_of(request.path) for request in requests if request.arm_type == IDENTITIES)


def _made_up(what: str, identity: str) -> str:
    return str(uuid.uuid5(_NAMES, f"{what}|{identity.lower()}"))
