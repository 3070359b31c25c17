"""Paths of ARM that are no stored resources: subscriptions, operations, roles, runs of workflows."""

from __future__ import annotations

import re
from collections.abc import Callable

from tfinfra.localcloud.arm.core import ArmResponse, Core
from tfinfra.localcloud.arm.providers import authorization
from tfinfra.localcloud.arm.strict import blocked, subscriptions
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, forbidden
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

_Handler = Callable[[Core, ids.Address, str, str], ArmResponse | None]


def builtin_response(core: Core, method: str, address: ids.Address, filter_: str) -> ArmResponse | None:
    """The answer where `address` is one of these paths, else None. Raises ArmRefusal."""
    for verb, pattern, answer in _TABLE:
        found = re.fullmatch(pattern, address.key)
        if verb == method and found:
            return answer(core, address, found.groupdict().get("name") or "", filter_)
    return None


def _subscriptions(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse:
    del address, name, filter_
    return ArmResponse(200, {"value": subscriptions.documents(core.context.subscription)})


def _subscription(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse:
    del address, filter_
    return ArmResponse(200, subscriptions.document(core.context.subscription, name))


def _operation(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse:
    del address, filter_
    found = core.operations.get(name)
    if found is None:
        raise ArmRefusal(404, "OperationNotFound", f"The operation '{name}' could not be found.")
    return ArmResponse(200, found.document(), headers={"Retry-After": "0"})


def _operation_result(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse:
    """202 while it goes on, then 200 with what was made, or the error that it ended with."""
    del address, filter_
    found = core.operations.get(name)
    if found is None:
        raise ArmRefusal(404, "OperationNotFound", f"The operation '{name}' could not be found.")
    if found.error and found.error["code"] == blocked.CODE:
        return ArmResponse(409, blocked.document(found.error))
    if found.error:
        raise ArmRefusal(found.error["status"], found.error["code"], found.error["message"])
    if found.status == "InProgress":
        return ArmResponse(202, headers={"Retry-After": "0"})  # asked again at the same place
    made = core.context.state.get(found.resource) if found.verb == "put" else None
    return ArmResponse(200, core.view(made) if made else None)


def _roles(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse:
    del name
    found = authorization.definitions(core.context, address.scope)
    for property_ in ("roleName", "type"):
        if wanted := re.search(rf"{property_}\s+eq\s+'([^']*)'", filter_, re.IGNORECASE):
            found = [role for role in found if role["properties"][property_] == wanted.group(1)]
    return ArmResponse(200, {"value": found})


def _role(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse:
    del address, filter_
    for role in authorization.definitions(core.context):
        if role["name"].lower() == name:
            return ArmResponse(200, role)
    raise ArmRefusal(
        404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist."
    )


def _runs(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse:
    del name, filter_
    workflow: ArmResource = core.get(ids.parse(address.path.rpartition("/")[0]))
    return ArmResponse(200, {"value": workflow.internal.get("runs", [])})


def _gone_scope(core: Core, address: ids.Address, name: str, filter_: str) -> ArmResponse | None:
    """Deleting a role assignment whose scope is gone answers 403, not 404, as ARM does."""
    del name, filter_
    scope = address.scope
    if core.context.state.get(scope) is None and scope.lower() != f"/subscriptions/{SUBSCRIPTION}":
        raise forbidden("", f"{authorization.ASSIGNMENTS}/delete", address.path)
    return None


_ANY = r"(?P<name>[^/]+)"
_SUB = r"/subscriptions/[^/]+"
_TABLE: tuple[tuple[str, str, _Handler], ...] = (
    ("GET", "/subscriptions", _subscriptions),
    ("GET", rf"/subscriptions/{_ANY}", _subscription),
    ("GET", rf"{_SUB}/providers/[^/]+/locations/[^/]+/operations/{_ANY}", _operation),
    ("GET", rf"{_SUB}/providers/[^/]+/locations/[^/]+/(operationresults|asyncoperations)/{_ANY}", _operation_result),
    ("GET", rf"{_SUB}/resourcegroups/[^/]+/providers/[^/]+/privatednsoperationstatuses/{_ANY}", _operation),
    ("GET", rf"{_SUB}/resourcegroups/[^/]+/providers/[^/]+/privatednsoperationresults/{_ANY}", _operation_result),
    ("GET", rf"{_SUB}/operationresults/{_ANY}", _operation_result),
    ("GET", r".*/providers/microsoft\.authorization/roledefinitions", _roles),
    ("GET", rf".*/providers/microsoft\.authorization/roledefinitions/{_ANY}", _role),
    ("DELETE", r".*/providers/microsoft\.authorization/roleassignments/[^/]+", _gone_scope),
    ("GET", r".*/providers/microsoft\.logic/workflows/[^/]+/runs", _runs),
)
