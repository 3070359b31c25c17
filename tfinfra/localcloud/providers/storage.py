"""Storage accounts as folders of the state: their endpoints are file:// URLs, a container or a share is a folder."""

from __future__ import annotations

import re
from pathlib import Path

from tfinfra.localcloud.arm_error import ArmError
from tfinfra.localcloud.providers.base import Provider, Surroundings
from tfinfra.localcloud.state import Resource

SERVICES = ("blob", "file")


class StorageAccounts(Provider):
    def accept(self, around: Surroundings, resource: Resource, before: Resource | None) -> Resource:
        if not re.fullmatch(r"[a-z0-9]{3,24}", resource.name):
            raise ArmError(
                400,
                "AccountNameInvalid",
                f"{resource.name} is not a valid storage account name. Storage account name must be between 3 and 24 "
                "characters in length and use numbers and lower-case letters only.",
            )
        self._refuse_taken_name(around, resource, before)
        folder = account_folder(around, resource)
        endpoints = {service: (folder / service).as_uri() + "/" for service in SERVICES}
        return resource.with_properties(primaryEndpoints=endpoints, statusOfPrimary="available")

    def provision(self, around: Surroundings, resource: Resource) -> None:
        for service in SERVICES:
            (account_folder(around, resource) / service).mkdir(parents=True, exist_ok=True)

    def release(self, around: Surroundings, resource: Resource) -> None:
        around.state.discard(account_folder(around, resource))

    def _refuse_taken_name(self, around: Surroundings, resource: Resource, before: Resource | None) -> None:
        accounts = around.state.of_type("Microsoft.Storage/storageAccounts")
        if before is None and any(a.name == resource.name for a in accounts):
            message = f"The storage account named {resource.name} is already taken."
            raise ArmError(409, "StorageAccountAlreadyTaken", message)


class Folders(Provider):
    """Containers of the service "blob", shares of the service "file"."""

    def __init__(self, service: str) -> None:
        self._service = service

    def accept(self, around: Surroundings, resource: Resource, before: Resource | None) -> Resource:
        del around, before
        if not re.fullmatch(r"[a-z0-9](-?[a-z0-9]){2,62}", resource.name):
            raise ArmError(400, "InvalidResourceName", f"The specified resource name '{resource.name}' is invalid.")
        return resource

    def provision(self, around: Surroundings, resource: Resource) -> None:
        self._folder(around, resource).mkdir(parents=True, exist_ok=True)

    def release(self, around: Surroundings, resource: Resource) -> None:
        around.state.discard(self._folder(around, resource))

    def _folder(self, around: Surroundings, resource: Resource) -> Path:
        account = around.state.get("/".join(resource.id.split("/")[:9]))
        if account is None:
            raise ArmError(404, "ParentResourceNotFound", f"The storage account of {resource.id} was not found.")
        return account_folder(around, account) / self._service / resource.name


def account_folder(around: Surroundings, account: Resource) -> Path:
    """Where an account keeps its containers (blob/) and shares (file/)."""
    return around.state.folder(account.address.group or "") / "storage" / account.name
