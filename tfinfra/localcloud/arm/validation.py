"""`deployments/validate`: what ARM says of a template without writing anything, all faults at once.

As ARM does it at subscription scope: nested deployments are looked into, resource ids are not followed (what they name
may be made by the same template), and each fault is one of the details of InvalidTemplateDeployment. Before that comes
what the caller may not write.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfinfra.localcloud.arm.checks.scale_set import check_scale_set
from tfinfra.localcloud.arm.checks.types import check_body
from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.arm.providers import policy, registrations
from tfinfra.localcloud.arm.providers.compute import SCALE_SETS
from tfinfra.localcloud.arm.strict import inner_rights, locks, templates
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal

DEPLOYMENTS = "microsoft.resources/deployments"
_ENVELOPE = ("type", "apiVersion", "name", "dependsOn", "resourceGroup", "subscriptionId", "scope")
TemplateResource = dict[str, Any]


def validated(core: Core, oid: str, address: ids.Address, body: Any) -> dict[str, Any]:
    """The answer to `oid` for a valid template, asked for at `address`. Raises ArmRefusal: the template's own fault
    (400), what the caller may not write (403), or with every fault of its resources in its details (400)."""
    scope, name = address.scope, address.name
    content = body if isinstance(body, dict) else {}
    template = (content.get("properties") or {}).get("template")
    if not content.get("location"):
        message = "The 'location' property must be specified for deployments at subscription scope."
        raise ArmRefusal(400, "LocationRequired", message)
    if not isinstance(template, dict) or not isinstance(template.get("resources"), list):
        raise ArmRefusal(400, "InvalidTemplate", "Deployment template validation failed: 'resources' is missing.")
    templates.check(template)
    inner_rights.check(core.context, oid, scope, template["resources"])
    resources = list(_resources(template["resources"], ""))
    faults = [fault for group, resource in resources for fault in _faults(core, scope, group, resource)]
    if faults:
        policies = all(fault["code"] == "RequestDisallowedByPolicy" for fault in faults)
        why = "because of policy violation" if policies else "with multiple errors"
        message = f"The template deployment failed {why}. Please see details for more information."
        raise ArmRefusal(400, "InvalidTemplateDeployment", message, more={"details": faults})
    providers = sorted({str(resource["type"]).partition("/")[0] for _, resource in resources})
    properties = {
        "templateHash": "0",
        "mode": "Incremental",
        "provisioningState": "Succeeded",
        "providers": [{"namespace": namespace} for namespace in providers],
        "validatedResources": [],
    }
    path = f"{scope}/providers/Microsoft.Resources/deployments/{name}"
    return {"id": path, "name": name, "type": "Microsoft.Resources/deployments", "properties": properties}


def _resources(resources: list[TemplateResource], group: str) -> Iterator[tuple[str, TemplateResource]]:
    """(the resource group that it goes to, resource), those of nested deployments too."""
    for resource in resources:
        if str(resource.get("type", "")).lower() == DEPLOYMENTS:
            inner = resource["properties"]["template"]["resources"]
            yield from _resources(inner, str(resource.get("resourceGroup", "")))
        else:
            yield group, resource


def _faults(core: Core, scope: str, group: str, resource: TemplateResource) -> Iterator[dict[str, Any]]:
    type_, name = str(resource.get("type", "")), str(resource.get("name", ""))
    body = {key: _plain(value) for key, value in resource.items() if key not in _ENVELOPE}
    try:
        violations = check_body(type_, str(resource.get("apiVersion", "")), body)
        registrations.check(core.context, type_)
    except ArmRefusal as error:
        yield {"code": error.code, "target": name, "message": error.message}
        return
    if type_.lower() == SCALE_SETS.lower() and not violations:
        violations = check_scale_set(body)
    yield from ({"code": v.code, "target": v.path or name, "message": v.message} for v in violations)
    denied = policy.denial(core.context.subscription, type_, name, body)
    if denied is not None:
        yield denied
    where = f"{scope}/resourceGroups/{group}" if group else scope
    locked = locks.complaint(core.context.state, "write", where)
    if locked is not None:
        yield {"code": "ScopeLocked", "target": name, "message": locked}


def _plain(value: Any) -> Any:
    """Text as the resource gets it: "[[" at the start of a template's string stands for "["."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value[1:] if isinstance(value, str) and value.startswith("[[") else value
