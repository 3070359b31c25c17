"""What a caller asks before it makes anything, in the shapes that Azure documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.calls import ACCOUNT, KEEP, SET, SUB, Arm, scale_set
from tfinfra.localcloud.arm.providers.authorization import action_of
from tfinfra.localcloud.common import ids

COMPUTE = f"{SUB}/providers/Microsoft.Compute"
HPC = "microsoft-dsvm:ubuntu-hpc:2404"
VALIDATE = f"{SUB}/providers/Microsoft.Resources/deployments/keep/validate"


def image_path(name: str) -> str:
    publisher, offer, sku, *version = name.split(":")
    base = f"{COMPUTE}/locations/eastus/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
    return "/".join([base, *version])


def skus(arm: Arm, location: str) -> dict[str, dict[str, Any]]:
    query = f"api-version=2021-07-01&$filter=location eq '{location}'"
    return {s["name"]: s for s in arm.get(f"{COMPUTE}/skus", query=query).body["value"]}


def usages(arm: Arm, location: str) -> dict[str, dict[str, Any]]:
    listed = arm.get(f"{COMPUTE}/locations/{location}/usages").body["value"]
    return {u["name"]["value"]: u for u in listed}


def test_a_size_is_listed_where_it_is_sold_with_what_it_can(arm: Arm) -> None:
    found = skus(arm, "eastus")["Standard_ND96asr_v4"]
    able = {c["name"]: c["value"] for c in found["capabilities"]}
    assert found["family"] == "Standard NDASv4_A100 Family"
    assert (able["vCPUs"], able["RdmaEnabled"], able["HyperVGenerations"]) == ("96", "True", "V2")
    assert found["locationInfo"][0]["zones"] == ["1", "2", "3"]
    assert "Standard_ND96asr_v4" not in skus(arm, "northeurope")


def test_skus_can_be_closed_or_taken_away(arm: Arm) -> None:
    closed = {"type": "Location", "values": ["eastus"], "reasonCode": "NotAvailableForSubscription"}
    changes = [
        {"name": "Standard_D8s_v5", "location": "eastus", "changes": {"restrictions": [closed]}},
        {"name": "Standard_D4s_v5", "changes": None},
    ]
    assert arm.put("/tfinfra/market", {"skus": changes}).status == 200
    assert skus(arm, "eastus")["Standard_D8s_v5"]["restrictions"] == [closed]
    assert skus(arm, "westus2")["Standard_D8s_v5"]["restrictions"] == []
    assert "Standard_D4s_v5" not in skus(arm, "westus2")
    arm.delete("/tfinfra/market")
    assert "Standard_D4s_v5" in skus(arm, "westus2")


def test_quotas_are_a_locations_own_or_everywhere(arm: Arm) -> None:
    arm.put("/tfinfra/quotas", {"cores": 100, "eastus": {"cores": 10}})
    assert (usages(arm, "eastus")["cores"]["limit"], usages(arm, "westus2")["cores"]["limit"]) == (10, 100)
    assert usages(arm, "eastus")["standardDSv5Family"]["name"]["localizedValue"] == "Standard DSv5 Family vCPUs"
    arm.make_all()
    refused = arm.put(SET, scale_set())
    assert refused.code == "OperationNotAllowed"
    assert usages(arm, "eastus")["cores"]["currentValue"] == 0


def test_images_are_there_or_not(arm: Arm) -> None:
    (version,) = [v["name"] for v in arm.get(image_path(HPC)).body]
    found = arm.get(image_path(f"{HPC}:{version}")).body
    assert found["properties"]["hyperVGeneration"] == "V2"
    missing = arm.get(image_path(f"{HPC}:1.0.0"))
    assert (missing.status, missing.code) == (404, "NotFound")
    arm.put("/tfinfra/market", {"images": [{"image": f"{HPC}:{version}", "changes": None}]})
    assert arm.get(image_path(f"{HPC}:{version}")).status == 404
    assert arm.get(image_path(HPC)).body == []


def test_a_provider_that_is_not_registered_refuses_writes(arm: Arm) -> None:
    assert arm.get(f"{SUB}/providers/Microsoft.Storage").body["registrationState"] == "Registered"
    arm.put("/tfinfra/market", {"registrations": {"Microsoft.Storage": "NotRegistered"}})
    assert arm.get(f"{SUB}/providers/Microsoft.Storage").body["registrationState"] == "NotRegistered"
    arm.make_groups()
    body = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
    assert arm.put(ACCOUNT, body).code == "MissingSubscriptionRegistration"
    assert arm.get(f"{SUB}/providers/Microsoft.Nothing").code == "InvalidResourceNamespace"


def test_permissions_are_told_and_hold(arm: Arm) -> None:
    path = f"{SUB}/providers/Microsoft.Authorization/permissions"
    assert arm.get(path).body["value"][0]["actions"] == ["*"]
    few = {"actions": ["*/read"], "notActions": []}
    arm.put("/tfinfra/market", {"permissions": [few]})
    assert arm.get(path).body["value"] == [few]
    assert arm.put(KEEP, {"location": "eastus"}).code == "AuthorizationFailed"
    assert arm.call("POST", VALIDATE, {}, query="api-version=2024-11-01").code == "AuthorizationFailed"


ACTIONS = {
    "a group": ("DELETE", KEEP, "Microsoft.Resources/subscriptions/resourceGroups/delete"),
    "a resource": ("PUT", ACCOUNT, "Microsoft.Storage/storageAccounts/write"),
    "the providers": ("GET", f"{SUB}/providers", "Microsoft.Resources/subscriptions/providers/read"),
    "a provider": ("GET", f"{SUB}/providers/Microsoft.Storage", "Microsoft.Resources/subscriptions/providers/read"),
    "no question of a provider": (
        "PUT",
        f"{SUB}/providers/Microsoft.Storage",
        "Microsoft.Resources/subscriptions/providers/write",
    ),
    "a question that is posted": (
        "POST",
        f"{SUB}/providers/Microsoft.Storage/checkNameAvailability",
        "Microsoft.Storage/checknameavailability/read",
    ),
    "a validation": ("POST", VALIDATE, "Microsoft.Resources/deployments/validate/action"),
}


@pytest.mark.parametrize("case", ACTIONS)
def test_a_request_takes_the_action_of_its_method(case: str) -> None:
    method, path, action = ACTIONS[case]
    assert action_of(method, ids.parse(path)) == action


def test_who_may_read_providers_alone_is_told_of_them(arm: Arm) -> None:
    may = {"actions": ["Microsoft.Resources/subscriptions/providers/read"], "notActions": []}
    arm.put("/tfinfra/market", {"permissions": [may]})
    assert arm.get(f"{SUB}/providers/Microsoft.Storage").status == 200
    assert arm.get(KEEP).code == "AuthorizationFailed"


def test_a_storage_accounts_name_is_free_until_it_is_taken(arm: Arm) -> None:
    path, query = f"{SUB}/providers/Microsoft.Storage/checkNameAvailability", "api-version=2024-01-01"
    asked = {"name": "tfi08b9424e327a73637d968", "type": "Microsoft.Storage/storageAccounts"}
    assert arm.call("POST", path, asked, query=query).body == {"nameAvailable": True}
    arm.make_groups()
    arm.make_account()
    assert arm.call("POST", path, asked, query=query).body["reason"] == "AlreadyExists"


def template(*resources: dict[str, Any]) -> dict[str, Any]:
    inner = {"contentVersion": "1.0.0.0", "resources": list(resources)}
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2024-11-01",
        "name": "keep",
        "resourceGroup": "keep",
        "properties": {"mode": "Incremental", "template": inner},
    }
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2024-03-01",
        "name": "keep",
        "location": "eastus",
    }
    outer = {"contentVersion": "1.0.0.0", "resources": [group, nested]}
    return {"location": "eastus", "properties": {"mode": "Incremental", "template": outer}}


def nat(**changes: Any) -> dict[str, Any]:
    usual = {"type": "Microsoft.Network/natGateways", "apiVersion": "2024-05-01", "name": "nat", "location": "eastus"}
    return {**usual, "sku": {"name": "Standard"}, **changes}


def validate(arm: Arm, body: dict[str, Any]) -> Any:
    return arm.call("POST", VALIDATE, body, query="api-version=2024-11-01")


def test_a_good_template_is_valid_and_nothing_is_written(arm: Arm) -> None:
    before = arm.context.state.below("")
    reply = validate(arm, template(nat()))
    assert reply.status == 200
    assert reply.body["properties"]["provisioningState"] == "Succeeded"
    assert arm.context.state.below("") == before


INVALID: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an unknown member": (nat(propertees={}), ["InvalidRequestContent"]),
    "an unknown version": (nat(apiVersion="1999-01-01"), ["NoRegisteredProviderFound"]),
    "an unknown type": (nat(type="Microsoft.Network/gnats"), ["InvalidResourceType"]),
    "two faults at once": (nat(sku={"name": "Standrad"}, propertees={}), ["InvalidParameter", "InvalidRequestContent"]),
    "a scale set that breaks a rule": (
        {
            **scale_set("Uniform"),
            "type": "Microsoft.Compute/virtualMachineScaleSets",
            "apiVersion": "2024-11-01",
            "name": "nodes",
            "sku": {"name": "Standard_D8s_v5", "tier": "Standard", "capacity": 101},
        },
        ["InvalidParameter"],
    ),
}


FUNCTIONS = {"[replace('nat-a', 'a', 'b')]": 200, "[toLower(concat('NAT'))]": 200, "[repath('nat-a', 'a', 'b')]": 400}


@pytest.mark.parametrize("expression", FUNCTIONS)
def test_a_template_calls_functions_that_arm_has_and_no_other(arm: Arm, expression: str) -> None:
    reply = validate(arm, template(nat(name=expression)))
    assert reply.status == FUNCTIONS[expression]
    if reply.status == 400:
        assert reply.code == "InvalidTemplate"
        assert "The template function 'repath' is not valid." in reply.body["error"]["message"]


@pytest.mark.parametrize("case", INVALID)
def test_faults_of_a_template_are_details_of_one_error(arm: Arm, case: str) -> None:
    resource, codes = INVALID[case]
    reply = validate(arm, template(resource))
    assert (reply.status, reply.code) == (400, "InvalidTemplateDeployment")
    assert [detail["code"] for detail in reply.body["error"]["details"]] == codes


def test_a_policy_refuses_in_validation_and_on_every_write(arm: Arm) -> None:
    policy = {"name": "places", "display": "Allowed locations", "path": "location", "allowed": ["westeurope"]}
    arm.put("/tfinfra/market", {"policies": [policy]})
    error = validate(arm, template(nat())).body["error"]
    assert error["message"].startswith("The template deployment failed because of policy violation.")
    (group, gateway) = error["details"]
    assert (group["target"], gateway["target"], gateway["code"]) == ("keep", "nat", "RequestDisallowedByPolicy")
    info = gateway["additionalInfo"][0]["info"]
    assert info["policyAssignmentDisplayName"] == "Allowed locations"
    expression = info["evaluationDetails"]["evaluatedExpressions"][0]
    assert (expression["path"], expression["expressionValue"]) == ("location", "eastus")
    refused = arm.put(KEEP, {"location": "eastus"})
    assert (refused.status, refused.code) == (403, "RequestDisallowedByPolicy")
    assert refused.body["error"]["additionalInfo"]
    assert arm.put(KEEP, {"location": "westeurope"}).status == 201


def test_a_market_that_nobody_knows_is_refused(arm: Arm) -> None:
    assert arm.put("/tfinfra/market", {"prices": {}}).code == "InvalidRequestContent"
    assert arm.put("/tfinfra/market", {"skus": [{"nam": "x"}]}).code == "InvalidRequestContent"
