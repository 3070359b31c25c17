"""Each check on its own: what ARM answered, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.azure.preflight.replies import (
    A100,
    DEMAND,
    FORBIDDEN,
    SUB,
    listed,
    request,
    restriction,
    sku,
    usage,
    usages,
)
from tests.stacks.plans import FLEXIBLE, INFINIBAND, plan
from tfinfra.azure.preflight import image, names, permissions, placement, policy, quota, registration, reservation
from tfinfra.azure.preflight import sku as sizes
from tfinfra.azure.preflight.finding import Demand, Finding, Reply
from tfinfra.errors import Severity
from tfinfra.model import Image, Target

TARGET = Target(name="gpu", cloud="azure", location="eastus", vm_size="Standard_NC96ads_A100_v4", os_disk_gb=128)


def told(found: Iterable[Finding]) -> list[tuple[str, str, str]]:
    return [(f.code, f.key, f.message) for f in found]


SKUS: dict[str, tuple[Reply, Demand, list[tuple[str, str]]]] = {
    "an open size has no finding": (listed(sku()), DEMAND, []),
    "sizes are named in any case": (listed(sku("STANDARD_nc96ads_a100_V4")), DEMAND, []),
    "a size of another location is none": (listed(sku(location="westus")), DEMAND, [("TFI605", "vm_size")]),
    "a disk of that name is no size": (listed(sku(resourceType="disks")), DEMAND, [("TFI605", "vm_size")]),
    "a closed location": (listed(sku(restrictions=[restriction("Location")])), DEMAND, [("TFI606", "vm_size")]),
    "a closed zone does not matter without zone": (
        listed(sku(restrictions=[restriction("Zone", zones=["1"])])),
        DEMAND,
        [],
    ),
    "a closed zone": (
        listed(sku(restrictions=[restriction("Zone", zones=["1"])])),
        replace(DEMAND, zone="1"),
        [("TFI607", "zone")],
    ),
    "a zone without the size": (listed(sku()), replace(DEMAND, zone="2"), [("TFI607", "zone")]),
    "a zone with it": (listed(sku()), replace(DEMAND, zone="3"), []),
    "no InfiniBand where the plan has it": (listed(sku()), replace(DEMAND, infiniband=True), [("TFI608", "vm_size")]),
    "not sold as spot": (
        listed(sku(capabilities={"LowPriorityCapable": "False"})),
        replace(DEMAND, spot=True),
        [("TFI608", "vm_priority")],
    ),
    "no answer is no finding": (FORBIDDEN, DEMAND, []),
}


@pytest.mark.parametrize("case", SKUS)
def test_sizes(case: str) -> None:
    reply, demand, expected = SKUS[case]
    assert [(f.code, f.key) for f in sizes.findings(reply, demand)] == expected


def test_a_zone_that_would_do_is_named() -> None:
    (found,) = sizes.findings(listed(sku()), replace(DEMAND, zone="2"))
    assert found.hint == "it is in zones 1 and 3"


NEEDED = "needs 96 vCPUs of family NCADS_A100_v4 in eastus"
QUOTAS: dict[str, tuple[Reply, Demand, list[tuple[str, str, str]]]] = {
    "enough": (usages(), DEMAND, []),
    "exactly enough": (usages(family=(4, 100), region=(4, 100)), DEMAND, []),
    "the family": (
        usages(family=(48, 96)),
        DEMAND,
        [("TFI601", "vm_size", f"{NEEDED}, 48 of 96 are free")],
    ),
    "used beyond its limit, nothing is free": (
        usages(family=(120, 96)),
        DEMAND,
        [("TFI601", "vm_size", f"{NEEDED}, 0 of 96 are free")],
    ),
    "the region": (
        usages(region=(0, 95)),
        DEMAND,
        [("TFI602", "location", "needs 96 vCPUs in eastus, of all families together, 95 of 95 are free")],
    ),
    "both at once": (
        usages(family=(0, 0), region=(0, 10)),
        DEMAND,
        [
            ("TFI601", "vm_size", f"{NEEDED}, 0 of 0 are free"),
            ("TFI602", "location", "needs 96 vCPUs in eastus, of all families together, 10 of 10 are free"),
        ],
    ),
    "spot counts by itself": (
        usages(family=(0, 0), region=(0, 0), spot=1000),
        replace(DEMAND, spot=True, node_count=20),
        [("TFI603", "vm_priority", "needs 1,920 spot vCPUs in eastus, 1,000 of 1,000 are free")],
    ),
    "a family that is not listed has none": (
        listed(usage("cores", 0, 960)),
        DEMAND,
        [("TFI601", "vm_size", "needs 96 vCPUs of family NCADSA100v4 in eastus, 0 of 0 are free")],
    ),
    "machines": (
        listed(*usages().values[:3], usage("virtualMachines", 24999, 25000), usage("virtualMachineScaleSets", 0, 1)),
        replace(DEMAND, node_count=2),
        [("TFI604", "node_count", "needs 2 machines in eastus, 1 of 25,000 are free")],
    ),
    "no answer is no finding": (FORBIDDEN, DEMAND, []),
}


@pytest.mark.parametrize("case", QUOTAS)
def test_quotas(case: str) -> None:
    reply, demand, expected = QUOTAS[case]
    offered = sizes.offer(listed(sku()), demand)
    assert offered is not None
    assert told(quota.findings(reply, offered, demand)) == expected


LABELS = {
    "Standard NCADS_A100_v4 Family vCPUs": "NCADS_A100_v4",
    "Standard NCASv3_T4 Family vCPUs": "NCASv3_T4",
    "Standard DSv5 Family vCPUs": "DSv5",
    "Total Regional vCPUs": "Total Regional vCPUs",
}


@pytest.mark.parametrize("label", LABELS)
def test_families_have_short_names(label: str) -> None:
    assert quota.family_label(label) == LABELS[label]


HPC = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.1")
PLAIN = Image("Canonical", "ubuntu-24_04-lts", "server", "24.04.1")
ACME = Image("acme", "training", "gpu", "1.0.0")
OWN = f"{SUB}/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/gpu/versions/1.0.0"
GONE = Reply(404, {})


def described(**properties: Any) -> Reply:
    return Reply(200, {"properties": {"hyperVGeneration": "V2", "architecture": "x64", **properties}})


ERROR, WARNING = Severity.ERROR, Severity.WARNING
AGE = {"imageState": "ScheduledForDeprecation", "scheduledDeprecationTime": "2027-01-01"}
IMAGES: dict[str, tuple[Image, Reply, bool, list[tuple[str, Severity]]]] = {
    "there, with a driver": (HPC, described(), True, []),
    "not there": (HPC, GONE, True, [("TFI609", ERROR)]),
    "of the wrong generation": (HPC, described(hyperVGeneration="V1"), False, [("TFI610", ERROR)]),
    "for another processor": (HPC, described(architecture="Arm64"), False, [("TFI610", ERROR)]),
    "without a driver": (PLAIN, described(), True, [("TFI611", ERROR)]),
    "without a driver that nobody needs": (PLAIN, described(), False, []),
    "nobody knows of a driver": (ACME, described(), True, [("TFI611", WARNING)]),
    "deprecated": (HPC, described(imageDeprecationStatus={"imageState": "Deprecated"}), False, [("TFI612", ERROR)]),
    "soon deprecated": (HPC, described(imageDeprecationStatus=AGE), False, [("TFI612", WARNING)]),
    "sold under a plan": (ACME, described(plan={"name": "pro"}), False, [("TFI625", ERROR)]),
    "made of one that is": (ACME, described(purchasePlan={"name": "pro"}), False, [("TFI625", ERROR)]),
    "no answer is no finding": (HPC, FORBIDDEN, True, []),
}


def image_findings(which: Image, answer: image.ImageAnswer, *, use_gpu: bool) -> list[tuple[str, Severity, str | None]]:
    wanted = replace(plan(replace(FLEXIBLE, image=which)), use_gpu=use_gpu)
    found = image.findings(wanted, answer, sizes.offer(listed(sku()), DEMAND))
    return [(f.code, f.severity, f.hint) for f in found]


@pytest.mark.parametrize("case", IMAGES)
def test_images(case: str) -> None:
    which, reply, use_gpu, expected = IMAGES[case]
    found = image_findings(which, image.ImageAnswer(reply, reply), use_gpu=use_gpu)
    assert [(code, severity) for code, severity, _ in found] == expected


def test_versions_that_are_there_are_named() -> None:
    answer = image.ImageAnswer(GONE, GONE, listed({"name": "24.04.0"}))
    assert image_findings(HPC, answer, use_gpu=True) == [("TFI609", ERROR, "there are versions 24.04.0")]


GALLERY: dict[str, tuple[Reply, Reply, list[str]]] = {
    "described by its definition": (described(hyperVGeneration=None), described(), ["TFI611"]),
    "of the wrong generation": (Reply(200, {}), described(hyperVGeneration="V1"), ["TFI611", "TFI610"]),
    "a version that is not there": (GONE, described(), ["TFI611", "TFI609"]),
    "a gallery that is not there": (GONE, GONE, ["TFI611", "TFI609"]),
}


@pytest.mark.parametrize("case", GALLERY)
def test_images_of_ones_own(case: str) -> None:
    itself, definition, expected = GALLERY[case]
    found = image_findings(Image(id=OWN), image.ImageAnswer(itself, definition), use_gpu=True)
    assert [code for code, _, _ in found] == expected
    assert image.definition_of(OWN).endswith("/galleries/g/images/gpu")


VERSIONS = {
    "by number and not by letter": (["24.04.9", "24.04.10", "22.04.11"], "24.04.10"),
    "a single one": (["1.0.0"], "1.0.0"),
    "none": ([], None),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_the_newest_version(case: str) -> None:
    names_, expected = VERSIONS[case]
    assert image.newest(listed(*({"name": name} for name in names_))) == expected


def subnet(prefix: str, used: int = 0, service: str | None = "Microsoft.Storage") -> Reply:
    endpoints = [{"service": service, "locations": ["*"]}] if service else None
    properties: dict[str, Any] = {
        "addressPrefix": prefix,
        "ipConfigurations": [{}] * used,
        "serviceEndpoints": endpoints,
    }
    return Reply(200, {"properties": properties})


BROUGHT = replace(TARGET, subnet_id=f"{SUB}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s")
PLACES: dict[str, tuple[Any, Target, Reply | None, list[str]]] = {
    "nodes of our own subnet": (FLEXIBLE, TARGET, None, []),
    "too many on InfiniBand": (replace(INFINIBAND, node_count=101), TARGET, None, ["node_count"]),
    "many without it": (replace(FLEXIBLE, node_count=101), TARGET, None, []),
    "a reservation excludes InfiniBand": (
        INFINIBAND,
        replace(TARGET, capacity_reservation_id="/r"),
        None,
        ["capacity_reservation_id"],
    ),
    "a subnet with just room enough": (replace(FLEXIBLE, node_count=11), BROUGHT, subnet("10.0.0.0/28"), []),
    "a subnet that is too small": (replace(FLEXIBLE, node_count=12), BROUGHT, subnet("10.0.0.0/28"), ["subnet_id"]),
    "a subnet that others use": (FLEXIBLE, BROUGHT, subnet("10.0.0.0/28", used=10), ["subnet_id"]),
    "a subnet in InfiniBand's own network": (INFINIBAND, BROUGHT, subnet("172.16.4.0/24"), ["subnet_id"]),
    "the same without InfiniBand": (FLEXIBLE, BROUGHT, subnet("172.16.4.0/24"), []),
    "a subnet that is not there": (FLEXIBLE, BROUGHT, Reply(404, {}), ["subnet_id"]),
}


@pytest.mark.parametrize("case", PLACES)
def test_placement(case: str) -> None:
    infrastructure, target, reply, expected = PLACES[case]
    found = list(placement.findings(plan(infrastructure), target, reply))
    assert [(f.code, f.key) for f in found] == [("TFI613", key) for key in expected]


WAYS: dict[str, tuple[str | None, list[tuple[str, Severity]]]] = {
    "a service endpoint": ("Microsoft.Storage", []),
    "one to every region": ("Microsoft.Storage.Global", []),
    "none": (None, [("TFI628", WARNING)]),
    "one to something else": ("Microsoft.KeyVault", [("TFI628", WARNING)]),
}


@pytest.mark.parametrize("case", WAYS)
def test_the_way_to_storage(case: str) -> None:
    service, expected = WAYS[case]
    found = placement.findings(plan(FLEXIBLE), BROUGHT, subnet("10.0.0.0/24", service=service))
    assert [(f.code, f.severity) for f in found] == expected


def held(size: str, *zones: str) -> dict[str, Any]:
    return {"name": "r", "sku": {"name": size, "capacity": 1}, **({"zones": list(zones)} if zones else {})}


RESERVED: dict[str, tuple[Demand, Reply | None, list[tuple[str, str | None]]]] = {
    "none is named": (DEMAND, None, []),
    "of the size": (DEMAND, listed(held("Standard_D8s_v5"), held(A100)), []),
    "of the size, in the zone": (replace(DEMAND, zone="2"), listed(held(A100, "1"), held(A100, "2")), []),
    "for fewer nodes, which are then no promise": (replace(DEMAND, node_count=9), listed(held(A100)), []),
    "of another size": (
        DEMAND,
        listed(held("Standard_D8s_v5")),
        [(f"has no reservation of {A100} without a zone", "it holds Standard_D8s_v5 without a zone")],
    ),
    "of another zone": (
        replace(DEMAND, zone="2"),
        listed(held(A100, "1")),
        [(f"has no reservation of {A100} in zone 2", f"it holds {A100} in zone 1")],
    ),
    "of a zone that nobody asked for": (
        DEMAND,
        listed(held(A100, "1")),
        [(f"has no reservation of {A100} without a zone", f"it holds {A100} in zone 1")],
    ),
    "empty": (DEMAND, listed(), [(f"has no reservation of {A100} without a zone", "it holds nothing")]),
    "not there": (DEMAND, Reply(404, {}), [("is not there", None)]),
    "no answer is no finding": (DEMAND, FORBIDDEN, []),
}


@pytest.mark.parametrize("case", RESERVED)
def test_reserved_capacity(case: str) -> None:
    demand, reply, expected = RESERVED[case]
    found = list(reservation.findings(demand, reply))
    assert [(f.message.removeprefix("the capacity reservation group "), f.hint) for f in found] == expected


GROUP = "/resourceGroups/tfinfra-digits-ab12cd-keep"
ACCOUNT = request(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/blobs")
ROLE = request(f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/r", {"properties": {}})


def provider(state: str, locations: list[str]) -> Reply:
    types = [{"resourceType": "storageAccounts", "locations": locations}]
    return Reply(200, {"registrationState": state, "resourceTypes": types})


PROVIDERS: dict[str, tuple[Reply, list[tuple[str, str]]]] = {
    "registered, and there": (provider("Registered", ["West US", "East US"]), []),
    "not registered": (provider("NotRegistered", ["East US"]), [("TFI614", "subscription_id")]),
    "being registered": (provider("Registering", ["East US"]), [("TFI614", "subscription_id")]),
    "not in the location": (provider("Registered", ["West US"]), [("TFI615", "location")]),
    "a type without locations is everywhere": (provider("Registered", []), []),
}


@pytest.mark.parametrize("case", PROVIDERS)
def test_providers(case: str) -> None:
    reply, expected = PROVIDERS[case]
    found = registration.findings((ACCOUNT, ROLE), {"Microsoft.Storage": reply})
    assert [(f.code, f.key) for f in found] == expected
    assert registration.namespaces((ACCOUNT, ROLE)) == ("Microsoft.Storage",)


OWNER = {"actions": ["*"], "notActions": []}
CONTRIBUTOR = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
GRANTER = {"actions": ["Microsoft.Authorization/roleAssignments/write", "*/read"], "notActions": []}
RIGHTS = {
    "an owner may": ([OWNER], ""),
    "a contributor may not assign roles": ([CONTRIBUTOR], "Microsoft.Authorization/roleAssignments/write in"),
    "one grant may except what another gives": ([CONTRIBUTOR, GRANTER], ""),
    "nobody may nothing": ([], "Microsoft.Authorization/roleAssignments/read"),
}


@pytest.mark.parametrize("case", RIGHTS)
def test_rights(case: str) -> None:
    grants, missing = RIGHTS[case]
    found = list(permissions.findings((ACCOUNT, ROLE), listed(*grants)))
    assert [f.code for f in found] == (["TFI616"] if missing else [])
    assert not found or missing in found[0].message


def test_a_contributor_is_told_both_ways_out() -> None:
    (found,) = permissions.findings((ACCOUNT, ROLE), listed(CONTRIBUTOR))
    assert "Role Based Access Control Administrator" in str(found.hint)
    assert "identity_id" in str(found.hint)


def test_using_a_resource_takes_an_action_of_its_own() -> None:
    identity = f"{SUB}{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes"
    net = f"{SUB}{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    body = {"identity": {"userAssignedIdentities": {identity: {}}}, "properties": {"subnets": [{"id": net}]}}
    found = permissions.needed([request(f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/x", body)])
    assert "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action" in found
    assert "Microsoft.Network/virtualNetworks/subnets/join/action" in found
    assert "Microsoft.Resources/subscriptions/resourceGroups/delete" in found


def lock(scope: str, level: str) -> dict[str, Any]:
    id_ = f"{SUB}{scope}/providers/Microsoft.Authorization/locks/hold"
    return {"id": id_, "name": "hold", "properties": {"level": level}}


LOCKS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a lock against deletion on the subscription": (lock("", "CanNotDelete"), [("subscription_id", "deleted")]),
    "a read-only subscription": (lock("", "ReadOnly"), [("subscription_id", "made")]),
    "a lock on somebody's group": (lock("/resourceGroups/other", "ReadOnly"), []),
    "a read-only network that the target brings": (lock("/resourceGroups/net", "ReadOnly"), [("subnet_id", "using s")]),
    "one that only may not be deleted": (lock("/resourceGroups/net", "CanNotDelete"), []),
}


@pytest.mark.parametrize("case", LOCKS)
def test_locks(case: str) -> None:
    given, expected = LOCKS[case]
    found = list(names.lock_findings(listed(given), BROUGHT))
    assert [f.key for f in found] == [key for key, _ in expected]
    assert all(f.message.endswith(end) for f, (_, end) in zip(found, expected, strict=True))


def test_names_that_are_taken() -> None:
    there = Reply(200, {"properties": {"provisioningState": "Deleting"}})
    taken = Reply(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": "it is taken"})
    found = names.findings({"a": there, "b": Reply(404, {})}, {"c": taken, "d": Reply(200, {"nameAvailable": True})})
    assert told(found) == [
        ("TFI617", "name", "there is a resource group a already (Deleting)"),
        ("TFI617", "name", "the storage account name c cannot be used: it is taken"),
    ]


def evaluated(path: str, value: Any, target: Any, operator: str, *, true: bool = True) -> dict[str, Any]:
    said = {"result": str(true), "expressionKind": "Field", "expression": path, "path": path}
    return {**said, "expressionValue": value, "targetValue": target, "operator": operator}


PICKED = evaluated("type", "T", "T", "Equals")
NOT_GLOBAL = evaluated("location", "eastus", "global", "NotEquals")


def denied(*expressions: dict[str, Any], name: str = "x", message: str = "no") -> dict[str, Any]:
    info = {
        "policyAssignmentDisplayName": "P",
        "evaluationDetails": {"evaluatedExpressions": [PICKED, *expressions]},
    }
    more = [{"type": "PolicyViolation", "info": info}]
    return {"code": "RequestDisallowedByPolicy", "target": name, "message": message, "additionalInfo": more}


def invalid(*details: dict[str, Any]) -> Reply:
    return Reply(400, {"error": {"code": "InvalidTemplateDeployment", "message": "see", "details": list(details)}})


PLACES_ALLOWED = ["westeurope", "northeurope"]
ALLOWED_LOCATIONS = denied(evaluated("location", "eastus", PLACES_ALLOWED, "NotIn"), NOT_GLOBAL)
"""As the built-in policy "Allowed locations" is evaluated."""
NO_TEAM = evaluated("tags['team']", None, "false", "Exists")
SIZE_B = denied(evaluated("sku.name", "A", ["B"], "In", true=False))
WRAPPED = {"code": "InvalidTemplateDeployment", "message": "m", "details": [SIZE_B]}
PLAIN_DENIAL = {
    "code": "RequestDisallowedByPolicy",
    "target": "x",
    "message": "Resource 'x' was disallowed by policy. "
    'Policy identifiers: \'[{"policyAssignment":{"name":"P","id":"/i"}}]\'.',
}
POLICIES: dict[str, tuple[Reply, list[tuple[str, str, str, str | None]]]] = {
    "ARM takes it": (Reply(200, {"properties": {}}), []),
    "a location": (
        invalid(ALLOWED_LOCATIONS),
        [
            (
                "TFI619",
                "location",
                "Azure Policy 'P' forbids location eastus: x",
                "it allows westeurope, northeurope",
            )
        ],
    ),
    "a tag that is missing, in two resources": (
        invalid(denied(NO_TEAM, name="x"), denied(NO_TEAM, name="y")),
        [
            (
                "TFI619",
                "tags",
                "Azure Policy 'P' forbids resources without tags['team']: x and 1 more",
                "add it to tags: {team: …}",
            )
        ],
    ),
    "wrapped by a nested deployment": (
        invalid(WRAPPED),
        [("TFI619", "vm_size", "Azure Policy 'P' forbids sku.name A: x", "it allows B")],
    ),
    "a list of what is forbidden allows nothing": (
        invalid(denied(evaluated("sku.name", "A", ["A", "C"], "In"))),
        [("TFI619", "vm_size", "Azure Policy 'P' forbids sku.name A: x", None)],
    ),
    "in the words of who wrote the policy": (
        invalid(denied(evaluated("sku.name", "A", "B*", "NotLike"), message="No. Reasons: 'Only B sizes.'. See more.")),
        [("TFI619", "vm_size", "Azure Policy 'P' forbids sku.name A: x", "Only B sizes.")],
    ),
    "in their words alone": (
        invalid({"code": "RequestDisallowedByPolicy", "message": "Resource 'x' was denied.\n  Reasons: 'Only\n B.'"}),
        [("TFI619", "cloud", "Azure Policy 'a policy' forbids resources of the plan: x", "Only B.")],
    ),
    "without details of its evaluation": (
        invalid(PLAIN_DENIAL),
        [("TFI619", "cloud", "Azure Policy 'P' forbids resources of the plan: x", None)],
    ),
    "another fault": (
        invalid({"code": "InvalidParameter", "message": "bad", "target": "z"}),
        [("TFI620", "cloud", "ARM refuses the plan: InvalidParameter: bad (z)", None)],
    ),
    "a fault without details": (
        Reply(400, {"error": {"code": "InvalidTemplate", "message": "bad"}}),
        [("TFI620", "cloud", "ARM refuses the plan: InvalidTemplate: bad", None)],
    ),
    "a fault in an answer of 200": (
        Reply(200, {"error": {"code": "InvalidTemplate", "message": "bad"}}),
        [("TFI620", "cloud", "ARM refuses the plan: InvalidTemplate: bad", None)],
    ),
    "a quota that its own check has told": (invalid({"code": "QuotaExceeded", "message": "m"}), []),
    "identities that are not made yet": (invalid({"code": "PrincipalNotFound", "message": "m"}), []),
}


@pytest.mark.parametrize("case", POLICIES)
def test_policies(case: str) -> None:
    reply, expected = POLICIES[case]
    found = policy.findings(reply, frozenset({"TFI601"}))
    assert [(f.code, f.key, f.message, f.hint) for f in found] == expected


LOCATIONS: dict[str, tuple[Reply, set[str] | None]] = {
    "ARM takes it": (Reply(200, {"properties": {}}), None),
    "a policy on something else": (invalid(SIZE_B), None),
    "two policies on locations": (
        invalid(ALLOWED_LOCATIONS, denied(evaluated("location", "eastus", ["West Europe"], "In", true=False))),
        {"westeurope"},
    ),
    "who may not ask": (FORBIDDEN, None),
}


@pytest.mark.parametrize("case", LOCATIONS)
def test_locations_that_policies_allow(case: str) -> None:
    reply, expected = LOCATIONS[case]
    assert policy.allowed_locations(reply) == expected


def test_who_may_not_ask_is_warned() -> None:
    (found,) = policy.findings(FORBIDDEN, frozenset())
    assert (found.code, found.severity) == ("TFI621", Severity.WARNING)


def test_a_quota_that_no_check_could_ask_is_told() -> None:
    (found,) = policy.findings(invalid({"code": "QuotaExceeded", "message": "m"}), frozenset())
    assert (found.code, found.key, found.message) == ("TFI601", "vm_size", "ARM refuses the plan: QuotaExceeded: m")
    quota_said = "Operation results in exceeding quota limits of Core. Maximum allowed: 4, Current in use: 4."
    (found,) = policy.findings(invalid({"code": "OperationNotAllowed", "message": quota_said}), frozenset())
    assert found.code == "TFI601"


def test_an_operation_that_is_not_allowed_is_no_quota() -> None:
    other = invalid({"code": "OperationNotAllowed", "message": "overprovision is not allowed"})
    (found,) = policy.findings(other, frozenset({"TFI601"}))
    assert (found.code, found.key) == ("TFI620", "cloud")
