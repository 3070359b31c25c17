"""Ids that Azure makes up, stood in for before it has: each resource has its own, the same in every recording."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

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


def principals(requests: Iterable[ResourceRequest]) -> frozenset[str]:
    """The stand-ins for the identities that the requests make."""
    return frozenset(principal_of(request.path) for request in requests if request.arm_type == IDENTITIES)


def _made_up(what: str, identity: str) -> str:
    return str(uuid.uuid5(_NAMES, f"{what}|{identity.lower()}"))
