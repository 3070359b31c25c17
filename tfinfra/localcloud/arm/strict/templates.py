"""Faults of a template itself, which ARM finds before it looks at any resource: one that names a resource twice, and
expressions that do not evaluate. Each nested template is checked by itself, as ARM expands it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.localcloud.arm.strict.expressions import calls
from tfinfra.localcloud.common.arm_refusal import ArmRefusal

_USAGE = "Please see https://aka.ms/arm-template-expressions for usage details."
# learn.microsoft.com/azure/azure-resource-manager/templates/template-functions: those that templates use most.
_FUNCTIONS = frozenset(
    """
    and array base64 coalesce concat contains copyIndex createArray createObject dateTimeAdd deployment empty
    environment equals extensionResourceId false first format guid if int json last length list listKeys not null or
    pickZones reference replace resourceGroup resourceId split string subscription subscriptionResourceId substring
    take tenant tenantResourceId toLower toUpper trim true union uniqueString uri utcNow
    parameters variables
    """.lower().split()
)


def check(template: Mapping[str, Any], where: str = "properties.template") -> None:
    """Raises ArmRefusal (400 InvalidTemplate). `where` is the path of the template in the request."""
    text = json.dumps(template, separators=(",", ":"))
    seen: set[tuple[str, ...]] = set()
    for number, resource in enumerate(template["resources"]):
        path = f"{where}.resources[{number}]"
        column = text.find(json.dumps(resource, separators=(",", ":"))) + 1
        parts = ("type", "name", "scope", "subscriptionId", "resourceGroup")
        identity = tuple(str(resource.get(part, "")).lower() for part in parts)
        if identity in seen:  # the words: Azure-Samples/azure-search-openai-demo#1449
            namespace, *types = str(resource["type"]).split("/")
            pairs = zip(types, str(resource["name"]).split("/"), strict=False)
            name = "/".join([namespace, *(f"{type_}/{own}" for type_, own in pairs)])
            raise _invalid(
                f"The resource '{name}' at line '1' and column '{column}' is defined multiple times in a template. "
                "Please see https://aka.ms/arm-syntax-resources for usage details.",
                column,
                path,
            )
        seen.add(identity)
        if str(resource.get("type", "")).lower() != "microsoft.resources/deployments":
            _check_expressions(resource, template, column, path)
            continue
        _check_expressions({k: v for k, v in resource.items() if k != "properties"}, template, column, path)
        properties = resource.get("properties")
        inner = properties.get("template") if isinstance(properties, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("resources"), list):
            check(inner, f"{path}.properties.template")


def _check_expressions(resource: Mapping[str, Any], template: Mapping[str, Any], column: int, path: str) -> None:
    for text in _expressions(resource):
        try:
            found = calls(text[1:-1])
        except ValueError as error:
            message = f"Unable to parse language expression '{text[1:-1]}': {error}"
            reason = f"Deployment template language expression evaluation failed: '{message}.'. {_USAGE}"
            raise ArmRefusal(400, "InvalidTemplate", reason) from error
        for call in found:
            unknown = None
            if call.name not in _FUNCTIONS:
                unknown = f"The template function '{call.name}' is not valid."
            elif call.name in ("parameters", "variables") and call.arguments != (None,):
                name = call.arguments[0] if call.arguments else ""
                if name not in (template.get(call.name) or {}):
                    unknown = f"The template {call.name[:-1]} '{name}' is not found."
            if unknown:
                name = resource.get("name")
                reason = f"The template resource '{name}' at line '1' and column '{column}' is not valid: {unknown}"
                raise _invalid(f"{reason} {_USAGE}. {_USAGE}", column, path)


def _invalid(reason: str, column: int, path: str) -> ArmRefusal:
    info = {"lineNumber": 1, "linePosition": column, "path": path}
    more = {"additionalInfo": [{"type": "TemplateViolation", "info": info}]}
    return ArmRefusal(400, "InvalidTemplate", f"Deployment template validation failed: '{reason}'.", more=more)


def _expressions(value: Any) -> Iterator[str]:
    """The texts in "[" and "]"; "[[" at the start stands for "["."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _expressions(inner)
    elif isinstance(value, str) and value.startswith("[") and value.endswith("]") and not value.startswith("[["):
        yield value
