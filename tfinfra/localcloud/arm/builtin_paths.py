"""Paths of ARM that are no stored resources: subscriptions, operations, roles, runs of workflows."""

from __future__ import annotations

import re
from collections.abc import Callable

from tfinfra.localcloud.arm.core import Answer, Core
from tfinfra.localcloud.arm.providers import authorization
from tfinfra.localcloud.arm.strict import blocked, subscriptions
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_error import ArmError, forbidden
from tfinfra.localcloud.common.state import Resource
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

Special = Callable[[Core, ids.Address, str, str], Answer | None]


def special_answer(core: Core, method: str, address: ids.Address, filter_: str) -> Answer | None:
    """The answer where `address` is one of these paths, else None. Raises ArmError."""
    for verb, pattern, answer in _TABLE:
        found = re.fullmatch(pattern, address.key)
        if verb == method and found:
            return answer(core, address, found.groupdict().get("name") or "", filter_)
    return None


def _subscriptions(core: Core, address: ids.Address, name: str, filter_: str) -> Answer:
    del address, name, filter_
    return Answer(200, {"value": subscriptions.documents(core.around.market)})


def _subscription(core: Core, address: ids.Address, name: str, filter_: str) -> Answer:
    del address, filter_
    return Answer(200, subscriptions.document(core.around.market, name))


def _operation(core: Core, address: ids.Address, name: str, filter_: str) -> Answer:
    del address, filter_
    found = core.operations.get(name)
    if found is None:
        raise ArmError(404, "OperationNotFound", f"The operation '{name}' could not be found.")
    return Answer(200, found.document(), headers={"Retry-After": "0"})


def _operation_result(core: Core, address: ids.Address, name: str, filter_: str) -> Answer:
    """202 while it goes on, then 200 with what was made, or the error that it ended with."""
    del address, filter_
    found = core.operations.get(name)
    if found is None:
        raise ArmError(404, "OperationNotFound", f"The operation '{name}' could not be found.")
    if found.error and found.error["code"] == blocked.CODE:
        return Answer(409, blocked.document(found.error))
    if found.error:
        raise ArmError(found.error["status"], found.error["code"], found.error["message"])
    if found.status == "InProgress":
        return Answer(202, headers={"Retry-After": "0"})  # asked again at the same place
    made = core.around.state.get(found.resource) if found.verb == "put" else None
    return Answer(200, core.view(made) if made else None)


def _roles(core: Core, address: ids.Address, name: str, filter_: str) -> Answer:
    del name
    found = authorization.definitions(core.around, address.scope)
    for property_ in ("roleName", "type"):
        if wanted := re.search(rf"{property_}\s+eq\s+'([^']*)'", filter_, re.IGNORECASE):
            found = [role for role in found if role["properties"][property_] == wanted.group(1)]
    return Answer(200, {"value": found})


def _role(core: Core, address: ids.Address, name: str, filter_: str) -> Answer:
    del address, filter_
    for role in authorization.definitions(core.around):
        if role["name"].lower() == name:
            return Answer(200, role)
    raise ArmError(404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist.")


def _runs(core: Core, address: ids.Address, name: str, filter_: str) -> Answer:
    del name, filter_
    workflow: Resource = core.get(ids.parse(address.path.rpartition("/")[0]))
    return Answer(200, {"value": workflow.internal.get("runs", [])})


def _gone_scope(core: Core, address: ids.Address, name: str, filter_: str) -> Answer | None:
    """Deleting a role assignment whose scope is gone answers 403, not 404, as ARM does."""
    del name, filter_
    scope = address.scope
    if core.around.state.get(scope) is None and scope.lower() != f"/subscriptions/{SUBSCRIPTION}":
        raise forbidden("", f"{authorization.ASSIGNMENTS}/delete", address.path)
    return None


_ANY = r"(?P<name>[^/]+)"
_SUB = r"/subscriptions/[^/]+"
_TABLE: tuple[tuple[str, str, Special], ...] = (
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
