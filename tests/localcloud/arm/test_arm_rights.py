"""What ARM refuses of role assignments and roles, in its own words, and what a caller of fewer rights may do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.localcloud.calls import ACCOUNT, BLOB_CONTRIBUTOR, COMPUTE, GROUP_DELETER, KEEP, SUB, Arm, Reply
from tfinfra.arm.deleter_role import GROUPS, custom_role, definition_path, group_deleter
from tfinfra.arm.error_bodies import missing_actions
from tfinfra.arm.token_claims import claims_of
from tfinfra.localcloud.arm.rbac.actions import is_known
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, TENANT
from tfinfra.machine.needed_role import needed_role

PERSON = "aaaaaaaa-0000-4000-8000-000000000001"
GROUP_OF_PEOPLE = "aaaaaaaa-0000-4000-8000-000000000002"
NOBODY = "aaaaaaaa-0000-4000-8000-00000000000f"
ONE, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
TAG_CONTRIBUTOR = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f"
RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
PEOPLE = {"principals": {PERSON: "User", GROUP_OF_PEOPLE: "Group"}}


def assign(arm: Arm, principal: str, *, role: str = BLOB_CONTRIBUTOR, scope: str = ACCOUNT, **more: Any) -> Reply:
    """One role assignment; `more` are properties, and `name` and `by` (who asks)."""
    name, by = more.pop("name", ONE), more.pop("by", tokens.OWNER_OID)
    properties = {"roleDefinitionId": definition_path(SUBSCRIPTION, role), "principalId": principal, **more}
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    return arm.put(path, {"properties": properties}, authorization=f"Bearer {arm.token(by)}")


def ready(arm: Arm, **directory: Any) -> str:
    """A keep group with an account and an identity; returns the identity's principal."""
    arm.make_groups()
    arm.make_account()
    assert arm.put("/tfinfra/directory", {**PEOPLE, **directory}).status == 200
    return arm.make_identity()


TYPED: dict[str, tuple[str, str | None, str]] = {
    "a person": (PERSON, "User", ""),
    "a person of whom nothing is said": (PERSON, None, ""),
    "a group": (GROUP_OF_PEOPLE, "Group", ""),
    "the owner, who is a person": (tokens.OWNER_OID, "User", ""),
    "a service principal": (tokens.PIPELINE_OID, "ServicePrincipal", ""),
    "a service principal, said to be a person": (
        tokens.PIPELINE_OID,
        "User",
        "The PrincipalId '0000000000000000000000000000c1c1' has type 'ServicePrincipal' , which is different from "
        "specified PrinciaplType 'User'.",
    ),
    "a person, said to be a service principal": (PERSON, "ServicePrincipal", "has type 'User' , which is different"),
    "nobody": (NOBODY, None, f"Principal {NOBODY.replace('-', '')} does not exist in the directory {TENANT}."),
    "nobody, said to be a service principal": (NOBODY, "ServicePrincipal", "does not exist in the directory"),
}


@pytest.mark.parametrize("case", TYPED)
def test_a_principal_is_there_and_of_the_type_that_is_said(arm: Arm, case: str) -> None:
    principal, said, refused = TYPED[case]
    ready(arm)
    reply = assign(arm, principal, **({"principalType": said} if said else {}))
    if not refused:
        assert reply.status == 201
        return
    assert reply.status == 400
    assert reply.code == ("PrincipalNotFound" if "directory" in refused else "UnmatchedPrincipalType")
    assert refused in reply.body["error"]["message"]


def test_a_principal_that_was_just_made_is_found_later_unless_its_type_is_said(arm: Arm) -> None:
    principal = ready(arm, replication=60)
    assert assign(arm, principal).code == "PrincipalNotFound"
    assert assign(arm, principal, principalType="ServicePrincipal").status == 201
    arm.now += 60
    assert assign(arm, principal, role=GROUP_DELETER, scope=KEEP, name=OTHER).status == 201


def test_an_assignment_is_what_it_is(arm: Arm) -> None:
    principal = ready(arm)
    assert assign(arm, principal).status == 201
    assert assign(arm, principal).status == 200
    assert assign(arm, principal, name=OTHER).body["error"] == {
        "code": "RoleAssignmentExists",
        "message": "The role assignment already exists.",
    }
    for reply in (assign(arm, principal, role=GROUP_DELETER), assign(arm, PERSON)):
        assert (reply.status, reply.code) == (400, "RoleAssignmentUpdateNotPermitted")
    missing = arm.get(f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/{OTHER}")
    assert missing.body["error"] == {
        "code": "RoleAssignmentNotFound",
        "message": f"The role assignment '{OTHER}' is not found.",
    }


def test_a_subscription_holds_so_many_assignments(arm: Arm) -> None:
    principal = ready(arm, most_assignments=1)
    assert assign(arm, principal).status == 201
    assert assign(arm, PERSON, name=OTHER).code == "RoleAssignmentLimitExceeded"
    assert assign(arm, principal).status == 200


def role(arm: Arm, guid: str, name: str, *actions: str, subscription: str = SUBSCRIPTION) -> Reply:
    return arm.put(definition_path(subscription, guid), custom_role(subscription, name, "", actions))


def test_a_roles_name_is_taken_in_the_whole_tenant(arm: Arm) -> None:
    arm.put("/tfinfra/directory", {"role_names": ["Elsewhere"]})
    ours = group_deleter(SUBSCRIPTION)["properties"]["roleName"]
    for name in (ours, ours.upper(), "elsewhere"):
        reply = role(arm, ONE, name, "*/read")
        assert (reply.status, reply.code) == (409, "RoleDefinitionWithSameNameExists")
    assert role(arm, ONE, "mine", "*/read").status == 201
    assert role(arm, ONE, "mine", "*/read", "*/write").status == 200
    assert role(arm, GROUP_DELETER, ours, "*/read").status == 200


UNKNOWN = {
    "a type that there is not": "Microsoft.Storage/locations/asyncoperations/read",
    "a misspelt type": "Microsoft.Compute/virtualMachineScaleSet/read",
    "a misspelt nested type": "Microsoft.Network/virtualNetworks/subnet/join/action",
    "a verb that the type has not": "Microsoft.Authorization/permissions/write",
    "an action without its last word": "Microsoft.ManagedIdentity/userAssignedIdentities/assign",
    "a group by the name of its resource type": "Microsoft.Resources/resourceGroups/read",
    "a pattern that matches nothing": "Microsoft.Logic/workflow/*",
}


@pytest.mark.parametrize("action", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_role_has_only_actions_that_there_are(arm: Arm, action: str) -> None:
    reply = role(arm, ONE, "mine", f"{GROUPS}/read", action)
    assert (reply.status, reply.body["error"]) == (
        400,
        {
            "code": "InvalidActionOrNotAction",
            "message": f"'{action}' does not match any of the actions supported by the providers.",
        },
    )
    exact = (
        "*",
        "*/read",
        "Microsoft.Support/*",
        "microsoft.network/NATGATEWAYS/*",
        "Microsoft.Storage/locations/*/read",
    )
    assert role(arm, ONE, "mine", *exact).status == 201


def test_the_roles_of_tfinfra_have_only_actions_that_there_are() -> None:
    for body in (needed_role(None), group_deleter(SUBSCRIPTION)):
        (permissions,) = body["properties"]["permissions"]
        assert [action for action in permissions["actions"] if not is_known(action)] == []


def test_roles_are_listed_where_they_may_be_assigned(arm: Arm) -> None:
    arm.make_groups()
    body = custom_role(SUBSCRIPTION, "of one group", "", ("*/read",))
    body["properties"]["assignableScopes"] = [KEEP]
    assert arm.put(definition_path(SUBSCRIPTION, ONE), body).status == 201
    for scope, there in ((KEEP, True), (COMPUTE, False)):
        found = arm.get(f"{scope}/providers/Microsoft.Authorization/roleDefinitions").body["value"]
        assert (ONE in [one["name"] for one in found]) is there


def test_a_role_goes_after_its_assignments(arm: Arm) -> None:
    assert arm.get(definition_path(SUBSCRIPTION, ONE)).code == "RoleDefinitionDoesNotExist"
    ready(arm)
    role(arm, ONE, "mine", "*/read")
    made = assign(arm, PERSON, role=ONE)
    assert arm.delete(definition_path(SUBSCRIPTION, ONE)).code == "RoleDefinitionHasAssignments"
    assert arm.delete(made.body["id"]).status == 200
    assert arm.delete(definition_path(SUBSCRIPTION, ONE)).status == 200


WRITE, DELETE = (f"Microsoft.Authorization/roleAssignments/{verb}" for verb in ("write", "delete"))


def constrained(source: str, action: str, *tests: str) -> str:
    """As Azure's portal writes it for an administrator who may assign some roles only."""
    asked = " AND ".join(f"@{source}[Microsoft.Authorization/roleAssignments:{test}" for test in tests)
    return f"((!(ActionMatches{{'{action}'}})) OR ({asked}))"


ONLY_BLOBS = f"RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{BLOB_CONTRIBUTOR}, {OTHER}}}"
ONLY_SERVICES = "PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal', 'Group'}"
NO_OWNERS = f"RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {{{OWNER}, {RBAC_ADMINISTRATOR}}}"
BOTH = f"{constrained('Request', WRITE, ONLY_BLOBS)} AND {constrained('Resource', DELETE, ONLY_BLOBS)}"
CONDITIONS: dict[str, tuple[str, Callable[[Arm, str], Reply], bool]] = {
    "a role that it allows": (BOTH, lambda arm, service: assign(arm, service, by=PERSON), True),
    "another role": (BOTH, lambda arm, service: assign(arm, service, role=GROUP_DELETER, by=PERSON), False),
    "a type that it allows": (
        constrained("Request", WRITE, ONLY_BLOBS, ONLY_SERVICES),
        lambda arm, service: assign(arm, service, principalType="ServicePrincipal", by=PERSON),
        True,
    ),
    "another type": (
        constrained("Request", WRITE, ONLY_BLOBS, ONLY_SERVICES),
        lambda arm, _: assign(arm, PERSON, principalType="User", by=PERSON),
        False,
    ),
    "all roles but some": (
        constrained("Request", WRITE, NO_OWNERS),
        lambda arm, service: assign(arm, service, role=GROUP_DELETER, by=PERSON),
        True,
    ),
    "one of the some": (
        constrained("Request", WRITE, NO_OWNERS),
        lambda arm, service: assign(arm, service, role=OWNER, by=PERSON),
        False,
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_a_condition_constrains_what_may_be_assigned(arm: Arm, case: str) -> None:
    condition, attempt, may = CONDITIONS[case]
    service = ready(arm)
    given = {"condition": condition, "conditionVersion": "2.0"}
    assert assign(arm, PERSON, role=RBAC_ADMINISTRATOR, scope=SUB, name=OTHER, **given).status == 201
    reply = attempt(arm, service)
    assert reply.status == (201 if may else 403)
    if not may:
        assert reply.code == "AuthorizationFailed"
        assert "has an authorization with ABAC condition that is not fulfilled to perform action" in json.dumps(
            reply.body
        )


def test_a_condition_constrains_what_may_be_taken_away(arm: Arm) -> None:
    service = ready(arm)
    given = {"condition": BOTH, "conditionVersion": "2.0"}
    assert assign(arm, PERSON, role=RBAC_ADMINISTRATOR, scope=SUB, name=OTHER, **given).status == 201
    theirs = assign(arm, service, role=GROUP_DELETER, scope=KEEP).body["id"]
    mine = {"authorization": f"Bearer {arm.token(PERSON)}"}
    assert arm.delete(theirs, **mine).status == 403
    assert arm.get(theirs, **mine).status == 200  # the condition is on two actions only
    granted = assign(arm, service).body["id"]
    assert arm.delete(granted, **mine).status == 200


UNREADABLE = {
    "another language": ("role == 'x'", "2.0"),
    "an operator that is not known": (
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] Like {'x'}",
        "2.0",
    ),
    "no end": ("(ActionMatches{'x'}", "2.0"),
    "an old version": (f"ActionMatches{{'{WRITE}'}}", "1.0"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_condition_that_would_count_for_nothing_is_refused(arm: Arm, case: str) -> None:
    condition, version = UNREADABLE[case]
    service = ready(arm)
    assert assign(arm, service, condition=condition, conditionVersion=version).code == "InvalidRequestContent"


def test_a_new_grant_takes_effect_a_while_later(arm: Arm) -> None:
    principal = ready(arm, granting=30)
    assert assign(arm, principal, role=GROUP_DELETER, scope=KEEP, principalType="ServicePrincipal").status == 201
    mine = {"authorization": f"Bearer {arm.token(principal)}"}
    refused = arm.get(KEEP, **mine)
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert refused.body["error"]["message"].endswith("please refresh your credentials.")
    arm.now += 30
    assert arm.get(KEEP, **mine).status == 200


def test_a_new_grant_comes_and_goes_while_replicas_differ(arm: Arm) -> None:
    principal = ready(arm, granting=60, replicas=3)
    assign(arm, principal, role=GROUP_DELETER, scope=KEEP, principalType="ServicePrincipal")
    mine = {"authorization": f"Bearer {arm.token(principal)}"}
    arm.now += 30
    assert sorted(arm.get(KEEP, **mine).status for _ in range(6)) == [200, 200, 403, 403, 403, 403]
    arm.now += 30
    assert {arm.get(KEEP, **mine).status for _ in range(6)} == {200}


def test_a_tag_contributor_sees_groups_and_changes_none(arm: Arm) -> None:
    ready(arm)
    assign(arm, PERSON, role=TAG_CONTRIBUTOR, scope=SUB)
    mine = {"authorization": f"Bearer {arm.token(PERSON)}"}
    assert arm.get(KEEP, **mine).status == 200
    assert arm.call("PATCH", KEEP, {"tags": {"a": "b"}}, **mine).status == 403
    assert arm.delete(KEEP, **mine).status == 403
    assert arm.get(ACCOUNT, **mine).status == 403


def validated(arm: Arm, oid: str, *resources: dict[str, Any]) -> Reply:
    """The answer to a template that has a group and the resources in it."""
    inner = {"type": "Microsoft.Resources/deployments", "apiVersion": "2024-11-01", "name": "keep"}
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2024-03-01",
        "name": "g",
        "location": "eastus",
    }
    within = {"resourceGroup": "g", "properties": {"template": {"resources": list(resources)}}}
    body = {"location": "eastus", "properties": {"template": {"resources": [group, {**inner, **within}]}}}
    path = f"{SUB}/providers/Microsoft.Resources/deployments/keep/validate"
    return arm.call("POST", path, body, authorization=f"Bearer {arm.token(oid)}")


STORE = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2024-01-01", "name": "store"}
STORED = {**STORE, "location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
GRANTED: dict[str, Any] = {
    "type": "Microsoft.Authorization/roleAssignments",
    "apiVersion": "2022-04-01",
    "name": OTHER,
    "scope": "Microsoft.Storage/storageAccounts/store",
    "properties": {"roleDefinitionId": definition_path(SUBSCRIPTION, BLOB_CONTRIBUTOR), "principalId": PERSON},
}


def test_a_template_takes_the_rights_of_what_is_in_it(arm: Arm) -> None:
    ready(arm)
    assign(arm, PERSON, role=CONTRIBUTOR, scope=SUB)
    assert validated(arm, PERSON, STORED).status == 200
    refused = validated(arm, PERSON, STORED, GRANTED)
    assert (refused.status, refused.code) == (403, "InvalidTemplateDeployment")
    place = f"{SUB}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/store"
    assert refused.body["error"]["message"] == (
        f"The template deployment failed with error: 'Authorization failed for template resource '{OTHER}' of type "
        f"'Microsoft.Authorization/roleAssignments'. The client '{PERSON}' with object id '{PERSON}' does not have "
        f"permission to perform action '{WRITE}' at scope '{place}/providers/Microsoft.Authorization/roleAssignments/"
        f"{OTHER}'.'."
    )


def test_a_template_names_each_right_that_is_missing(arm: Arm) -> None:
    ready(arm)
    role(arm, OTHER, "asks", "Microsoft.Resources/deployments/validate/action")
    assign(arm, PERSON, role=OTHER, scope=SUB)
    message = validated(arm, PERSON, STORED, GRANTED).body["error"]["message"]
    assert message.startswith(
        "Deployment failed with multiple errors: 'Authorization failed for template resource 'g' of"
    )
    assert missing_actions(message) == (
        "Microsoft.Resources/subscriptions/resourceGroups/write",
        "Microsoft.Resources/deployments/write",
        "Microsoft.Storage/storageAccounts/write",
        WRITE,
    )


def test_a_condition_counts_in_a_template(arm: Arm) -> None:
    ready(arm)
    given = {"condition": constrained("Request", WRITE, NO_OWNERS), "conditionVersion": "2.0"}
    assign(arm, PERSON, role=CONTRIBUTOR, scope=SUB)
    assign(arm, PERSON, role=RBAC_ADMINISTRATOR, scope=SUB, name=OTHER, **given)
    assert validated(arm, PERSON, STORED, GRANTED).status == 200
    asked: Any = GRANTED["properties"]
    owner = {**asked, "roleDefinitionId": definition_path(SUBSCRIPTION, OWNER)}
    assert validated(arm, PERSON, STORED, {**GRANTED, "properties": owner}).status == 403


@pytest.mark.parametrize("kind", tokens.CALLERS)
def test_a_rehearsals_caller_is_a_person_or_a_service_principal(arm: Arm, kind: str) -> None:
    oid = tokens.CALLERS[kind]
    claims = claims_of(arm.token(oid))
    assert (claims["idtyp"], "upn" in claims) == (kind, kind == "user")
    assert arm.put(KEEP, {"location": "eastus"}, authorization=f"Bearer {arm.token(oid)}").status == 201
