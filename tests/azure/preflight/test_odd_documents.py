"""Documents that have not ARM's form: whatever stands where an object, a list or a number should, a preflight ends in
findings, and not in an exception."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.azure.answering import azure
from tests.azure.preflight.replies import SUB, listed, request, restriction, sku, usage
from tests.stacks.plans import FLEXIBLE, SUBNET_ID, plan
from tfinfra.azure.preflight import all_checks
from tfinfra.azure.preflight.all_checks import Preflight, preflight
from tfinfra.azure.preflight.ask import Answers
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.azure.preflight.image import ImageAnswer
from tfinfra.model import Target

SIZE = "Standard_D8s_v5"
PLAN = plan(FLEXIBLE)
RESERVATION = f"{SUB}/resourceGroups/g/providers/Microsoft.Compute/capacityReservationGroups/r"
TARGET = Target(
    name="cpu",
    cloud="azure",
    location="eastus",
    vm_size=SIZE,
    os_disk_gb=128,
    subnet_id=SUBNET_ID,
    capacity_reservation_id=RESERVATION,
)
REQUESTS = (
    request("/resourceGroups/k"),
    request("/resourceGroups/k/providers/Microsoft.Storage/storageAccounts/a"),
)
IMAGE = {
    "properties": {
        "hyperVGeneration": "V2",
        "architecture": "x64",
        "imageDeprecationStatus": {"imageState": "ScheduledForDeprecation", "scheduledDeprecationTime": "2027"},
        "plan": {"name": "p"},
    }
}
PROVIDER = {
    "registrationState": "Registered",
    "resourceTypes": [{"resourceType": "storageAccounts", "locations": ["East US"]}],
}
SUBNET = {
    "properties": {
        "addressPrefix": "10.0.0.0/24",
        "addressPrefixes": ["10.0.0.0/24"],
        "ipConfigurations": [{"id": "i"}],
        "serviceEndpoints": [{"service": "Microsoft.Storage"}],
    }
}
LOCK = {"id": f"{SUB}/providers/Microsoft.Authorization/locks/l", "name": "l", "properties": {"level": "ReadOnly"}}
DENIED = {
    "code": "RequestDisallowedByPolicy",
    "target": "k",
    "message": "Resource 'k' was disallowed by policy.",
    "additionalInfo": [
        {
            "type": "PolicyViolation",
            "info": {
                "policyDefinitionDisplayName": "places",
                "evaluationDetails": {
                    "evaluatedExpressions": [
                        {"path": "location", "expressionValue": "eastus", "targetValue": ["westus"], "operator": "In"}
                    ]
                },
            },
        }
    ],
}
SIZED = sku(SIZE, family="standardDSv5Family", restrictions=[restriction("Zone", zones=["1"]), restriction("Location")])
ANSWERS = Answers(
    requests=REQUESTS,
    usages={"eastus": listed(usage("standardDSv5Family", 1, 8), usage("cores", 1, 100))},
    skus={"eastus": listed(SIZED)},
    image=ImageAnswer(ArmReply(200, IMAGE), ArmReply(200, IMAGE), listed({"name": "1.2.3"})),
    locks=listed(LOCK),
    permissions=listed({"actions": ["*"], "notActions": ["a/b"]}),
    permitted={f"{SUB}/resourceGroups/net": ("subnet_id", listed({"actions": ["*"], "notActions": ["a/b"]}))},
    subnet=ArmReply(200, SUBNET),
    reservations=listed({"sku": {"name": SIZE}, "zones": ["1"]}),
    providers={"Microsoft.Storage": ArmReply(200, PROVIDER)},
    groups={"k": ArmReply(200, {"properties": {"provisioningState": "Deleting"}})},
    accounts={"a": ArmReply(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": "taken"})},
    roles={f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/r": ArmReply(404, {"error": {"code": "c"}})},
    validation=ArmReply(400, {"error": {"code": "InvalidTemplateDeployment", "message": "m", "details": [DENIED]}}),
)
ODD: tuple[Any, ...] = ("a text", 7, None, [], {}, ["a text"])
PARTS = {
    "usages": lambda answers: answers.usages["eastus"],
    "skus": lambda answers: answers.skus["eastus"],
    "image": lambda answers: answers.image.describes,
    "locks": lambda answers: answers.locks,
    "permissions": lambda answers: answers.permissions,
    "permitted": lambda answers: next(iter(answers.permitted.values()))[1],
    "subnet": lambda answers: answers.subnet,
    "reservations": lambda answers: answers.reservations,
    "providers": lambda answers: answers.providers["Microsoft.Storage"],
    "groups": lambda answers: answers.groups["k"],
    "accounts": lambda answers: answers.accounts["a"],
    "validation": lambda answers: answers.validation,
}


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a document, that to the document itself first."""
    yield path
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield from places(value, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def told(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Preflight:
    class Told:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> Told:
            return self

        def __exit__(self, *_: object) -> None: ...
        def all(self, *_: object) -> Answers:
            return answers

        def market_now(self, _: object) -> tuple[Any, Any]:
            return answers.usages, answers.skus

    monkeypatch.setattr(all_checks, "Asker", Told)
    return preflight(replace(azure(), ensure=lambda: None), PLAN, TARGET, lambda: REQUESTS)


def test_the_documents_as_they_should_be_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {finding.code for finding in told(ANSWERS, monkeypatch).findings}
    assert {"TFI606", "TFI601", "TFI612", "TFI625", "TFI617", "TFI618", "TFI619", "TFI629"} <= codes
    assert "TFI623" not in codes


@pytest.mark.parametrize("part", PARTS)
def test_whatever_stands_in_a_document_the_preflight_ends_in_findings(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = cast(ArmReply, PARTS[part](ANSWERS))
    for path in places(reply.body):
        for odd in ODD:
            changed = copy.deepcopy(ANSWERS)
            object.__setattr__(PARTS[part](changed), "body", put(reply.body, path, odd))
            found = told(changed, monkeypatch)
            assert all(finding.code.startswith("TFI6") for finding in found.findings), (path, odd)


def test_what_cannot_be_read_is_named_and_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(ANSWERS, permissions=listed({"actions": "*", "notActions": 7}))
    (finding,) = [f for f in told(changed, monkeypatch).findings if f.code == "TFI623"]
    assert "about permissions" in finding.message


def test_a_subscription_that_takes_nothing_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = ArmReply(409, {"error": {"code": "ReadOnlyDisabledSubscription", "message": "is disabled"}})
    found = told(replace(ANSWERS, accounts={"a": closed}, validation=closed), monkeypatch).findings
    assert [f.code for f in found if "ReadOnlyDisabledSubscription" in f.message] == ["TFI634"]
