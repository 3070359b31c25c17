"""Requests as one template for a deployment at subscription scope: the resource groups, and in each of them a nested
deployment of its resources.

The form is that of learn.microsoft.com/azure/azure-resource-manager/templates/deploy-to-subscription. Every value is
literal: what starts as an expression of the template language is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tfinfra.arm.requests import ResourceRequest
from tfinfra.arm.resource_ids import parse_resource_id

_SCHEMAS = "https://schema.management.azure.com/schemas"
_SUBSCRIPTION = f"{_SCHEMAS}/2018-05-01/subscriptionDeploymentTemplate.json#"
_GROUP = f"{_SCHEMAS}/2019-04-01/deploymentTemplate.json#"
_GROUPS = "Microsoft.Resources/resourceGroups"
_NESTED = "2024-11-01"


def subscription_template(requests: Iterable[ResourceRequest]) -> dict[str, Any]:
    """The template of all requests, which each lie in a resource group or are one; groups in the order of requests."""
    requests = tuple(requests)
    groups = list(dict.fromkeys(_group(request) for request in requests))
    resources = [_resource(r) for r in requests if r.arm_type == _GROUPS]
    before: list[str] = []
    for group in groups:
        inner = [r for r in requests if _group(r) == group and r.arm_type != _GROUPS]
        if inner:
            resources.append(_nested(group, inner, before))
            before = [f"Microsoft.Resources/deployments/{group}"]
    return {"$schema": _SUBSCRIPTION, "contentVersion": "1.0.0.0", "resources": resources}


def _group(request: ResourceRequest) -> str:
    """/subscriptions/<id>/resourceGroups/<group>/…"""
    return request.path.split("/")[4]


def _nested(group: str, requests: list[ResourceRequest], after: list[str]) -> dict[str, Any]:
    template = {
        "$schema": _GROUP,
        "contentVersion": "1.0.0.0",
        "resources": [_with_order(request, requests) for request in requests],
    }
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": _NESTED,
        "name": group,
        "resourceGroup": group,
        "dependsOn": [f"{_GROUPS}/{group}", *after],
        "properties": {"mode": "Incremental", "template": template},
    }


def _with_order(request: ResourceRequest, others: list[ResourceRequest]) -> dict[str, Any]:
    """The resource after what it names by id, and after its parent or the resource that it extends."""
    text = _texts(request.body) | {_scope(request.path)}
    before = [o.path for o in others if o is not request and (o.path in text or request.path.startswith(f"{o.path}/"))]
    resource = _resource(request)
    return {**resource, "dependsOn": before} if before else resource


def _resource(request: ResourceRequest) -> dict[str, Any]:
    # the names of the path, outermost first: "account/default/run"
    is_group = request.arm_type == _GROUPS
    name = request.path.rpartition("/")[2] if is_group else parse_resource_id(request.path).name
    head = {"type": request.arm_type, "apiVersion": request.api_version, "name": name}
    scope = _scope(request.path)
    # an extended resource as a template names it: "Microsoft.Storage/storageAccounts/name"
    own = {"scope": scope.rpartition("/providers/")[2]} if "/providers/" in scope else {}
    return {**head, **own, **_literal({k: v for k, v in request.body.items() if k not in ("name", "type", "id")})}


def _scope(path: str) -> str:
    return parse_resource_id(path).scope


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if isinstance(value, str) else set()


def _literal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_literal(inner) for inner in value]
    return f"[{value}" if isinstance(value, str) and value.startswith("[") else value
