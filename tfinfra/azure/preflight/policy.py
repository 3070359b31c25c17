"""What `deployments/validate` says of the plan's bodies: Azure Policy above all, and whatever else ARM finds.

The error's shape: Azure documentation, azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.azure.preflight.finding import Finding, Reply
from tfinfra.errors import Severity

POLICY = "RequestDisallowedByPolicy"
# ARM's code: the findings of the check that says the same with numbers
_OWN = {
    "QuotaExceeded": ("TFI601", "TFI602", "TFI603", "TFI604"),
    "OperationNotAllowed": ("TFI601", "TFI602", "TFI603", "TFI604"),
    "SkuNotAvailable": ("TFI605", "TFI606", "TFI607"),
    "MissingSubscriptionRegistration": ("TFI614",),
    "ScopeLocked": ("TFI618",),
}
_PREMATURE = {"PrincipalNotFound", "UnmatchedPrincipalType"}  # of identities that are not made yet
_KEYS = (
    (r"^location$", "location"),
    (r"tags", "tags"),
    (r"sku\.name|vmSize", "vm_size"),
    (r"imageReference|imageId", "image"),
    (r"priority|evictionPolicy", "vm_priority"),
    (r"zones", "zone"),
    (r"osDisk|diskSize", "os_disk_gb"),
    (r"subnet|virtualNetwork", "subnet_id"),
)


def findings(reply: Reply, known: frozenset[str]) -> Iterator[Finding]:
    """The faults of the answer that the codes `known` do not say already; each policy once for each value that it
    forbids."""
    if reply.status == 403:
        message = f"ARM may not be asked whether it takes the plan (Azure Policy): {reply.error.get('message')}"
        hint = "a role with Microsoft.Resources/deployments/validate/action lets tfinfra ask"
        yield Finding("TFI621", "subscription_id", message, hint, Severity.WARNING)
        return
    if reply.status not in (200, 400):
        return
    details = _details(reply.error) if reply.status == 400 or reply.body.get("error") else []
    denied: dict[tuple[str, str, str, str], list[str]] = {}
    for detail in details:
        if detail.get("code") == POLICY:
            for reason in _reasons(detail):
                denied.setdefault(reason, []).append(str(detail.get("target")))
        elif detail.get("code") not in _PREMATURE and known.isdisjoint(_OWN.get(str(detail.get("code")), ())):
            where = f" ({detail['target']})" if detail.get("target") else ""
            yield Finding(
                "TFI620", "cloud", f"ARM refuses the plan: {detail.get('code')}: {detail.get('message')}{where}"
            )
    for (policy, path, value, way), targets in denied.items():
        yield _forbidden(policy, path, value, way, targets)


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The innermost errors: InvalidTemplateDeployment only wraps them, nested deployments once more."""
    inner = error.get("details") or ()
    return [leaf for detail in inner for leaf in _details(detail)] or [error]


def _reasons(detail: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """(policy, path, value, what would be allowed) of each policy that denies."""
    infos = [i.get("info") or {} for i in detail.get("additionalInfo") or () if i.get("type") == "PolicyViolation"]
    for info in infos:
        expression = _decisive(info)
        policy = info.get("policyAssignmentDisplayName") or info.get("policyDefinitionDisplayName") or "a policy"
        yield str(policy), str(expression.get("path", "")), _text(expression.get("expressionValue")), _way(expression)
    if not infos:
        named = re.findall(r'"name"\s*:\s*"([^"]*)"', str(detail.get("message")).replace("\\", ""))
        yield named[0] if named else "a policy", "", "", ""


def _decisive(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """The expression that says why: not the one that only picks the resource's type."""
    found: list[Mapping[str, Any]] = (info.get("evaluationDetails") or {}).get("evaluatedExpressions") or []
    other = [e for e in found if e.get("path") not in ("type", "name")]
    return (other or found or [{}])[-1]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _way(expression: Mapping[str, Any]) -> str:
    target = expression.get("targetValue")
    if expression.get("operator") in ("In", "Equals") and isinstance(target, list):
        return f"it allows {', '.join(map(str, target[:8]))}"
    missing = re.fullmatch(r"tags\[['\"]?(.+?)['\"]?\]", str(expression.get("path")))
    return f"add it to tags: {{{missing.group(1)}: …}}" if missing else ""


def _forbidden(policy: str, path: str, value: str, way: str, targets: list[str]) -> Finding:
    key = next((key for pattern, key in _KEYS if re.search(pattern, path)), "cloud")
    what = f"{path} {value}".strip() if value else f"resources without {path}" if path else "resources of the plan"
    more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    message = f"Azure Policy '{policy}' forbids {what}: {targets[0]}{more}"
    return Finding("TFI619", key, message, way or None)


def summary(count: int) -> str:
    """One line for a person."""
    return f"ARM takes the plan's {count} resources; no Azure Policy forbids them"
