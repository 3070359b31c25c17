"""The rights that a write needs on the resources that its body names: ARM checks one for each of them, at that
resource's own scope, before any provider sees the write (ARM's "linked access" check).

The actions: learn.microsoft.com/azure/role-based-access-control/permissions, by the words of their descriptions ("Joins
a …", "Assigns an …"). The words of the refusal: MicrosoftDocs/azure-docs#96892, in which ARM may also say "action(s)"
and "(respectively)" (openshift/release#76853); of several resources, Azure/aad-pod-identity#339.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.localcloud.arm.checks.references import references
from tfinfra.localcloud.arm.checks.types import catalogue
from tfinfra.localcloud.arm.providers.authorization import action_of, may
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal

_NETWORK = "Microsoft.Network"
_RULES = f"{_NETWORK}/networkSecurityGroups"
_MEMBERS = f"{_NETWORK}/applicationSecurityGroups"
TAKES: Mapping[str, str] = {
    action.rsplit("/", 2)[0].lower(): action
    for action in (
        "Microsoft.Compute/capacityReservationGroups/deploy/action",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        f"{_NETWORK}/natGateways/join/action",
        f"{_RULES}/join/action",
        f"{_NETWORK}/privateDnsZones/join/action",
        f"{_NETWORK}/publicIPAddresses/join/action",
        f"{_NETWORK}/virtualNetworks/join/action",
        f"{_NETWORK}/virtualNetworks/subnets/join/action",
    )
}
"""{type in lower case: the action}. azure/rights/linked_actions.py has the same table for the client, which asks before
it writes. There are two on purpose: a cloud that checked a client by the client's own table would find no fault in it.
tests/localcloud/arm/test_linked_rights.py holds them together."""


def check(context: CloudContext, oid: str, address: ids.Address, body: Any) -> None:
    """Raises ArmRefusal (403) where `oid`, who may write `address`, may not use what `body` names."""
    if not isinstance(body, dict):
        return
    lacking = [(action, used) for action, used in uses(address, body) if not may(context, oid, action, used)]
    if not lacking:
        return
    action = lacking[0][0]
    scopes = ",".join(used for other, used in lacking if other == action)
    raise ArmRefusal(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{oid}' with object id '{oid}' has permission to perform action '{action_of('PUT', address)}' on "
        f"scope '{address.path}'; however, it does not have permission to perform action(s) '{action}' on the linked "
        f"scope(s) '{scopes}' (respectively) or the linked scope(s) are invalid.",
    )


def uses(address: ids.Address, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(the action, the id that it is needed at) of each resource that the body names, in its order. A set of interfaces
    is joined by an interface or named by a rule: the writer's type decides which."""
    for named in references(address.path, body):
        type_ = ids.parse(named).type.lower()
        if type_ == _MEMBERS.lower():
            by_rule = address.type.lower().startswith(_RULES.lower())
            yield f"{_MEMBERS}/{'joinNetworkSecurityRule' if by_rule else 'joinIpConfiguration'}/action", named
        elif type_ in TAKES:
            yield TAKES[type_], named
    # what a private endpoint leads to, approved at once: one that asks for approval names it elsewhere
    properties = body.get("properties")
    listed = properties.get("privateLinkServiceConnections") if isinstance(properties, dict) else None
    for connection in listed if isinstance(listed, list) else ():
        link = connection.get("properties") if isinstance(connection, dict) else None
        if isinstance(link, dict) and "privateLinkServiceId" in link:
            named = str(link["privateLinkServiceId"])
            yield f"{catalogue().spelling(ids.parse(named).type)}/PrivateEndpointConnectionsApproval/action", named
