"""What it takes to use a resource in another one, beside writing the other: to join a network, to assign an identity.

ARM asks for it on the resource that is used, also where the caller made it. Source:
learn.microsoft.com/azure/role-based-access-control/resource-provider-operations.

The local cloud has a table of its own (localcloud/arm/strict/linked.py), on purpose;
tests/localcloud/arm/test_linked_rights.py holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

USES: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Compute/capacityReservationGroups": ("read", "deploy/action"),
    "Microsoft.Compute/galleries/images/versions": ("read",),
    "Microsoft.Compute/images": ("read",),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("assign/action",),
    "Microsoft.Network/applicationSecurityGroups": ("joinIpConfiguration/action", "joinNetworkSecurityRule/action"),
    "Microsoft.Network/natGateways": ("join/action",),
    "Microsoft.Network/networkSecurityGroups": ("join/action",),
    "Microsoft.Network/privateDnsZones": ("join/action",),
    "Microsoft.Network/publicIPAddresses": ("join/action",),
    "Microsoft.Network/virtualNetworks": ("join/action",),
    "Microsoft.Network/virtualNetworks/subnets": ("join/action",),
    "Microsoft.Storage/storageAccounts": ("PrivateEndpointConnectionsApproval/action",),  # only an endpoint names one
}


_SPELT = {kind.lower(): kind for kind in USES}


def use_of(types: Iterable[str]) -> Iterator[str]:
    """The actions ("Microsoft.X/y/join/action") that using resources of these types, however they are spelt, takes."""
    for named in types:
        kind = _SPELT.get(named.lower(), "")
        yield from (f"{kind}/{verb}" for verb in USES.get(kind, ()))
