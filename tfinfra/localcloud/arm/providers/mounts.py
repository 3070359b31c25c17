"""What a scale set's machines see of the host: the storage that its identity may use, and the environments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tfinfra.localcloud.arm.providers.authorization import grants
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.arm.providers.storage import ACCOUNTS, account_folder, server_of
from tfinfra.localcloud.arm.rbac.builtin import BLOB_READER, BLOB_WRITER
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.machines.interface import Mount

ENDPOINTS = "Microsoft.Network/privateEndpoints"
LINKED = "inputs"
"""The folder of a container into which clients link files of their own instead of copying them."""


def mounts_of(context: CloudContext, scale_set: ArmResource) -> tuple[Mount, ...]:
    """The blob folders, of accounts or of single containers, on which its identities have a Blob data role, the shares
    of the accounts to which a private endpoint of its group leads (NFS shares know no roles), and the training
    environments of the scale set's maker, read-only."""
    found: dict[Path, Mount] = {}
    for place in _blob_places(context, scale_set):
        if server_of(context, place.account) is None:
            folder = account_folder(context, place.account) / "blob" / place.container
            mount = Mount(folder, read_only=place.role == BLOB_READER)
            found[folder] = mount if folder not in found or found[folder].read_only else found[folder]
            containers = [folder] if place.container else sorted(folder.iterdir())
            found |= {linked.folder: linked for linked in linked_inputs(containers) if not mount.read_only}
    for endpoint in context.state.of_type(ENDPOINTS, scale_set.address.group_path or "/none"):
        for link in endpoint.properties.get("privateLinkServiceConnections") or ():
            shared = context.state.get(str(link["properties"].get("privateLinkServiceId")))
            if shared is not None and "file" in (link["properties"].get("groupIds") or ()):
                folder = account_folder(context, shared) / "file"
                found[folder] = Mount(folder, read_only=False)
    if named := scale_set.internal.get("environments"):
        folder = Path(named)
        folder.mkdir(parents=True, exist_ok=True)
        found[folder] = Mount(folder, read_only=True)
    return tuple(found.values())


def linked_inputs(containers: Iterable[Path]) -> Iterator[Mount]:
    """Read-only, whatever the role: a machine that wrote there would write into somebody's own files."""
    for container in containers:
        if container.is_dir() and not container.is_symlink():
            folder = container / LINKED
            folder.mkdir(exist_ok=True)
            yield Mount(folder, read_only=True)


def identities(context: CloudContext, scale_set: ArmResource) -> list[ArmResource]:
    """The user-assigned identities of a scale set."""
    named = (scale_set.body.get("identity") or {}).get("userAssignedIdentities") or {}
    return [identity for identity in map(context.state.get, named) if identity is not None]


def doors_of(context: CloudContext, scale_set: ArmResource) -> tuple[int, ...]:
    """The ports of the azurites of accounts on which its identities have a Blob data role."""
    servers = (server_of(context, place.account) for place in _blob_places(context, scale_set))
    return tuple(sorted({server.port for server in servers if server}))


@dataclass(frozen=True)
class BlobPlace:
    """Where somebody has a Blob data role, by its name: a container of the account, or with "" all of it."""

    account: ArmResource
    container: str
    role: str


def blob_places(context: CloudContext, principal: str) -> Iterator[BlobPlace]:
    """Those of a principal (an object id)."""
    for grant in grants(context, principal):
        role = str(grant.role["roleName"])
        for account in context.state.of_type(ACCOUNTS) if role in (BLOB_WRITER, BLOB_READER) else ():
            if ids.within(grant.scope, account.id):  # it reaches the account from above
                yield BlobPlace(account, "", role)
            elif ids.within(account.id, grant.scope):
                yield BlobPlace(account, grant.scope.rpartition("/")[2], role)


def _blob_places(context: CloudContext, scale_set: ArmResource) -> Iterator[BlobPlace]:
    for identity in identities(context, scale_set):
        yield from blob_places(context, str(identity.properties["principalId"]))
