"""Paths of ARM that name no stored resource: subscriptions, operations, roles, runs of workflows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tfinfra.localcloud.arm.core import ArmResponse, Core
from tfinfra.localcloud.arm.providers import authorization
from tfinfra.localcloud.arm.strict import blocked, subscriptions
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, forbidden
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION


@dataclass(frozen=True)
class BuiltinPath:
    """A request for one of these paths; `name` is the part of the path that names one thing, in lower case."""

    core: Core
    address: ids.Address
    name: str
    filter_: str


def builtin_response(core: Core, method: str, address: ids.Address, filter_: str) -> ArmResponse | None:
    """The answer where `address` is one of these paths, else None. Raises ArmRefusal."""
    for verb, pattern, answer in _TABLE:
        found = re.fullmatch(pattern, address.key)
        if verb == method and found:
            return answer(BuiltinPath(core, address, found.groupdict().get("name") or "", filter_))
    return None


def _operation(path: BuiltinPath) -> ArmResponse:
    found = path.core.operations.get(path.name)
    if found is None:
        raise ArmRefusal(404, "OperationNotFound", f"The operation '{path.name}' could not be found.")
    return ArmResponse(200, found.document(), headers={"Retry-After": "0"})


def _operation_result(path: BuiltinPath) -> ArmResponse:
    """202 while it goes on, then 200 with what was made, or the error that it ended with."""
    found = path.core.operations.get(path.name)
    if found is None:
        raise ArmRefusal(404, "OperationNotFound", f"The operation '{path.name}' could not be found.")
    if found.error and found.error["code"] == blocked.CODE:
        return ArmResponse(409, blocked.document(found.error))
    if found.error:
        raise ArmRefusal(found.error["status"], found.error["code"], found.error["message"])
    if found.status == "InProgress":
        return ArmResponse(202, headers={"Retry-After": "0"})
    made = path.core.context.state.get(found.resource) if found.verb == "put" else None
    return ArmResponse(200, path.core.view(made) if made else None)


def _roles(path: BuiltinPath) -> ArmResponse:
    found = authorization.definitions(path.core.context, path.address.scope)
    for property_ in ("roleName", "type"):
        if wanted := re.search(rf"{property_}\s+eq\s+'([^']*)'", path.filter_, re.IGNORECASE):
            found = [role for role in found if role["properties"][property_] == wanted.group(1)]
    return ArmResponse(200, {"value": found})


def _role(path: BuiltinPath) -> ArmResponse:
    for role in authorization.definitions(path.core.context):
        if role["name"].lower() == path.name:
            return ArmResponse(200, role)
    message = f"The specified role definition with ID '{path.name}' does not exist."
    raise ArmRefusal(404, "RoleDefinitionDoesNotExist", message)


def _gone_scope(path: BuiltinPath) -> ArmResponse | None:
    """Deleting a role assignment whose scope is gone answers 403, not 404, as ARM does."""
    scope = path.address.scope
    if path.core.context.state.get(scope) is None and scope.lower() != f"/subscriptions/{SUBSCRIPTION}":
        raise forbidden("", f"{authorization.ASSIGNMENTS}/delete", path.address.path)
    return None


def _workflow_runs(path: BuiltinPath) -> ArmResponse:
    workflow = path.core.get(ids.parse(path.address.path.rpartition("/")[0]))
    return ArmResponse(200, {"value": workflow.internal.get("runs", [])})


_ANY = r"(?P<name>[^/]+)"
_SUB = r"/subscriptions/[^/]+"
_TABLE: tuple[tuple[str, str, Callable[[BuiltinPath], ArmResponse | None]], ...] = (
    (
        "GET",
        "/subscriptions",
        lambda path: ArmResponse(200, {"value": subscriptions.documents(path.core.context.subscription)}),
    ),
    (
        "GET",
        rf"/subscriptions/{_ANY}",
        lambda path: ArmResponse(200, subscriptions.document(path.core.context.subscription, path.name)),
    ),
    ("GET", rf"{_SUB}/providers/[^/]+/locations/[^/]+/operations/{_ANY}", _operation),
    ("GET", rf"{_SUB}/providers/[^/]+/locations/[^/]+/(operationresults|asyncoperations)/{_ANY}", _operation_result),
    ("GET", rf"{_SUB}/resourcegroups/[^/]+/providers/[^/]+/privatednsoperationstatuses/{_ANY}", _operation),
    ("GET", rf"{_SUB}/resourcegroups/[^/]+/providers/[^/]+/privatednsoperationresults/{_ANY}", _operation_result),
    ("GET", rf"{_SUB}/operationresults/{_ANY}", _operation_result),
    ("GET", r".*/providers/microsoft\.authorization/roledefinitions", _roles),
    ("GET", rf".*/providers/microsoft\.authorization/roledefinitions/{_ANY}", _role),
    ("DELETE", r".*/providers/microsoft\.authorization/roleassignments/[^/]+", _gone_scope),
    ("GET", r".*/providers/microsoft\.logic/workflows/[^/]+/runs", _workflow_runs),
)
