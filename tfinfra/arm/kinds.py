"""Which ARM type, API version and path a resource token of pulumi-azure-native 3.29.0 has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.arm.resource_ids import parse_resource_id

# token: (ARM type, default API version, the inputs that are the path's names, outermost first; "" is "default"). The
# docstring of azure-native's class has the version ("Uses Azure REST API version …"), its parameters the names, which
# are in camelCase here.
_TABLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "resources:ResourceGroup": ("Microsoft.Resources/resourceGroups", "2024-03-01", ("resourceGroupName",)),
    "authorization:RoleAssignment": (
        "Microsoft.Authorization/roleAssignments",
        "2022-04-01",
        ("roleAssignmentName",),
    ),
    "compute:ProximityPlacementGroup": (
        "Microsoft.Compute/proximityPlacementGroups",
        "2024-11-01",
        ("proximityPlacementGroupName",),
    ),
    "compute:VirtualMachineScaleSet": (
        "Microsoft.Compute/virtualMachineScaleSets",
        "2024-11-01",
        ("vmScaleSetName",),
    ),
    "logic:Workflow": ("Microsoft.Logic/workflows", "2019-05-01", ("workflowName",)),
    "managedidentity:UserAssignedIdentity": (
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "2023-01-31",
        ("resourceName",),
    ),
    "network:ApplicationSecurityGroup": (
        "Microsoft.Network/applicationSecurityGroups",
        "2024-05-01",
        ("applicationSecurityGroupName",),
    ),
    "network:NatGateway": ("Microsoft.Network/natGateways", "2024-05-01", ("natGatewayName",)),
    "network:NetworkSecurityGroup": (
        "Microsoft.Network/networkSecurityGroups",
        "2024-05-01",
        ("networkSecurityGroupName",),
    ),
    "network:PrivateDnsZoneGroup": (
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "2024-05-01",
        ("privateEndpointName", "privateDnsZoneGroupName"),
    ),
    "network:PrivateEndpoint": ("Microsoft.Network/privateEndpoints", "2024-05-01", ("privateEndpointName",)),
    "network:PublicIPAddress": ("Microsoft.Network/publicIPAddresses", "2024-05-01", ("publicIpAddressName",)),
    "network:Subnet": (
        "Microsoft.Network/virtualNetworks/subnets",
        "2024-05-01",
        ("virtualNetworkName", "subnetName"),
    ),
    "network:VirtualNetwork": ("Microsoft.Network/virtualNetworks", "2024-05-01", ("virtualNetworkName",)),
    "privatedns:PrivateZone": ("Microsoft.Network/privateDnsZones", "2024-06-01", ("privateZoneName",)),
    "privatedns:VirtualNetworkLink": (
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "2024-06-01",
        ("privateZoneName", "virtualNetworkLinkName"),
    ),
    "storage:BlobContainer": (
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "2024-01-01",
        ("accountName", "", "containerName"),
    ),
    "storage:BlobServiceProperties": (
        "Microsoft.Storage/storageAccounts/blobServices",
        "2024-01-01",
        ("accountName", "blobServicesName"),
    ),
    "storage:FileShare": (
        "Microsoft.Storage/storageAccounts/fileServices/shares",
        "2024-01-01",
        ("accountName", "", "shareName"),
    ),
    "storage:StorageAccount": ("Microsoft.Storage/storageAccounts", "2024-01-01", ("accountName",)),
}
# What azure-native spells differently from ARM, at the top level of these types' inputs and outputs.
_RENAMED: dict[str, dict[str, str]] = {
    "storage:StorageAccount": {
        "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
        "enableNfsV3": "isNfsV3Enabled",
        "networkRuleSet": "networkAcls",
        "encryptionIdentity": "identity",
        "keyVaultProperties": "keyvaultproperties",
    },
}
# What ARM makes by itself with its parent: azure-native does not ask whether it is there already, and "deletes" it by
# writing the defaults (pulumi/pulumi-azure-native, provider/pkg/resources, GetDefaultResourceState).
BY_ITSELF = frozenset({"Microsoft.Storage/storageAccounts/blobServices"})
_ADDRESS = frozenset({"resourceGroupName", "scope", "subscriptionId"})


class UnknownKind(LookupError):
    """A resource that no stack has."""


@dataclass(frozen=True)
class Kind:
    """One resource type. `names` are the inputs that make the path, "" where ARM has a fixed "default" there."""

    arm_type: str
    api_version: str
    names: tuple[str, ...]
    renamed: Mapping[str, str]

    @property
    def comes_with_parent(self) -> bool:
        """Whether ARM makes it with its parent: writing it is no making, and it is never deleted alone."""
        return self.arm_type in BY_ITSELF

    @property
    def own_name(self) -> str:
        """The input that holds the resource's own name."""
        return self.names[-1]

    @property
    def address(self) -> frozenset[str]:
        """The inputs that say where a resource is, and not what it is: a change of one is another resource."""
        return _ADDRESS | frozenset(self.names)

    def path(self, inputs: Mapping[str, Any], subscription: str) -> str:
        """The resource's ARM id. Raises KeyError where an input that it needs is missing."""
        names = [inputs[name] if name else "default" for name in self.names]
        if self.arm_type == "Microsoft.Resources/resourceGroups":
            return f"/subscriptions/{subscription}/resourceGroups/{names[0]}"
        namespace, *types = self.arm_type.split("/")
        scope = inputs.get("scope") or f"/subscriptions/{subscription}/resourceGroups/{inputs['resourceGroupName']}"
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(types, names, strict=True))
        return f"{scope.rstrip('/')}/providers/{namespace}/{pairs}"


def kind_of(token: str) -> Kind:
    """The Kind of "azure-native:<module>:<Name>" or "azure-native:<module>/v<yyyymmdd>:<Name>".

    Raises UnknownKind for a type that is not in the table.
    """
    _, module, name = token.split(":")
    module, _, version = module.partition("/v")
    key = f"{module}:{name}"
    if key not in _TABLE:
        raise UnknownKind(f"tfinfra knows no '{token}'")
    arm_type, default, names = _TABLE[key]
    return Kind(arm_type, _api_version(version) or default, names, _RENAMED.get(key, {}))


def version_of(id_: str) -> str:
    """The API version in which the stacks ask for the resource with this ARM id. Raises UnknownKind for one of a type
    that no stack has."""
    arm_type = parse_resource_id(id_).type.lower()
    for known, version, _ in _TABLE.values():
        if known.lower() == arm_type:
            return version
    raise UnknownKind(f"tfinfra makes no {arm_type or id_}")


def _api_version(digits: str) -> str:
    """ "20240501" as "2024-05-01", "20240501preview" as "2024-05-01-preview"."""
    date, label = digits[:8], digits[8:]
    return "-".join(part for part in (date[:4], date[4:6], date[6:], label) if part)
