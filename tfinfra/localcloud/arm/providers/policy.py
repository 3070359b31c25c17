"""Azure Policy with the effects deny and modify: what a policy denies is refused on every write, with ARM's published
error; what one modifies is written as the policy has it
(learn.microsoft.com/azure/governance/policy/concepts/effect-modify).

The shape is that of the documentation (azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy)
and of the error bodies that users report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfinfra.localcloud.arm.subscription.subscription_settings import Policy, SubscriptionSettings
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

_AUTHORIZATION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization"


def check(settings: SubscriptionSettings, type_: str, name: str, body: Mapping[str, Any]) -> None:
    """Raises ArmRefusal (403 RequestDisallowedByPolicy) where a policy denies the resource."""
    denied = denial(settings, type_, name, body)
    if denied is not None:
        more = {key: denied[key] for key in ("target", "additionalInfo")}
        raise ArmRefusal(403, denied["code"], denied["message"], more=more)


def modified(settings: SubscriptionSettings, type_: str, body: dict[str, Any]) -> dict[str, Any]:
    """`body` as it is written: with what the policies of the effect "modify" put into it. They come before those that
    deny."""
    for policy in settings.policies:
        if policy.effect == "modify" and policy.type.lower() in ("", type_.lower()):
            body = _put(body, policy.path.split("."), policy.value)
    return body


def _put(body: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    if len(path) == 1:
        return {**body, path[0]: value}
    inner = body.get(path[0])
    return {**body, path[0]: _put(inner if isinstance(inner, dict) else {}, path[1:], value)}


def denial(settings: SubscriptionSettings, type_: str, name: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The error of the policies that deny the resource, None where none does."""
    broken = [p for p in settings.policies if _denies(p, type_, body)]
    if not broken:
        return None
    identifiers = []
    for policy in broken:
        shown = policy.display or policy.name
        assignment = {"name": shown, "id": f"{_AUTHORIZATION}/policyAssignments/{policy.name}"}
        definition = {"name": shown, "id": f"{_AUTHORIZATION}/policyDefinitions/{policy.name}"}
        identifiers.append({"policyAssignment": assignment, "policyDefinition": definition})
    listed = json.dumps(identifiers, separators=(",", ":"))
    return {
        "code": "RequestDisallowedByPolicy",
        "target": name,
        "message": f"Resource '{name}' was disallowed by policy. Policy identifiers: '{listed}'.",
        "additionalInfo": [{"type": "PolicyViolation", "info": _info(p, type_, body)} for p in broken],
    }


def _denies(policy: Policy, type_: str, body: Mapping[str, Any]) -> bool:
    if policy.effect != "deny" or policy.type.lower() not in ("", type_.lower()):
        return False
    value = type_ if policy.path == "type" else _at(body, policy.path)
    if not policy.allowed:
        return value is None
    if policy.path == "location" and value == "global":
        return False  # Azure's own policies on locations leave these out
    return value is not None and str(value).lower() not in {a.lower() for a in policy.allowed}


def _at(body: Mapping[str, Any], path: str) -> Any:
    value: Any = body
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _info(policy: Policy, type_: str, body: Mapping[str, Any]) -> dict[str, Any]:
    expressions = [_expression("type", type_, type_, "Equals")] if policy.type else []
    field = policy.path if not policy.path.startswith("tags.") else f"tags[{policy.path.partition('.')[2]}]"
    value = _at(body, policy.path)
    operator, wanted = ("NotIn", list(policy.allowed)) if policy.allowed else ("Exists", "false")
    expressions.append(_expression(field, value, wanted, operator))
    if field == "location":
        expressions.append(_expression(field, value, "global", "NotEquals"))
    return {
        "evaluationDetails": {"evaluatedExpressions": expressions},
        "policyDefinitionId": f"{_AUTHORIZATION}/policyDefinitions/{policy.name}",
        "policyDefinitionName": policy.name,
        "policyDefinitionDisplayName": policy.display or policy.name,
        "policyDefinitionEffect": "deny",
        "policyAssignmentId": f"{_AUTHORIZATION}/policyAssignments/{policy.name}",
        "policyAssignmentName": policy.name,
        "policyAssignmentDisplayName": policy.display or policy.name,
        "policyAssignmentScope": f"/subscriptions/{SUBSCRIPTION}",
        "policyAssignmentParameters": {},
    }


def _expression(field: str, value: Any, target: Any, operator: str) -> dict[str, Any]:
    return {
        "result": "True",
        "expressionKind": "Field",
        "expression": field,
        "path": field,
        "expressionValue": value,
        "targetValue": target,
        "operator": operator,
    }
