"""What a scale set's machines see of the host: the storage that its identity may use, and the environments."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.localcloud import ids
from tfinfra.localcloud.machines.base import Mount
from tfinfra.localcloud.providers.authorization import BLOB_READER, BLOB_WRITER, grants
from tfinfra.localcloud.providers.base import Surroundings
from tfinfra.localcloud.providers.storage import account_folder
from tfinfra.localcloud.state import Resource

ACCOUNTS = "Microsoft.Storage/storageAccounts"
ENDPOINTS = "Microsoft.Network/privateEndpoints"


def mounts_of(around: Surroundings, scale_set: Resource) -> tuple[Mount, ...]:
    """The blob folders of accounts on which its identities have a Blob data role, the shares of the accounts to which a
    private endpoint of its group leads (NFS shares know no roles), and the training environments, read-only."""
    found = {m.folder: m for m in (*_blobs(around, scale_set), *_shares(around, scale_set))}
    for folder in sorted(around.environments):
        folder.mkdir(parents=True, exist_ok=True)
        found[folder] = Mount(folder, read_only=True)
    return tuple(found.values())


def identities(around: Surroundings, scale_set: Resource) -> list[Resource]:
    """The user-assigned identities of a scale set."""
    named = (scale_set.body.get("identity") or {}).get("userAssignedIdentities") or {}
    return [identity for identity in map(around.state.get, named) if identity is not None]


def _blobs(around: Surroundings, scale_set: Resource) -> Iterator[Mount]:
    for identity in identities(around, scale_set):
        for scope, role in grants(around, str(identity.properties["principalId"])):
            for account in around.state.of_type(ACCOUNTS):
                name = role["roleName"]
                if _touches(scope, account.id) and name in (BLOB_WRITER, BLOB_READER):
                    yield Mount(account_folder(around, account) / "blob", read_only=name == BLOB_READER)


def _touches(scope: str, account: str) -> bool:
    """A grant reaches an account from above, or, on one of its containers, from below."""
    return ids.within(scope, account) or ids.within(account, scope)


def _shares(around: Surroundings, scale_set: Resource) -> Iterator[Mount]:
    for endpoint in around.state.of_type(ENDPOINTS, scale_set.address.group_path or "/none"):
        for link in endpoint.properties.get("privateLinkServiceConnections") or ():
            account = around.state.get(str(link["properties"].get("privateLinkServiceId")))
            if account is not None and "file" in (link["properties"].get("groupIds") or ()):
                yield Mount(account_folder(around, account) / "file", read_only=False)
