"""Each refusal of the table is really provoked, and answers as its source says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.localcloud.arm import test_arm_rights as rights
from tests.localcloud.calls import ACCOUNT, COMPUTE, IDENTITY, KEEP, KEY, SET, SUB, VNET, Arm, Reply, scale_set
from tests.localcloud.workflows import TIMER, workflow
from tfinfra.arm.deleter_role import definition_path
from tfinfra.localcloud.arm.strict.refusals import REFUSALS
from tfinfra.localcloud.common import tokens

GROUP = {"location": "eastus"}
STORE = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
VALIDATE = f"{SUB}/providers/Microsoft.Resources/deployments/keep/validate"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/run"
TAGS = "providers/Microsoft.Resources/tags/default"
OTHER = SUB[:-1] + "1"


def signed(arm: Arm, **how: Any) -> Reply:
    token = tokens.mint(KEY, tokens.OWNER_OID, how.pop("now", arm.now), 3600, **how)
    return arm.get(f"{SUB}/resourcegroups", authorization=f"Bearer {token}")


def after(arm: Arm, subscription: dict[str, Any], method: str, path: str, body: Any = None) -> Reply:
    """The answer once the market is so."""
    assert arm.put("/tfinfra/market", subscription).status == 200
    return arm.call(method, path, body)


def locked(arm: Arm, level: str, scope: str, method: str, path: str) -> Reply:
    arm.make_groups()
    lock = {"properties": {"level": level}}
    made = arm.put(f"{scope}/providers/Microsoft.Authorization/locks/hold", lock, query="api-version=2020-05-01")
    assert made.status == 201
    return arm.call(method, path, None if method == "DELETE" else GROUP)


def going(arm: Arm) -> Reply:
    arm.make_groups()
    arm.put("/tfinfra/market", {"deleting": 60})
    arm.delete(KEEP)
    assert arm.get(KEEP).body["properties"]["provisioningState"] == "Deleting"
    refused = arm.put(KEEP, GROUP)
    arm.now += 61
    return refused


def elsewhere(arm: Arm, path: str, body: dict[str, Any]) -> Reply:
    arm.make_groups()
    if path != KEEP:
        arm.put(path, body)
    return arm.put(path, {**body, "location": "West Europe"})


def taken_here(arm: Arm) -> Reply:
    arm.make_groups()
    arm.make_account()
    return arm.put(ACCOUNT.replace("-keep", "-compute"), STORE)


def taken_elsewhere(arm: Arm) -> Reply:
    arm.make_groups()
    return after(arm, {"taken": ["tfi08b9424e327a73637d968"]}, "PUT", ACCOUNT, STORE)


def grouped(arm: Arm, method: str, path: str, body: Any = None, **more: Any) -> Reply:
    arm.make_all()
    return arm.call(method, path, body, **more)


def networked(arm: Arm, *prefixes: str) -> Reply:
    """The answer to a network of 10.1.0.0/16 with such subnets."""
    arm.make_groups()
    subnets = [{"name": f"s{i}", "properties": {"addressPrefix": prefix}} for i, prefix in enumerate(prefixes)]
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}
    return arm.put(VNET, {"location": "eastus", "properties": space})


def template(arm: Arm, *resources: dict[str, Any]) -> Reply:
    inner = {"contentVersion": "1.0.0.0", "resources": list(resources)}
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2024-11-01",
        "name": "keep",
        "resourceGroup": "keep",
        "properties": {"mode": "Incremental", "template": inner},
    }
    body = {"location": "eastus", "properties": {"template": {"resources": [nested]}}}
    return arm.call("POST", VALIDATE, body, query="api-version=2024-11-01")


def nat(**changes: Any) -> dict[str, Any]:
    own = {"type": "Microsoft.Network/natGateways", "apiVersion": "2024-05-01", "name": "nat", "location": "eastus"}
    return {**own, "sku": {"name": "Standard"}, **changes}


def lacking(arm: Arm, action: str) -> Reply:
    """The answer to the owner, who may do everything but `action`, for a template with one gateway."""
    may = {"actions": ["*"], "notActions": [action]}
    assert arm.put("/tfinfra/market", {"permissions": [may]}).status == 200
    return template(arm, nat())


def repeated(arm: Arm, times: int, method: str, path: str, body: Any = None) -> Reply:
    """The answer after so many that were none of a throttle."""
    for _ in range(times):
        assert arm.call(method, path, body).status != 429
    return arm.call(method, path, body)


def policy(arm: Arm) -> Reply:
    places = {"name": "places", "path": "location", "allowed": ["westeurope"]}
    return after(arm, {"policies": [places]}, "PUT", KEEP, GROUP)


def assigned(arm: Arm, principal: str, then: str = "", most_assignments: int = 9, **more: Any) -> Reply:
    """The answer to an assignment, or to that of `then` after it."""
    rights.ready(arm, most_assignments=most_assignments)
    if not then:
        return rights.assign(arm, principal, **more)
    assert rights.assign(arm, principal).status == 201
    return rights.assign(arm, then, **more)


def constrained(arm: Arm) -> Reply:
    service, given = rights.ready(arm), {"condition": rights.BOTH, "conditionVersion": "2.0"}
    rights.assign(arm, rights.PERSON, role=rights.RBAC_ADMINISTRATOR, scope=SUB, name=rights.OTHER, **given)
    return rights.assign(arm, service, role=rights.OWNER, by=rights.PERSON)


def still_assigned(arm: Arm) -> Reply:
    rights.ready(arm)
    rights.role(arm, rights.ONE, "mine", "*/read")
    assert rights.assign(arm, rights.PERSON, role=rights.ONE).status == 201
    return arm.delete(definition_path(SUB.rpartition("/")[2], rights.ONE))


def a_user_of_nothing(arm: Arm) -> str:
    """The token of somebody who may make scale sets and nothing else."""
    arm.put("/tfinfra/directory", rights.PEOPLE)
    rights.role(arm, rights.ONE, "sets", "Microsoft.Compute/virtualMachineScaleSets/*")
    rights.assign(arm, rights.PERSON, role=rights.ONE, scope=SUB)
    return arm.token(rights.PERSON)


def unfollowed(arm: Arm) -> Reply:
    """The answer to a caller that may make a network and no more."""
    rights.ready(arm)
    rights.role(arm, rights.ONE, "networks", "Microsoft.Network/natGateways/*")
    rights.assign(arm, rights.PERSON, role=rights.ONE, scope=SUB)
    mine = {"authorization": f"Bearer {arm.token(rights.PERSON)}"}
    made = arm.put(NETWORKS, {"location": "eastus", "sku": {"name": "Standard"}}, **mine)
    assert made.status == 201
    path, _, query = made.headers["azure-asyncoperation"].partition("?")
    return arm.get("/" + path.split("/", 3)[3], query=query, **mine)


def disabled(arm: Arm) -> Reply:
    arm.make_all()
    body = workflow()
    body["properties"]["state"] = "Disabled"
    assert arm.put(TIMER, body).status == 201
    return arm.call("POST", f"{TIMER}/triggers/clock/run")


NETWORKS = f"{COMPUTE}/providers/Microsoft.Network/natGateways/nat"
SET_LIST = f"{COMPUTE}/providers/Microsoft.Compute/virtualMachines"
STORES = f"{SUB}/providers/Microsoft.Storage/storageAccounts"
UNKNOWN_FUNCTION, NO_EXPRESSION = "[frobnicate('a')]", "[concat('a',]"
PROVOKED: dict[str, Callable[[Arm], Reply]] = {
    "no token": lambda arm: arm.get(KEEP, authorization=""),
    "a token that is none": lambda arm: arm.get(KEEP, authorization="Bearer x.y.z"),
    "an expired token": lambda arm: signed(arm, now=arm.now - 7200),
    "a token for somebody else": lambda arm: signed(arm, audience=tokens.STORAGE),
    "a token of another tenant": lambda arm: signed(arm, tenant="11111111-0000-0000-0000-000000000000"),
    "an unknown subscription": lambda arm: arm.get(f"{OTHER}/resourceGroups"),
    "a write in a disabled subscription": lambda arm: after(
        arm, {"subscriptions": {SUB.rpartition("/")[2]: "Disabled"}}, "PUT", KEEP, GROUP
    ),
    "a provider that is not registered": lambda arm: after(
        arm, {"registrations": {"Microsoft.Storage": "NotRegistered"}}, "PUT", ACCOUNT, STORE
    ),
    "a namespace that there is not": lambda arm: arm.get(f"{SUB}/providers/Microsoft.Nothing/things"),
    "a type that there is not": lambda arm: arm.get(f"{SUB}/providers/Microsoft.Network/gnats"),
    "no API version": lambda arm: arm.get(KEEP, query=""),
    "an API version that is none": lambda arm: arm.get(KEEP, query="api-version=latest"),
    "an API version that a type has not": lambda arm: grouped(
        arm, "PUT", ACCOUNT, STORE, query="api-version=1999-01-01"
    ),
    "a write without a location": lambda arm: arm.put(KEEP, {}),
    "a group where there is no region": lambda arm: arm.put(KEEP, {"location": "atlantis"}),
    "a resource where there is no region": lambda arm: grouped(arm, "PUT", NETWORKS, {"location": "atlantis"}),
    "a group with a name that none may have": lambda arm: arm.put(f"{SUB}/resourceGroups/a*b", GROUP),
    "a group that is elsewhere": lambda arm: elsewhere(arm, KEEP, GROUP),
    "a resource that is elsewhere": lambda arm: elsewhere(arm, IDENTITY, GROUP),
    "a group that is not there": lambda arm: arm.get(IDENTITY),
    "a resource that is not there": lambda arm: grouped(arm, "GET", f"{IDENTITY}x"),
    "a container that is not there": lambda arm: grouped(arm, "GET", CONTAINER),
    "a share that is not there": lambda arm: grouped(arm, "GET", f"{ACCOUNT}/fileServices/default/shares/run"),
    "a subnet that is not there": lambda arm: grouped(arm, "GET", f"{VNET}/subnets/none"),
    "a nested resource of nothing": lambda arm: grouped(
        arm, "GET", CONTAINER.replace("storageAccounts/tfi", "storageAccounts/other")
    ),
    "a write into a group that is going": going,
    "the deletion of what is locked": lambda arm: locked(arm, "CanNotDelete", SUB, "DELETE", KEEP),
    "a write to what is read-only": lambda arm: locked(arm, "ReadOnly", KEEP, "PUT", IDENTITY),
    "what a policy denies": policy,
    "a storage name that others have": taken_elsewhere,
    "a storage name of another group": taken_here,
    "more tags than a group holds": lambda arm: grouped(
        arm, "PUT", f"{KEEP}/{TAGS}", {"properties": {"tags": {f"t{i}": "" for i in range(51)}}}
    ),
    "a subnet outside its network": lambda arm: networked(arm, "10.1.0.0/24", "10.2.0.0/24"),
    "a subnet in the place of another": lambda arm: networked(arm, "10.1.0.0/24", "10.1.0.128/25"),
    "a principal that is not there": lambda arm: assigned(arm, rights.NOBODY),
    "a principal of another type": lambda arm: assigned(arm, rights.PERSON, principalType="Group"),
    "an assignment that there is": lambda arm: assigned(arm, rights.PERSON, rights.PERSON, name=rights.OTHER),
    "an assignment that becomes another": lambda arm: assigned(arm, rights.PERSON, rights.GROUP_OF_PEOPLE),
    "an assignment that is not there": lambda arm: grouped(
        arm, "GET", f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/{rights.ONE}"
    ),
    "more assignments than a subscription holds": lambda arm: assigned(
        arm, rights.PERSON, rights.GROUP_OF_PEOPLE, name=rights.OTHER, most_assignments=1
    ),
    "a condition that is not met": constrained,
    "the use of what the caller may not use": lambda arm: grouped(
        arm, "PUT", SET, scale_set(), authorization=f"Bearer {a_user_of_nothing(arm)}"
    ),
    "a role's name that the tenant has": lambda arm: (
        arm.put("/tfinfra/directory", {"role_names": ["mine"]}),
        rights.role(arm, rights.ONE, "mine", "*/read"),
    )[1],
    "a role with an action that there is not": lambda arm: rights.role(
        arm, rights.ONE, "mine", "*/read", "Microsoft.Storage/locations/asyncoperations/read"
    ),
    "a role that is not there": lambda arm: arm.get(definition_path(SUB.rpartition("/")[2], rights.ONE)),
    "a role that is still assigned": still_assigned,
    "a look at an operation without the right": unfollowed,
    "a run of a disabled workflow": disabled,
    "a template that names a resource twice": lambda arm: template(arm, nat(), nat(name="NAT")),
    "a template with an unknown function": lambda arm: template(arm, nat(name=UNKNOWN_FUNCTION)),
    "a template with no expression": lambda arm: template(arm, nat(name=NO_EXPRESSION)),
    "a resource of a template that the caller may not write": lambda arm: lacking(
        arm, "Microsoft.Network/natGateways/write"
    ),
    "a deployment inside a template without the right to deploy": lambda arm: lacking(
        arm, "Microsoft.Resources/deployments/write"
    ),
    "more reads than ARM takes": lambda arm: repeated(arm, 250, "GET", f"{SUB}/resourcegroups"),
    "more writes than ARM takes": lambda arm: repeated(arm, 200, "PUT", KEEP, {}),
    "more lists of machines than Compute takes": lambda arm: after(
        arm, {"limits": {"HighCostGetVM": [0, 140, 180]}}, "GET", SET_LIST
    ),
    "more looks at a scale set than Compute takes": lambda arm: repeated(arm, 36, "GET", SET),
    "more lists of accounts than Storage takes": lambda arm: repeated(arm, 100, "GET", STORES),
    "more writes than Network takes": lambda arm: after(
        arm, {"limits": {"NetworkWrites": [0, 1, 300]}}, "PUT", NETWORKS, {}
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_it_refuses_what_azure_refuses(arm: Arm, case: str) -> None:
    refusal = REFUSALS[case]
    reply = PROVOKED[case](arm)
    assert (reply.status, reply.code) == (refusal.status, refusal.code), reply.body
    assert refusal.source
    if refusal.status == 429:
        assert int(reply.headers["retry-after"]) >= 1
