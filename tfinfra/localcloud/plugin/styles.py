"""Which of azure-native's types are written and deleted by long-running operations.

PutAsyncStyle and DeleteAsyncStyle of the provider's metadata, from `x-ms-long-running-operation` in
Azure/azure-rest-api-specs. Of other types the provider takes the first answer for the last.

SUBRESOURCES are properties that may be resources of their own: where a program says nothing of one, a create sends an
empty list, and an update what exists, so that it deletes nothing of others (crud/crud.go, SubresourceMaintainer).
"""

from __future__ import annotations

_NETWORK = frozenset(
    f"Microsoft.Network/{name}"
    for name in (
        "applicationSecurityGroups",
        "natGateways",
        "networkSecurityGroups",
        "privateDnsZones",
        "privateDnsZones/virtualNetworkLinks",
        "privateEndpoints",
        "privateEndpoints/privateDnsZoneGroups",
        "publicIPAddresses",
        "virtualNetworks",
        "virtualNetworks/subnets",
    )
)
_SETS = "Microsoft.Compute/virtualMachineScaleSets"
LONG_WRITES = _NETWORK | {_SETS, "Microsoft.Storage/storageAccounts"}
LONG_DELETIONS = _NETWORK | {_SETS, "Microsoft.Resources/resourceGroups"}
SUBRESOURCES = {
    "Microsoft.Network/networkSecurityGroups": ("securityRules",),
    "Microsoft.Network/virtualNetworks": ("subnets", "virtualNetworkPeerings"),
}
