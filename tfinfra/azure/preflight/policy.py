"""What `deployments/validate` says of the plan's bodies: Azure Policy above all, and whatever else ARM finds.

The error's shape: Azure documentation, azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.arm.error_bodies import missing_actions
from tfinfra.azure.preflight import permissions
from tfinfra.azure.preflight.finding import ArmReply, Finding, normal
from tfinfra.azure.refusals import QUOTA_WORDS, reaction_to
from tfinfra.azure.refusals.refusal import Reaction
from tfinfra.errors import Severity

POLICY = "RequestDisallowedByPolicy"
_TEMPLATE = "InvalidTemplateDeployment"  # it says of rights, too (Azure-Samples/azure-search-openai-demo#242: 400)
# ARM's code: the key at fault, and the findings of the check that says the same with numbers; ARM's own words are of
# the first of them, where that check could not ask or saw nothing
_OWN = {
    "QuotaExceeded": ("vm_size", "TFI601", "TFI602", "TFI603", "TFI604"),
    "SkuNotAvailable": ("vm_size", "TFI606", "TFI605", "TFI607"),
    "MissingSubscriptionRegistration": ("subscription_id", "TFI614"),
    "SubscriptionNotRegistered": ("subscription_id", "TFI614"),
    "MissingRegistrationForLocation": ("subscription_id", "TFI614"),
    "ScopeLocked": ("subscription_id", "TFI618"),
}
_LINKED = "LinkedAuthorizationFailed"
_RIGHTS = ("AuthorizationFailed", _LINKED, "LinkedAccessCheckFailed", "DenyAssignmentAuthorizationFailed")
# What asking takes: the question itself, and the deployment in each group that its template is made of, which nothing
# else of a run takes (microsoft/metered-billing-accelerator#220).
_ASKING = ("Microsoft.Resources/deployments/validate/action", "Microsoft.Resources/deployments/write")
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


def findings(reply: ArmReply, known: frozenset[str], existing: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """The faults of the answer that the codes `known` do not say already; each policy once for each value that it
    forbids. `existing` are the principals (object ids) that are given roles and are no stand-ins."""
    if reply.status not in (200, 400, 403, 409):
        return
    details = _details(reply.error) if not reply.ok or reply.body.get("error") else []
    if reply.status == 403 and not any(detail.get("code") == POLICY for detail in details):
        yield from _denied(details, known)
        return
    denied: dict[tuple[str, str, str, str], list[str]] = {}
    for detail in details:
        if detail.get("code") == POLICY:
            in_message = re.match(r"Resource '([^']+)'", str(detail.get("message")))  # some name it there alone
            name = str(detail.get("target") or (in_message[1] if in_message else "unnamed"))
            for reason in _reasons(detail):
                denied.setdefault(reason, []).append(name)
        elif not _is_premature(detail, existing):
            yield from _refused(detail, known)
    for (policy, path, value, way), targets in denied.items():
        key = next((key for pattern, key in _KEYS if re.search(pattern, path)), "cloud")
        what = f"{path} {value}".strip() if value else f"resources without {path}" if path else "resources of the plan"
        more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
        message = f"Azure Policy '{policy}' forbids {what}: {targets[0]}{more}"
        yield Finding("TFI619", key, message, way or None)


def _denied(details: list[Mapping[str, Any]], known: frozenset[str]) -> Iterator[Finding]:
    """The findings of a 403. ARM answers so where the caller may not ask, where the caller may not do what one of the
    plan's resources takes (skypilot-org/skypilot#4519), and where the subscription takes nothing."""
    closed = [finding for detail in details for finding in _closed(detail)]
    if closed:
        yield from closed
        return
    lacking = dict.fromkeys(action for detail in details for action in missing_actions(str(detail.get("message"))))
    linked = [detail for detail in details if detail.get("code") == _LINKED]
    if linked and not lacking:  # the caller has the right, and what it is needed for is another tenant's
        yield from (finding for detail in linked for finding in _refused(detail, known))
        return
    yield from _lacking(list(lacking), str(details[0].get("message")), known)


def _lacking(actions: list[str], said: str, known: frozenset[str]) -> Iterator[Finding]:
    """The findings for actions that are missing. A right to ask is only warned of: a run does without."""
    asking = {action.lower() for action in _ASKING}
    inner = [action for action in actions if action.lower() not in asking]
    if not inner:
        message = f"ARM may not be asked whether it takes the plan (Azure Policy): {said}"
        hint = f"a role with {' and '.join(_ASKING)} lets tfinfra ask"
        yield Finding("TFI621", "subscription_id", message, hint, Severity.WARNING)
    elif permissions.CODE not in known:
        # the list of the caller's rights has not said it: it could not be read, or the right has a condition, which no
        # such list shows
        message = f"you may not {', '.join(inner)}, which a resource of the plan takes: {said}"
        way = permissions.hint(inner)
        if any(action.startswith("Microsoft.Authorization/roleAssignments/") for action in inner):
            way += "; where you have that right, its condition leaves this role or this kind of principal out"
        yield Finding(permissions.CODE, "subscription_id", message, way)


def _closed(detail: Mapping[str, Any]) -> Iterator[Finding]:
    """What the subscription itself does not allow any caller."""
    code, message = str(detail.get("code")), str(detail.get("message"))
    rule = reaction_to(code, message, None)
    if rule.reaction is Reaction.REFUSE and code not in (*_RIGHTS, *_OWN):
        yield Finding("TFI634", "subscription_id", f"{rule.says}: {code}: {message}", rule.way_out)


def _is_premature(detail: Mapping[str, Any], existing: frozenset[str]) -> bool:
    """Whether it is only of identities that are not made yet. Nothing that does not exist has a type, so
    UnmatchedPrincipalType is the caller's own. ARM writes the ids without dashes (Azure/avdaccelerator#76)."""
    said = str(detail.get("message")).replace("-", "").lower()
    named = any(principal.replace("-", "").lower() in said for principal in existing)
    return detail.get("code") == "PrincipalNotFound" and not named


def _refused(detail: Mapping[str, Any], known: frozenset[str]) -> Iterator[Finding]:
    """The findings of a refusal that is no policy's, without those that `known` has already."""
    code, message = str(detail.get("code")), str(detail.get("message"))
    if code in (*_RIGHTS, _TEMPLATE) and (actions := missing_actions(message)):
        yield from _lacking(list(actions), message, known)
        return
    if closed := list(_closed(detail)):
        yield from closed
        return
    of_quota = code == "OperationNotAllowed" and re.search(QUOTA_WORDS, message, re.IGNORECASE)
    same = "QuotaExceeded" if of_quota else code
    key, *codes = _OWN.get(same, ("cloud", "TFI620"))
    if known.isdisjoint(codes):
        where = f" ({detail['target']})" if detail.get("target") else ""
        yield Finding(codes[0], key, f"ARM refuses the plan: {code}: {message}{where}")


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The innermost errors: InvalidTemplateDeployment only wraps them, nested deployments once more."""
    inner = error.get("details") or ()
    return [leaf for detail in inner for leaf in _details(detail)] or [error]


def _reasons(detail: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """(policy, path, value, what would be allowed) of each policy that denies."""
    infos, said = _violations(detail), " ".join(str(detail.get("message")).replace("\\", "").split())
    reason = re.search(r"Reasons?: '(.+?)'(\.? See |\.?$)", said)
    for info in infos:
        expression = _decisive(info)
        policy = info.get("policyAssignmentDisplayName") or info.get("policyDefinitionDisplayName") or "a policy"
        path, value = str(expression.get("path", "")), expression.get("expressionValue")
        if allowed := _allowed(expression):
            way = f"it allows {', '.join(allowed[:8])}"
        elif tag := re.fullmatch(r"tags\[['\"]?(.+?)['\"]?\]", path):
            way = f"add it to tags: {{{tag.group(1)}: …}}"
        else:
            way = reason.group(1) if reason else ""
        yield str(policy), path, "" if value is None else str(value), way
    if not infos:
        named = re.findall(r'"name"\s*:\s*"([^"]*)"', said)
        yield named[0] if named else "a policy", "", "", reason.group(1) if reason else ""


def _violations(detail: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [i.get("info") or {} for i in detail.get("additionalInfo") or () if i.get("type") == "PolicyViolation"]


def _decisive(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """The expression that says why, of several that are true together: not the one that only picks the resource's type
    or leaves out what is global. One that names what would be allowed goes first."""
    found: list[Mapping[str, Any]] = (info.get("evaluationDetails") or {}).get("evaluatedExpressions") or []
    other = [e for e in found if e.get("path") not in ("type", "name") and e.get("targetValue") != "global"]
    return next(filter(_allowed, other), (other or found or [{}])[-1])


def _allowed(expression: Mapping[str, Any]) -> tuple[str, ...]:
    """The values that would be allowed, () where the expression does not say: those that a value is not in. A list that
    it is in is of what is forbidden."""
    target, true = expression.get("targetValue"), str(expression.get("result")).lower() == "true"
    outside = {"notin": true, "in": not true}.get(str(expression.get("operator")).lower(), False)
    return tuple(map(str, target)) if outside and isinstance(target, list) else ()


def allowed_locations(reply: ArmReply) -> frozenset[str] | None:
    """The locations that all policies of the answer allow, None where no policy is about locations."""
    details = _details(reply.error) if reply.status == 400 else []
    reasons = [_decisive(info) for detail in details for info in _violations(detail)]
    sets = [{normal(at) for at in _allowed(e)} for e in reasons if e.get("path") == "location" and _allowed(e)]
    return frozenset(set.intersection(*sets)) if sets else None


def summary(count: int) -> str:
    """One line for a person."""
    return f"ARM takes the plan's {count} resources; no Azure Policy forbids them"
