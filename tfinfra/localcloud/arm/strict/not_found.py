"""What ARM answers for a resource that does not exist: its gateway for top-level ones, each provider for its nested
ones."""

from __future__ import annotations

from tfinfra.localcloud.arm.checks.types import catalogue
from tfinfra.localcloud.arm.providers import compute
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, group_not_found, resource_not_found
from tfinfra.localcloud.common.state import State

_STORAGE = "microsoft.storage/storageaccounts"
_OWN = {
    f"{_STORAGE}/blobservices/containers": ("ContainerNotFound", "The specified container does not exist."),
    f"{_STORAGE}/fileservices/shares": ("ShareNotFound", "The specified share does not exist."),
}


def not_found(state: State, address: ids.Address, verb: str = "read") -> ArmRefusal:
    """The refusal (404) of a request to `verb` what `address` names."""
    if address.group and state.group(address.group) is None:
        return group_not_found(address.group)
    parent = missing_parent(state, address, verb)
    if parent is not None:
        return parent
    type_ = catalogue().spelling(address.type)
    if type_.lower() in _OWN:
        return ArmRefusal(404, *_OWN[type_.lower()])
    if type_.lower() == "microsoft.authorization/roleassignments":
        return ArmRefusal(404, "RoleAssignmentNotFound", f"The role assignment '{address.name}' is not found.")
    if type_.lower().startswith("microsoft.network/") and len(address.names) > 1:
        return ArmRefusal(404, "NotFound", f"Resource {address.path} not found.")
    return resource_not_found(type_, "/".join(address.names), address.group)


def missing_parent(state: State, address: ids.Address, verb: str) -> ArmRefusal | None:
    """The refusal where the top-level resource of a nested one does not exist, or the next above it; services that
    ARM makes by itself ("default") always exist."""
    if len(address.names) < 2:
        return None
    above = address.path.rpartition("/")[0].rpartition("/")[0]
    top = "/".join(address.path.split("/")[: len(address.scope.split("/")) + 4])
    for parent in (top, above):
        is_there = state.get(parent) is not None or compute.is_machine(state, parent)
        if not (parent == above != top and address.names[-2] == "default") and not is_there:
            short = catalogue().spelling(address.type).partition("/")[2]
            message = (
                f"Failed to perform '{verb}' on resource(s) of type '{short}', because the parent resource '{parent}' "
                "could not be found."
            )
            return ArmRefusal(404, "ParentResourceNotFound", message)
    return None
