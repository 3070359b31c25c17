"""Storage accounts. The files of one are always a folder of the state; its blobs are another folder (their endpoint
is a file:// URL then), or what an azurite of the account's own serves over HTTPS, where its maker asked for that."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, ResourceProvider
from tfinfra.localcloud.azurite import servers
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource

ACCOUNTS = "Microsoft.Storage/storageAccounts"
SERVICES = ("blob", "file")
BLOBS = "blobs"
"""The hint of an account's maker (a header of the PUT): AZURITE, or "" for folders."""
AZURITE = "azurite"
_TOKEN_SECONDS = 600


class StorageAccounts(ResourceProvider):
    def is_slow(self, resource: ArmResource) -> bool:
        return _served(resource)

    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        if not re.fullmatch(r"[a-z0-9]{3,24}", resource.name):
            raise ArmRefusal(
                400,
                "AccountNameInvalid",
                f"{resource.name} is not a valid storage account name. Storage account name must be between 3 and 24 "
                "characters in length and use numbers and lower-case letters only.",
            )
        # learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-storage-account-name
        if before is None and resource.name in context.subscription.taken:
            message = f"The storage account named {resource.name} is already taken."
            raise ArmRefusal(409, "StorageAccountAlreadyTaken", message)
        if before is None and is_taken(context, resource.name):
            message = f"The account {resource.name} is already in another resource group in this subscription."
            raise ArmRefusal(409, "StorageAccountInAnotherResourceGroup", message)
        if _served(resource):
            resource = resource.with_internal(**_where(context, before))
        folder = account_folder(context, resource)
        endpoints = {service: (folder / service).as_uri() + "/" for service in SERVICES}
        if server := server_of(context, resource):
            endpoints["blob"] = server.endpoint
        return resource.with_properties(primaryEndpoints=endpoints, statusOfPrimary="available")

    def provision(self, context: CloudContext, resource: ArmResource) -> None:
        for service in SERVICES:
            (account_folder(context, resource) / service).mkdir(parents=True, exist_ok=True)
        if server := server_of(context, resource):
            context.azurites.start(server)

    def release(self, context: CloudContext, resource: ArmResource) -> None:
        context.azurites.stop(resource.name)
        context.state.discard(account_folder(context, resource))


def is_taken(context: CloudContext, name: str) -> bool:
    """Whether an account has the name: one of this cloud, or one elsewhere in Azure."""
    return name in context.subscription.taken or any(a.name == name for a in context.state.of_type(ACCOUNTS))


class BlobServices(ResourceProvider):
    """The settings of an account's blobs. They are kept and not acted on: what is deleted here is gone."""

    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        """learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview: 1 to 365 days."""
        del context, before
        if resource.name != "default":
            raise ArmRefusal(400, "InvalidResourceName", f"The specified resource name '{resource.name}' is invalid.")
        for name in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            policy = resource.properties.get(name) or {}
            if policy.get("enabled") and not 1 <= policy.get("days", 0) <= 365:
                path = f"properties.{name}.days"
                raise ArmRefusal(400, "InvalidRequestPropertyValue", f"The value for property {path} is invalid.")
        return resource


class StorageFolders(ResourceProvider):
    """Containers of the service "blob", shares of the service "file"."""

    def __init__(self, service: str) -> None:
        self._service = service

    def is_slow(self, resource: ArmResource) -> bool:
        return self._service == "blob" and _served(resource)

    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        del context, before
        if not re.fullmatch(r"[a-z0-9](-?[a-z0-9]){2,62}", resource.name):
            raise ArmRefusal(400, "InvalidResourceName", f"The specified resource name '{resource.name}' is invalid.")
        return resource

    def provision(self, context: CloudContext, resource: ArmResource) -> None:
        account = self._account(context, resource)
        server = server_of(context, account) if self._service == "blob" else None
        if server:
            servers.make_container(server, resource.name, _token(context))
        else:
            self._folder(context, account, resource).mkdir(parents=True, exist_ok=True)

    def release(self, context: CloudContext, resource: ArmResource) -> None:
        account = self._account(context, resource)
        server = server_of(context, account) if self._service == "blob" else None
        if server is None:
            context.state.discard(self._folder(context, account, resource))
        elif not _is_going(context, account):  # or all of the account's blobs go with it
            servers.delete_container(server, resource.name, _token(context))

    def _account(self, context: CloudContext, resource: ArmResource) -> ArmResource:
        account = context.state.get("/".join(resource.id.split("/")[:9]))
        if account is None:
            raise ArmRefusal(404, "ParentResourceNotFound", f"The storage account of {resource.id} was not found.")
        return account

    def _folder(self, context: CloudContext, account: ArmResource, resource: ArmResource) -> Path:
        return account_folder(context, account) / self._service / resource.name


def account_folder(context: CloudContext, account: ArmResource) -> Path:
    """Where an account keeps its containers (blob/) and shares (file/)."""
    return context.state.folder(account.address.group or "") / "storage" / account.name


def server_of(context: CloudContext, account: ArmResource) -> servers.Server | None:
    """The azurite that serves the account's blobs, None where they are folders."""
    if "port" not in account.internal:
        return None
    return servers.Server(
        account=account.name,
        port=int(account.internal["port"]),
        folder=account_folder(context, account) / "blob",
        program=Path(account.internal["program"]),
        certificate=context.layout.certificate,
        ca=context.layout.ca,
    )


def all_servers(context: CloudContext) -> Iterator[servers.Server]:
    """The azurites that have to run now: a client may come back to an account at any time until it is deleted."""
    for account in context.state.of_type(ACCOUNTS):
        server = server_of(context, account)
        if server and account.provisioning_state == "Succeeded" and not _is_going(context, account):
            yield server


def _is_going(context: CloudContext, account: ArmResource) -> bool:
    """Whether the account is being deleted, by itself or with its group."""
    group = context.state.group(account.address.group or "")
    return group is None or "Deleting" in (group.provisioning_state, account.provisioning_state)


def _served(resource: ArmResource) -> bool:
    """Whether the blobs of an account, or a container, are azurite's. An account of kind FileStorage has none."""
    return resource.internal.get(BLOBS) == AZURITE and resource.body.get("kind") != "FileStorage"


def _where(context: CloudContext, before: ArmResource | None) -> dict[str, object]:
    """The server's port and program, which stay the same as long as the account does."""
    if before and "port" in before.internal:
        return {name: before.internal[name] for name in ("port", "program")}
    if context.azurite is None:
        raise ArmRefusal(409, "FeatureNotSupported", "No client has told the local cloud where azurite is installed.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return {"port": probe.getsockname()[1], "program": str(context.azurite)}


def _token(context: CloudContext) -> str:
    key = context.layout.signing_key.read_bytes()
    return tokens.mint(key, tokens.OWNER_OID, context.now(), _TOKEN_SECONDS, tokens.STORAGE)
