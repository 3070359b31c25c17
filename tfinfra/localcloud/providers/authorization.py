"""Role definitions, role assignments and what they permit: nodes may do what their identity was granted, no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfinfra.localcloud import ids
from tfinfra.localcloud.arm_error import ArmError
from tfinfra.localcloud.layout import SUBSCRIPTION
from tfinfra.localcloud.providers.base import Provider, Surroundings
from tfinfra.localcloud.state import Resource
from tfinfra.localcloud.tokens import OWNER_OID
from tfinfra.roles import DEFINITIONS, GROUPS, covers

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
PROVIDERS = "Microsoft.Resources/subscriptions/providers"
BLOB_WRITER = "Storage Blob Data Contributor"
BLOB_READER = "Storage Blob Data Reader"
# The built-in roles that runs use, with Azure's own ids.
BUILT_IN: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": ("Owner", ("*",), ()),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": ("Contributor", ("*",), ("Microsoft.Authorization/*/write",)),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": ("Reader", ("*/read",), ()),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": (BLOB_WRITER, (), ()),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": (BLOB_READER, (), ()),
}


_EVERYTHING: dict[str, list[str]] = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}


class RoleDefinitions(Provider):
    def accept(self, around: Surroundings, resource: Resource, before: Resource | None) -> Resource:
        del around, before
        return resource.with_properties(type="CustomRole")


class RoleAssignments(Provider):
    def accept(self, around: Surroundings, resource: Resource, before: Resource | None) -> Resource:
        properties = resource.properties
        definition(around, str(properties.get("roleDefinitionId")))
        principal = str(properties.get("principalId"))
        if principal not in principals(around):
            message = f"Principal {principal} does not exist in the directory."
            raise ArmError(400, "PrincipalNotFound", message)
        scope = resource.address.scope
        self._refuse_other(around, resource, before)
        return resource.with_properties(scope=scope)

    def _refuse_other(self, around: Surroundings, resource: Resource, before: Resource | None) -> None:
        wanted = _grant(resource)
        if before is not None and _grant(before) != wanted:
            message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
            raise ArmError(400, "RoleAssignmentUpdateNotPermitted", message)
        if before is None and any(_grant(a) == wanted for a in around.state.of_type(ASSIGNMENTS)):
            raise ArmError(409, "RoleAssignmentExists", "The role assignment already exists.")


def _grant(assignment: Resource) -> tuple[str, str, str]:
    properties = assignment.properties
    role = str(properties.get("roleDefinitionId")).rpartition("/")[2]
    return assignment.address.scope.lower(), str(properties.get("principalId")), role.lower()


def definition(around: Surroundings, id_: str) -> dict[str, Any]:
    """The properties of the role definition `id_`, whatever scope it is named under. Raises ArmError (400)."""
    name = id_.rpartition("/")[2].lower()
    for role in definitions(around):
        if role["name"].lower() == name:
            found: dict[str, Any] = role["properties"]
            return found
    raise ArmError(400, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist.")


def definitions(around: Surroundings) -> list[dict[str, Any]]:
    """All role definitions as ARM lists them: the built-in ones, then the custom ones."""
    return [*map(_built_in, BUILT_IN), *(r.body for r in around.state.of_type(DEFINITIONS))]


def _built_in(guid: str) -> dict[str, Any]:
    name, actions, excepted = BUILT_IN[guid]
    permissions = [{"actions": list(actions), "notActions": list(excepted), "dataActions": [], "notDataActions": []}]
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/providers/{DEFINITIONS}/{guid}",
        "type": DEFINITIONS,
        "name": guid,
        "properties": {"roleName": name, "type": "BuiltInRole", "permissions": permissions, "assignableScopes": ["/"]},
    }


def principals(around: Surroundings) -> set[str]:
    """The object ids that exist: the owner's and those of all managed identities."""
    found = {OWNER_OID}
    for resource in around.state.below(""):
        identity = resource.body.get("identity") or {}
        found |= {str(p) for p in (resource.properties.get("principalId"), identity.get("principalId")) if p}
    return found


def grants(around: Surroundings, oid: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(scope, role properties) of each role assignment of the principal."""
    for assignment in around.state.of_type(ASSIGNMENTS):
        if assignment.properties.get("principalId") == oid:
            yield assignment.address.scope, definition(around, str(assignment.properties["roleDefinitionId"]))


def permits(around: Surroundings, oid: str, action: str, id_: str) -> bool:
    """Whether the principal may do `action` ("Microsoft.X/y/read") on `id_`. The owner may do everything, unless the
    market says otherwise."""
    return covers(permissions(around, oid, id_), action)


def permissions(around: Surroundings, oid: str, id_: str) -> list[dict[str, Any]]:
    """What the principal may do on `id_`, as Microsoft.Authorization/permissions lists it: one entry for each grant."""
    if oid == OWNER_OID:
        permitted = around.market.permissions
        return [dict(p) for p in ((_EVERYTHING,) if permitted is None else permitted)]
    found = (role.get("permissions") or () for scope, role in grants(around, oid) if ids.within(scope, id_))
    return [dict(p) for permissions_ in found for p in permissions_]


_VERBS = {"GET": "read", "HEAD": "read", "DELETE": "delete", "POST": "action"}
# What role definitions call otherwise than paths do; the paths of no type that anybody may ask are the providers'
# (learn.microsoft.com/azure/role-based-access-control/resource-provider-operations).
_KINDS = {ids.GROUP_TYPE: GROUPS, "": PROVIDERS}
_POSTED_QUESTIONS = {"microsoft.storage/checknameavailability": "Microsoft.Storage/checknameavailability/read"}


def action_of(method: str, address: ids.Address) -> str:
    """The action that a request needs, as role definitions spell it."""
    asked = _POSTED_QUESTIONS.get(address.type.lower()) if method == "POST" else None
    return asked or f"{_KINDS.get(address.type, address.type)}/{_VERBS.get(method, 'write')}"
