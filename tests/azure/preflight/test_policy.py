"""What ARM's validation refuses, and whose words are told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.azure import recorded
from tests.azure.preflight.replies import FORBIDDEN
from tests.stacks.recording import SUBSCRIPTION
from tfinfra.azure.preflight import policy
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.errors import Severity


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


def invalid(*details: dict[str, Any]) -> ArmReply:
    return ArmReply(400, {"error": {"code": "InvalidTemplateDeployment", "message": "see", "details": list(details)}})


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
CALLER = "00000000-1111-4222-8333-444444444444"
UNMATCHED = {
    "code": "UnmatchedPrincipalType",
    "message": "The PrincipalId '00000000111142228333444444444444' has type 'ServicePrincipal' , which is different "
    "from specified PrinciaplType 'User'.",
}


def not_found(principal: str) -> dict[str, str]:
    """In the words of Azure/avdaccelerator#76."""
    named = f"Principal {principal.replace('-', '')} does not exist in the directory {SUBSCRIPTION}."
    return {"code": "PrincipalNotFound", "message": f"{named} Check that you have the correct principal ID."}


POLICIES: dict[str, tuple[ArmReply, list[tuple[str, str, str, str | None]]]] = {
    "ARM takes it": (ArmReply(200, {"properties": {}}), []),
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
        ArmReply(400, {"error": {"code": "InvalidTemplate", "message": "bad"}}),
        [("TFI620", "cloud", "ARM refuses the plan: InvalidTemplate: bad", None)],
    ),
    "a fault in an answer of 200": (
        ArmReply(200, {"error": {"code": "InvalidTemplate", "message": "bad"}}),
        [("TFI620", "cloud", "ARM refuses the plan: InvalidTemplate: bad", None)],
    ),
    "a quota that its own check has told": (invalid({"code": "QuotaExceeded", "message": "m"}), []),
    "an identity that is not made yet": (invalid(not_found("99999999-9999-5999-9999-999999999999")), []),
    "a caller whom the directory does not know": (
        invalid(not_found(CALLER)),
        [("TFI620", "cloud", f"ARM refuses the plan: PrincipalNotFound: {not_found(CALLER)['message']}", None)],
    ),
    "a caller of another type than is said": (
        invalid(UNMATCHED),
        [("TFI620", "cloud", f"ARM refuses the plan: UnmatchedPrincipalType: {UNMATCHED['message']}", None)],
    ),
}


@pytest.mark.parametrize("case", POLICIES)
def test_policies(case: str) -> None:
    reply, expected = POLICIES[case]
    found = policy.findings(reply, frozenset({"TFI601"}), frozenset({CALLER}))
    assert [(f.code, f.key, f.message, f.hint) for f in found] == expected


LOCATIONS: dict[str, tuple[ArmReply, set[str] | None]] = {
    "ARM takes it": (ArmReply(200, {"properties": {}}), None),
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


ACTION = "Microsoft.Authorization/roleAssignments/write"
VALIDATE = "Microsoft.Resources/deployments/validate/action"
LINKED = (
    "The client 'c' has permission to perform action 'Microsoft.Compute/virtualMachineScaleSets/write' on scope '/s'; "
    "however, it does not have permission to perform action 'Microsoft.Network/virtualNetworks/subnets/join/action' on "
    "the linked scope(s) '/n'."
)

# Azure/azure-cli#27299
ELSEWHERE = (
    "The client has permission to perform action 'Microsoft.Network/virtualNetworks/subnets/join/action' on scope '/s'"
    ", however the current tenant 't' is not authorized to access linked subscription 'u'."
)


DEPLOY = "Microsoft.Resources/deployments/write"


def failed(name: str, action: str) -> str:
    """As ARM says it of one resource of a template."""
    return (
        f"Authorization failed for template resource '{name}' of type '{action.rpartition('/')[0]}'. The client 'c' "
        f"with object id 'o' does not have permission to perform action '{action}' at scope '/s'."
    )


# OfficeDev/microsoft-teams-emergency-operations-center#205 has the words around them.
SEVERAL = (
    "Deployment failed with multiple errors: '"
    + ":".join(
        failed(name, action)
        for name, action in (
            ("d", DEPLOY),
            ("a", ACTION),
            ("s", "Microsoft.Storage/storageAccounts/write"),
            ("b", ACTION),
        )
    )
    + "'."
)


def forbidden(code: str, message: str) -> ArmReply:
    return ArmReply(403, {"error": {"code": code, "message": message}})


RIGHTS: dict[str, tuple[ArmReply, str, str, Severity]] = {
    "a right that a resource of the plan takes": (
        ArmReply(403, recorded.body("validate-403-inner-authorization")),
        "TFI616",
        ACTION,
        Severity.ERROR,
    ),
    "the same with capital keys": (
        ArmReply(
            403,
            {
                "Error": {
                    "Code": "InvalidTemplateDeployment",
                    "Message": f"not have permission to perform action '{ACTION}' at",
                }
            },
        ),
        "TFI616",
        ACTION,
        Severity.ERROR,
    ),
    "several rights in one text": (
        ArmReply(403, {"error": {"code": "InvalidTemplateDeployment", "message": SEVERAL}}),
        "TFI616",
        f"you may not {ACTION}, Microsoft.Storage/storageAccounts/write, which a resource",
        Severity.ERROR,
    ),
    "the same by an answer of another status": (
        ArmReply(400, {"error": {"code": "InvalidTemplateDeployment", "message": SEVERAL}}),
        "TFI616",
        f"you may not {ACTION}, Microsoft.Storage/storageAccounts/write, which a resource",
        Severity.ERROR,
    ),
    "the right to deploy, which asking alone takes": (
        ArmReply(403, {"error": {"code": "InvalidTemplateDeployment", "message": failed("deployments", DEPLOY)}}),
        "TFI621",
        DEPLOY,
        Severity.WARNING,
    ),
    "a right on what a resource refers to": (
        invalid({"code": "LinkedAuthorizationFailed", "message": LINKED}),
        "TFI616",
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        Severity.ERROR,
    ),
    "a right on what a resource refers to, as ARM writes it now": (
        invalid(
            {
                "code": "LinkedAuthorizationFailed",
                "message": LINKED.replace(
                    "not have permission to perform action '", "not have permission to perform action(s) '"
                ),
            }
        ),
        "TFI616",
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        Severity.ERROR,
    ),
    "what a resource refers to is another tenant's": (
        forbidden("LinkedAuthorizationFailed", ELSEWHERE),
        "TFI620",
        "the current tenant",
        Severity.ERROR,
    ),
    "the right to ask": (
        forbidden("AuthorizationFailed", f"does not have authorization to perform action '{VALIDATE}' over scope '/s'"),
        "TFI621",
        VALIDATE,
        Severity.WARNING,
    ),
    "a subscription that is disabled": (
        ArmReply(403, recorded.body("read-only-disabled-subscription")),
        "TFI634",
        "ReadOnlyDisabledSubscription",
        Severity.ERROR,
    ),
    "a subscription that is disabled, by an answer of another status": (
        ArmReply(409, recorded.body("read-only-disabled-subscription")),
        "TFI634",
        "ReadOnlyDisabledSubscription",
        Severity.ERROR,
    ),
    "a subscription that may not have this": (
        ArmReply(400, recorded.body("disallowed-provider")),
        "TFI634",
        "DisallowedProvider",
        Severity.ERROR,
    ),
    "a template of tfinfra's own that is wrong": (
        ArmReply(400, recorded.body("invalid-template-defined-twice")),
        "TFI620",
        "is defined multiple times in a template",
        Severity.ERROR,
    ),
    "a policy on deployments themselves": (
        ArmReply(403, {"error": PLAIN_DENIAL}),
        "TFI619",
        "Azure Policy 'P' forbids",
        Severity.ERROR,
    ),
    "a provider that is registered elsewhere": (
        invalid({"code": "MissingRegistrationForLocation", "message": "not registered for eastus"}),
        "TFI614",
        "not registered for eastus",
        Severity.ERROR,
    ),
    "a quota in the singular": (
        invalid(recorded.body("quota-exceeded-direct")["error"]),
        "TFI601",
        "exceeding quota limit of Core",
        Severity.ERROR,
    ),
}


@pytest.mark.parametrize(("reply", "code", "words", "severity"), RIGHTS.values(), ids=RIGHTS.keys())
def test_what_the_caller_or_the_subscription_may_not(
    reply: ArmReply, code: str, words: str, severity: Severity
) -> None:
    (found,) = policy.findings(reply, frozenset())
    assert (found.code, found.severity) == (code, severity)
    assert words in found.message
    assert found.hint or code in ("TFI620", "TFI601", "TFI614", "TFI619")


def test_a_right_that_its_own_check_has_told_is_not_told_twice() -> None:
    assert not list(policy.findings(RIGHTS["a right that a resource of the plan takes"][0], frozenset({"TFI616"})))


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


def test_a_right_that_is_listed_and_denied_all_the_same_may_have_a_condition() -> None:
    said = f"The client 'c' does not have permission to perform action '{ACTION}' at scope '/s'."
    (found,) = policy.findings(ArmReply(403, {"error": {"code": "AuthorizationFailed", "message": said}}), frozenset())
    assert "its condition leaves this role or this kind of principal out" in str(found.hint)
