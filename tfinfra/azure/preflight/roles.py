"""The roles that the plan assigns: a custom one must have been defined before anybody can be given it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tfinfra.arm.requests import Request
from tfinfra.azure.preflight.finding import Finding, Reply

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


def definitions(requests: Iterable[Request]) -> tuple[str, ...]:
    """The ids of the role definitions that the requests assign, each once."""
    bodies = [r.body.get("properties") or {} for r in requests if r.arm_type == ASSIGNMENTS]
    return tuple(dict.fromkeys(str(body["roleDefinitionId"]) for body in bodies if body.get("roleDefinitionId")))


def findings(replies: Mapping[str, Reply]) -> Iterator[Finding]:
    """`replies` holds ARM's answer for each definition's id."""
    for id_, reply in replies.items():
        if reply.status == 404:
            message = f"the run assigns a role that this subscription does not have: {id_.rpartition('/')[2]}"
            hint = "`tfinfra setup azure` defines it, once for each subscription"
            yield Finding("TFI624", "subscription_id", message, hint)
