"""The roles that the plan assigns: a custom one must have been defined before anybody can be given it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfinfra.arm import standins
from tfinfra.arm.deleter_role import setup_command
from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.preflight.finding import ArmReply, Finding

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


def definitions(requests: Iterable[ResourceRequest]) -> tuple[str, ...]:
    """The ids of the role definitions that the requests assign, each once."""
    bodies = _assignments(requests)
    return tuple(dict.fromkeys(str(body["roleDefinitionId"]) for body in bodies if body.get("roleDefinitionId")))


def existing_principals(requests: Iterable[ResourceRequest]) -> frozenset[str]:
    """The object ids that are given roles and are not those of identities that the requests make: the caller's."""
    requests = tuple(requests)
    given = frozenset(str(body["principalId"]) for body in _assignments(requests) if body.get("principalId"))
    return given - standins.principals(requests)


def _assignments(requests: Iterable[ResourceRequest]) -> list[dict[str, Any]]:
    return [request.body.get("properties") or {} for request in requests if request.arm_type == ASSIGNMENTS]


def findings(replies: Mapping[str, ArmReply]) -> Iterator[Finding]:
    """`replies` holds ARM's answer for each definition's id."""
    for id_, reply in replies.items():
        if reply.status == 404:
            message = f"the run assigns a role that this subscription does not have: {id_.rpartition('/')[2]}"
            hint = f"`{setup_command(id_.split('/')[2])}` defines it, once for each subscription"
            yield Finding("TFI624", "subscription_id", message, hint)
