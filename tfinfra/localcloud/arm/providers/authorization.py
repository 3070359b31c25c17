"""Role definitions, role assignments and what they permit: nodes may do what their identity was granted, no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfinfra.arm.deleter_role import DEFINITIONS, GROUPS, covers
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, ResourceProvider
from tfinfra.localcloud.arm.rbac import actions, builtin, conditions
from tfinfra.localcloud.arm.rbac.directory import OWNERS, check_principal
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, condition_not_fulfilled, forbidden
from tfinfra.localcloud.common.state import ArmResource

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
PROVIDERS = "Microsoft.Resources/subscriptions/providers"
_EVERYTHING: dict[str, list[str]] = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}


class RoleDefinitions(ResourceProvider):
    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        """A name is taken in the whole tenant, whichever subscription has it (Azure/Azure-Landing-Zones#1505)."""
        del before
        name = str(resource.properties.get("roleName"))
        others = (r for r in context.state.of_type(DEFINITIONS) if r.id.lower() != resource.id.lower())
        taken = (*context.directory.role_names, *(str(r.properties.get("roleName")) for r in others))
        if name.lower() in map(str.lower, taken):
            message = "A custom role with the same name already exists in this directory. Use a different name"
            raise ArmRefusal(409, "RoleDefinitionWithSameNameExists", message)
        # one action that does not exist refuses the whole role (LeanerCloud/CUDly#1794)
        for permissions in resource.properties.get("permissions") or ():
            for action in (*(permissions.get("actions") or ()), *(permissions.get("notActions") or ())):
                if actions.is_known(str(action)) is False:
                    message = f"'{action}' does not match any of the actions supported by the providers."
                    raise ArmRefusal(400, "InvalidActionOrNotAction", message)
        return resource.with_properties(type="CustomRole")

    def release(self, context: CloudContext, resource: ArmResource) -> None:
        """A role goes after its assignments (learn.microsoft.com/azure/role-based-access-control/troubleshooting
        #symptom---unable-to-delete-a-custom-role)."""
        for assignment in context.state.of_type(ASSIGNMENTS):
            if _role_of(assignment) == resource.name.lower():
                message = "There are existing role assignments referencing role."
                raise ArmRefusal(400, "RoleDefinitionHasAssignments", message)


class RoleAssignments(ResourceProvider):
    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        properties, now = resource.properties, context.now()
        definition(context, str(properties.get("roleDefinitionId")))
        check_principal(context.state, context.directory, properties, now)
        _check_condition(properties)
        wanted = _grant(resource)
        if before is not None:
            if _grant(before) != wanted:  # Azure-Samples/graphrag-accelerator#168
                message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
                raise ArmRefusal(400, "RoleAssignmentUpdateNotPermitted", message)
            return resource.with_properties(scope=resource.address.scope)
        if any(_grant(a) == wanted for a in context.state.of_type(ASSIGNMENTS)):
            # hashicorp/terraform-provider-azurerm#12079
            raise ArmRefusal(409, "RoleAssignmentExists", "The role assignment already exists.")
        # all that lie in a subscription count together (learn.microsoft.com/azure/role-based-access-control
        # /troubleshoot-limits, which has no status: 400 is that of Azure's other limits of this provider)
        subscription = "/".join(resource.id.split("/")[:3])
        if len(context.state.of_type(ASSIGNMENTS, subscription)) >= context.directory.most_assignments:
            raise ArmRefusal(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created.")
        return resource.with_internal(made=now).with_properties(scope=resource.address.scope)


def _check_condition(properties: dict[str, Any]) -> None:
    """Refuses a condition that the local cloud cannot evaluate. The words are ours, not Azure's."""
    condition = properties.get("condition")
    if not condition:
        return
    version = properties.get("conditionVersion")
    try:
        conditions.parse(str(condition))
    except ValueError as error:
        raise ArmRefusal(400, "InvalidRequestContent", f"The local cloud reads no such condition: {error}.") from error
    if version != conditions.VERSION:
        message = f"The local cloud reads conditions of version {conditions.VERSION}, not {version}."
        raise ArmRefusal(400, "InvalidRequestContent", message)


def _grant(assignment: ArmResource) -> tuple[str, str, str]:
    return assignment.address.scope.lower(), str(assignment.properties.get("principalId")), _role_of(assignment)


def _role_of(assignment: ArmResource) -> str:
    return str(assignment.properties.get("roleDefinitionId")).rpartition("/")[2].lower()


def definition(context: CloudContext, id_: str) -> dict[str, Any]:
    """The properties of the role definition `id_`, whatever scope it is named under. Raises ArmRefusal (400)."""
    name = id_.rpartition("/")[2].lower()
    for role in definitions(context):
        if role["name"].lower() == name:
            found: dict[str, Any] = role["properties"]
            return found
    raise ArmRefusal(
        400, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist."
    )


def definitions(context: CloudContext, scope: str = "") -> list[dict[str, Any]]:
    """The role definitions as ARM lists them: the built-in ones, then the custom ones that may be assigned in `scope`
    (an id; "" is the whole tenant)."""
    found = builtin.documents()
    for role in context.state.of_type(DEFINITIONS):
        assignable = role.properties.get("assignableScopes") or ()
        if not scope or any(ids.within(str(one), scope) for one in assignable):
            found.append(role.body)
    return found


@dataclass(frozen=True)
class Grant:
    """What an assignment gives: a role's properties on a scope, as far as the condition lets it ("" for none)."""

    scope: str
    role: dict[str, Any]
    condition: str = ""

    @property
    def permissions(self) -> list[dict[str, Any]]:
        return self.role.get("permissions") or []


def grants(context: CloudContext, oid: str) -> Iterator[Grant]:
    """Each role assignment of the principal."""
    for assignment in context.state.of_type(ASSIGNMENTS):
        if assignment.properties.get("principalId") == oid:
            yield _given(context, assignment)


def _effective_grants(context: CloudContext, oid: str) -> Iterator[Grant]:
    """Those that the replica that answers this time knows by now."""
    turn = next(context.turns)
    for assignment in context.state.of_type(ASSIGNMENTS):
        known = context.directory.has_taken_effect(assignment, context.now(), turn)
        if known and assignment.properties.get("principalId") == oid:
            yield _given(context, assignment)


def _given(context: CloudContext, assignment: ArmResource) -> Grant:
    role = definition(context, str(assignment.properties["roleDefinitionId"]))
    return Grant(assignment.address.scope, role, str(assignment.properties.get("condition") or ""))


def authorize(context: CloudContext, oid: str, method: str, address: ids.Address, body: Any = None) -> None:
    """Raises ArmRefusal (403) where the principal may not do what a request asks. An owner may do everything, unless
    the subscription's settings say otherwise."""
    action = action_of(method, address)
    if oid in OWNERS:
        if not covers(_owners_permissions(context), action):
            raise forbidden(oid, action, address.path)
        return
    able = _able(context, oid, action, address.path)
    change = conditions.AssignmentChange(action, _attributes(context, address, body))
    if any(not grant.condition or conditions.holds(grant.condition, change) for grant in able):
        return
    raise (condition_not_fulfilled if able else forbidden)(oid, action, address.path)


def may(context: CloudContext, oid: str, action: str, id_: str) -> bool:
    """Whether the principal may do `action`, which no condition speaks of, on `id_`."""
    return covers(_owners_permissions(context), action) if oid in OWNERS else bool(_able(context, oid, action, id_))


def _able(context: CloudContext, oid: str, action: str, id_: str) -> list[Grant]:
    """The principal's grants that let it do `action` on `id_`, as far as their conditions do."""
    within = (g for g in _effective_grants(context, oid) if ids.within(g.scope, id_))
    return [grant for grant in within if covers(grant.permissions, action)]


def _attributes(context: CloudContext, address: ids.Address, body: Any) -> dict[str, str]:
    """The attributes of the role assignment that is written, or of the stored one that is deleted."""
    stored = context.state.get(address.path)
    written = body.get("properties") if isinstance(body, dict) else None
    properties = written or (stored.properties if stored else {})
    principal = str(properties.get("principalId", ""))
    return {
        "RoleDefinitionId": str(properties.get("roleDefinitionId", "")).rpartition("/")[2],
        "PrincipalId": principal,
        "PrincipalType": str(
            properties.get("principalType") or context.directory.type_of(context.state, principal) or ""
        ),
    }


def permissions(context: CloudContext, oid: str, id_: str) -> list[dict[str, Any]]:
    """What the principal may do on `id_`, as Microsoft.Authorization/permissions lists it: one entry for each grant."""
    if oid in OWNERS:
        return _owners_permissions(context)
    found = (grant.permissions for grant in _effective_grants(context, oid) if ids.within(grant.scope, id_))
    return [dict(p) for permissions_ in found for p in permissions_]


def _owners_permissions(context: CloudContext) -> list[dict[str, Any]]:
    permitted = context.subscription.permissions
    return [dict(p) for p in ((_EVERYTHING,) if permitted is None else permitted)]


_VERBS = {"GET": "read", "HEAD": "read", "DELETE": "delete", "POST": "action"}
# What role definitions call otherwise than paths do; the paths of no type that anybody may ask are the providers'
# (learn.microsoft.com/azure/role-based-access-control/resource-provider-operations).
_KINDS = {ids.GROUP_TYPE: GROUPS, "": PROVIDERS}
_POSTED_QUERIES = {"microsoft.storage/checknameavailability": "Microsoft.Storage/checknameavailability/read"}


def action_of(method: str, address: ids.Address) -> str:
    """The action that a request needs, as role definitions spell it."""
    action = _POSTED_QUERIES.get(address.type.lower()) if method == "POST" else None
    if address.type == "Microsoft.Resources/resources":  # listing a group and listing the subscription are two actions
        action = f"{GROUPS if address.group else 'Microsoft.Resources/subscriptions'}/resources/read"
    return action or f"{_KINDS.get(address.type, address.type)}/{_VERBS.get(method, 'write')}"
