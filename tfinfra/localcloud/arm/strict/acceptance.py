"""What ARM's gateway asks of a write before any provider sees it: a group, a parent and a location that exist."""

from __future__ import annotations

import re
from typing import Any

from tfinfra.arm.azure_types import described
from tfinfra.catalog.sizes import locations
from tfinfra.localcloud.arm.checks.types import REQUIRED, catalogue
from tfinfra.localcloud.arm.strict.not_found import missing_parent
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, group_not_found, resource_not_found
from tfinfra.localcloud.common.state import ArmResource, State

# What a namespace has beside the types that are checked and stored.
_READ_ONLY_TYPES = (
    *("microsoft.compute/locations", "microsoft.compute/skus", "microsoft.compute/galleries"),
    "microsoft.compute/virtualmachinescalesets/networkinterfaces",
)
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-preview|-alpha|-beta|-privatepreview)?")


def check_version(version: str) -> None:
    """Raises ArmRefusal (400) for what is no version at all; the versions of a type are checked at a write
    (ansible-collections/azure#188)."""
    if not version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmRefusal(400, "MissingApiVersionParameter", message)
    if not _VERSION.fullmatch(version):
        known = ",".join(catalogue().versions(ids.GROUP_TYPE)[::-1])
        message = f"The api-version '{version}' is invalid. The supported versions are '{known}'."
        raise ArmRefusal(400, "InvalidApiVersionParameter", message)


def check_type(type_: str, version: str) -> None:
    """Raises ArmRefusal (404) for an unknown namespace or type (Azure/aci-connector-k8s#13,
    Azure/azure-sdk-for-net#2366)."""
    names = {name.lower() for name, _ in catalogue().resources.values()}
    type_ = re.sub("/instanceview$", "", type_, flags=re.IGNORECASE)
    namespace, _, short = type_.partition("/")
    if not any(name.startswith(f"{namespace.lower()}/") for name in names):
        raise ArmRefusal(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    if type_.lower() not in names and not type_.lower().startswith((*_READ_ONLY_TYPES, "microsoft.resources/")):
        where = f"in the namespace '{namespace}' for api version '{version}'"
        message = f"The resource type '{short}' could not be found {where}."
        raise ArmRefusal(404, "InvalidResourceType", message)


def check_group(state: State, address: ids.Address, *, creates: bool = False) -> None:
    """Raises ArmRefusal where the group does not exist, or is being deleted (Azure/azure-cli#28679), or has an
    invalid name (Azure/azure-cli#14481)."""
    if address.group is None:
        return
    group = state.group(address.group)
    strange = "".join(c for c in address.group if not (c.isalnum() or c in "-.()_"))
    if creates and strange:
        message = (
            f"The provided resource group name '{address.group}' has these invalid characters: '{strange}'. The name "
            "can only be a letter, digit, '-', '.', '(', ')' or '_'."
        )
        raise ArmRefusal(400, "InvalidResourceGroup", message)
    if group is None and not creates:
        raise group_not_found(address.group)
    if group is not None and group.provisioning_state == "Deleting":
        message = f"The resource group '{group.name}' is in deprovisioning state and cannot perform this operation."
        raise ArmRefusal(409, "ResourceGroupBeingDeleted", message)


def check_parent(state: State, address: ids.Address) -> None:
    """A nested resource needs its parent, an extension its scope."""
    if "/providers/" in address.scope.lower() and state.get(address.scope) is None:
        scope = ids.parse(address.scope)
        raise resource_not_found(catalogue().spelling(scope.type), "/".join(scope.names), scope.group)
    missing = missing_parent(state, address, "write")
    if missing is not None:
        raise missing


def check_location(type_: str, written: str, before: ArmResource | None, name: str, body: dict[str, Any]) -> None:
    """A resource has a known location, and never another one; "East US" is eastus. `written` is the body's type."""
    named = body.get("location")
    required = described(written).get("p", {}).get("location", (0, 0))[1] & REQUIRED
    if named is None and required:
        raise ArmRefusal(400, "LocationRequired", "The location property is required for this definition.")
    is_group = type_ == ids.GROUP_TYPE
    both = (content.get("location") for content in (before.body if before else body, body))
    old, new = (location.replace(" ", "").lower() if isinstance(location, str) else "" for location in both)
    if old != new and (named is None or isinstance(named, str)):
        if is_group:  # Azure/azure-cli#22242
            message = (
                f"Invalid resource group location '{named}'. The Resource group already exists in location '{old}'."
            )
            raise ArmRefusal(409, "InvalidResourceGroupLocation", message)
        group = before.address.group if before else ""
        message = (
            f"The resource '{name}' already exists in location '{old}' in resource group '{group}'. A resource with "
            f"the same name cannot be created in location '{new}'. Please select a new resource name."
        )
        raise ArmRefusal(409, "InvalidResourceLocation", message)  # Azure/azure-service-operator#784
    if new and new != "global" and new not in locations():
        # cloud-barista/cb-spider#527 for groups, Azure/Azure-Landing-Zones#2199 for what is in them
        kind = "resource group" if is_group else f"resource type '{type_}'"
        regions = "regions" if is_group else "regions for the resource type"
        message = f"The provided location '{new}' is not available for {kind}. List of available {regions} is "
        code = "LocationNotAvailableForResourceGroup" if is_group else "LocationNotAvailableForResourceType"
        raise ArmRefusal(400, code, f"{message}'{','.join(sorted(locations()))}'.")
