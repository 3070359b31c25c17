"""Which of azure-native's types are written and deleted by long-running operations.

PutAsyncStyle and DeleteAsyncStyle of the provider's metadata, from `x-ms-long-running-operation` in
Azure/azure-rest-api-specs. Of other types the provider takes the first answer for the last.
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
