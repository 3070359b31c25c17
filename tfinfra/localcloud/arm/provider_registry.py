"""The provider of each resource type; a type that is not here is checked and stored, and nothing more."""

from __future__ import annotations

from tfinfra.localcloud.arm.providers.authorization import RoleAssignments, RoleDefinitions
from tfinfra.localcloud.arm.providers.compute import ScaleSets
from tfinfra.localcloud.arm.providers.identity import UserAssignedIdentities
from tfinfra.localcloud.arm.providers.inline import OF, Member
from tfinfra.localcloud.arm.providers.network import PrivateEndpoints, SecurityGroups, VirtualNetworks
from tfinfra.localcloud.arm.providers.resource_provider import ResourceProvider
from tfinfra.localcloud.arm.providers.storage import BlobServices, StorageAccounts, StorageFolders
from tfinfra.localcloud.arm.workflows.logic import Workflows

_PROVIDERS: dict[str, ResourceProvider] = {
    "microsoft.authorization/roleassignments": RoleAssignments(),
    "microsoft.authorization/roledefinitions": RoleDefinitions(),
    "microsoft.compute/virtualmachinescalesets": ScaleSets(),
    "microsoft.logic/workflows": Workflows(),
    "microsoft.managedidentity/userassignedidentities": UserAssignedIdentities(),
    "microsoft.network/networksecuritygroups": SecurityGroups(),
    "microsoft.network/privateendpoints": PrivateEndpoints(),
    "microsoft.network/virtualnetworks": VirtualNetworks(),
    "microsoft.storage/storageaccounts": StorageAccounts(),
    "microsoft.storage/storageaccounts/blobservices": BlobServices(),
    "microsoft.storage/storageaccounts/blobservices/containers": StorageFolders("blob"),
    "microsoft.storage/storageaccounts/fileservices/shares": StorageFolders("file"),
    **{members.type.lower(): Member(members) for members in OF.values()},
}
_PLAIN = ResourceProvider()


def provider_of(type_: str) -> ResourceProvider:
    return _PROVIDERS.get(type_.lower(), _PLAIN)
