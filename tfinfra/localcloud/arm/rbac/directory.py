"""The tenant's directory: its principals, their types, and how late ARM learns of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource, State
from tfinfra.localcloud.common.state_folder import TENANT

TYPES = ("User", "Group", "ServicePrincipal")
OWNERS = {tokens.OWNER_OID: "User", tokens.PIPELINE_OID: "ServicePrincipal"}


@dataclass(frozen=True)
class Directory:
    """`principals` are those beside the owners and the managed identities, {object id: type}; `role_names` those that
    custom roles of other subscriptions of the tenant have; `most_assignments` what a subscription may hold;
    `token_seconds` how long a token lives that is had for an assertion.

    Seconds that Azure takes, 0 by default: `replication` until ARM finds a new principal, `granting` until all of ARM's
    `replicas`, which answer in turn, know a new assignment (learn.microsoft.com/azure/role-based-access-control
    /troubleshooting: up to 10 minutes; hashicorp/terraform-provider-azurerm#6934: it comes and goes).
    """

    principals: Mapping[str, str] = field(default_factory=dict)
    role_names: tuple[str, ...] = ()
    most_assignments: int = 4000
    token_seconds: int = 3600
    replication: float = 0.0
    granting: float = 0.0
    replicas: int = 1

    def changed(self, document: Mapping[str, Any]) -> Directory:
        """This one with the members of `document` in place of its own. Raises ArmRefusal (400)."""
        known = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        if unknown := set(document) - set(known):
            raise ArmRefusal(400, "InvalidRequestContent", f"the directory has no {', '.join(sorted(unknown))}")
        try:
            made = replace(self, **{name: known[name](value) for name, value in document.items()})
        except (TypeError, ValueError) as error:
            raise ArmRefusal(400, "InvalidRequestContent", str(error)) from error
        if not set(made.principals.values()) <= set(TYPES) or made.replicas < 1:
            raise ArmRefusal(400, "InvalidRequestContent", f"a principal is one of {', '.join(TYPES)}")
        return made

    def type_of(self, state: State, principal: str) -> str | None:
        """The principal's type, None where there is no such principal."""
        known = {**OWNERS, **self.principals}
        if principal in known:
            return known[principal]
        return "ServicePrincipal" if _identity(state, principal) else None

    def is_replicated(self, state: State, principal: str, now: float) -> bool:
        """Whether the replica that ARM asks knows the principal by now."""
        made = _identity(state, principal)
        return made is None or now >= float(made.internal.get("made", 0.0)) + self.replication

    def has_taken_effect(self, assignment: ArmResource, now: float, turn: int) -> bool:
        """Whether the replica that answers in this `turn` knows the assignment: each comes to know it a while after the
        one before."""
        share = (turn % self.replicas + 1) / self.replicas
        return now >= float(assignment.internal.get("made", 0.0)) + share * self.granting


def _identity(state: State, principal: str) -> ArmResource | None:
    """The resource whose managed identity the principal is."""
    for resource in state.below(""):
        identity = resource.body.get("identity") or {}
        if resource.type != "Microsoft.Authorization/roleAssignments" and principal in (
            resource.properties.get("principalId"),
            identity.get("principalId"),
        ):
            return resource
    return None


def check_principal(state: State, directory: Directory, properties: Mapping[str, Any], now: float) -> None:
    """Raises ArmRefusal (400) for an assignment's principal that ARM does not find, or finds to be of another type than
    is said: Azure/avdaccelerator#76, Azure/modern-web-app-pattern-dotnet#129. Where a type is said, ARM does not look
    for the principal in a replica that may lag behind (learn.microsoft.com/azure/role-based-access-control
    /role-assignments-template#new-service-principal)."""
    principal, said = str(properties.get("principalId")), properties.get("principalType")
    found = directory.type_of(state, principal)
    short = principal.replace("-", "")
    if found is None or (said is None and not directory.is_replicated(state, principal, now)):
        raise ArmRefusal(
            400,
            "PrincipalNotFound",
            f"Principal {short} does not exist in the directory {TENANT}. Check that you have the correct principal "
            "ID. If you are creating this principal and then immediately assigning a role, this error might be related "
            "to a replication delay. In this case, set the role assignment principalType property to a value, such as "
            "ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
        )
    if said is not None and str(said).lower() != found.lower():
        raise ArmRefusal(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{short}' has type '{found}' , which is different from specified PrinciaplType '{said}'.",
        )
