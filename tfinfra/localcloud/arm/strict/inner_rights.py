"""The rights that a template's resources need: ARM checks each of them, and each deployment inside, before it
validates any (learn.microsoft.com/azure/azure-resource-manager/templates/deploy-what-if#validation-level)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfinfra.localcloud.arm.providers.authorization import action_of, authorize
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal

_DEPLOYMENTS = "microsoft.resources/deployments"
_GROUPS = "microsoft.resources/resourcegroups"
TemplateResource = dict[str, Any]


def check(context: CloudContext, oid: str, scope: str, resources: list[TemplateResource]) -> None:
    """Raises ArmRefusal (403) with every write in `scope` that `oid` may not do, in ARM's words: those for one are
    skypilot-org/skypilot#4519's, those for several OfficeDev/microsoft-teams-emergency-operations-center#205's."""
    lacking = list(_lacking(context, oid, scope, resources))
    if not lacking:
        return
    start = "Deployment failed with multiple errors" if lacking[1:] else "The template deployment failed with error"
    raise ArmRefusal(403, "InvalidTemplateDeployment", f"{start}: '{':'.join(lacking)}'.")


def _lacking(context: CloudContext, oid: str, scope: str, resources: list[TemplateResource]) -> Iterator[str]:
    for resource in resources:
        address = ids.parse(_path(scope, resource))
        try:
            authorize(context, oid, "PUT", address, resource)
        except ArmRefusal:
            yield (
                f"Authorization failed for template resource '{resource.get('name')}' of type "
                f"'{resource.get('type')}'. The client '{oid}' with object id '{oid}' does not have permission to "
                f"perform action '{action_of('PUT', address)}' at scope '{address.path}'."
            )
        if str(resource.get("type", "")).lower() == _DEPLOYMENTS:
            inner = resource["properties"]["template"]["resources"]
            yield from _lacking(context, oid, _where(scope, resource), inner)


def _where(scope: str, resource: TemplateResource) -> str:
    """The scope that a resource, or a deployment's content, goes to."""
    group = resource.get("resourceGroup")
    return f"{scope}/resourceGroups/{group}" if group else scope


def _path(scope: str, resource: TemplateResource) -> str:
    """The id that the resource gets; `scope` in it is what it extends, as a template names that."""
    type_, name = str(resource.get("type", "")), str(resource.get("name", ""))
    if type_.lower() == _GROUPS:
        return f"{scope}/resourceGroups/{name}"
    where = _where(scope, resource)
    if extended := resource.get("scope"):
        where = f"{where}/providers/{extended}"
    namespace, *types = type_.split("/")
    parts = [part for pair in zip(types, name.split("/"), strict=False) for part in pair]
    return "/".join([where, "providers", namespace, *parts])
