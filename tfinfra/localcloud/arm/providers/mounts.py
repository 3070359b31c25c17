"""What a scale set's machines see of the host: the storage that its identity may use, and the environments."""

from __future__ import annotations

from collections.abc import Iterator
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
    """The blob folders of accounts on which its identities have a Blob data role, the shares of the accounts to which a
    private endpoint of its group leads (NFS shares know no roles), and the training environments of the scale set's
    maker, read-only."""
    found = {}
    for account, role in _blob_accounts(context, scale_set):
        if server_of(context, account) is None:
            blobs = account_folder(context, account) / "blob"
            found[blobs] = Mount(blobs, read_only=role == BLOB_READER)
            found |= {mount.folder: mount for mount in linked_inputs(blobs)}
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


def linked_inputs(blobs: Path) -> Iterator[Mount]:
    """Read-only, whatever the role: a machine that wrote there would write into somebody's own files."""
    for container in sorted(path for path in blobs.iterdir() if path.is_dir() and not path.is_symlink()):
        folder = container / LINKED
        folder.mkdir(exist_ok=True)
        yield Mount(folder, read_only=True)


def identities(context: CloudContext, scale_set: ArmResource) -> list[ArmResource]:
    """The user-assigned identities of a scale set."""
    named = (scale_set.body.get("identity") or {}).get("userAssignedIdentities") or {}
    return [identity for identity in map(context.state.get, named) if identity is not None]


def doors_of(context: CloudContext, scale_set: ArmResource) -> tuple[int, ...]:
    """The ports of the azurites of accounts on which its identities have a Blob data role."""
    servers = (server_of(context, account) for account, _ in _blob_accounts(context, scale_set))
    return tuple(sorted({server.port for server in servers if server}))


def _blob_accounts(context: CloudContext, scale_set: ArmResource) -> Iterator[tuple[ArmResource, str]]:
    for identity in identities(context, scale_set):
        for grant in grants(context, str(identity.properties["principalId"])):
            for account in context.state.of_type(ACCOUNTS):
                # a grant reaches an account from above, or, on one of its containers, from below
                touches = ids.within(grant.scope, account.id) or ids.within(account.id, grant.scope)
                if touches and grant.role["roleName"] in (BLOB_WRITER, BLOB_READER):
                    yield account, grant.role["roleName"]
