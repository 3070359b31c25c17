"""Faults of a template itself, which ARM finds before it looks at any resource: one that names a resource twice, and
expressions that do not evaluate. Each nested template is looked at by itself, as ARM expands it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.localcloud.arm.workflows.expressions import Functions, evaluate
from tfinfra.localcloud.common.arm_refusal import ArmRefusal

_USAGE = "Please see https://aka.ms/arm-template-expressions for usage details."
# learn.microsoft.com/azure/azure-resource-manager/templates/template-functions: those that templates use most.
_FUNCTIONS = """
    and array base64 coalesce concat contains copyIndex createArray createObject dateTimeAdd deployment empty
    environment equals extensionResourceId false first format guid if int json last length list listKeys not null or
    pickZones reference replace resourceGroup resourceId split string subscription subscriptionResourceId substring
    take tenant tenantResourceId toLower toUpper trim true union uniqueString uri utcNow
"""


def check(template: Mapping[str, Any], where: str = "properties.template") -> None:
    """Raises ArmRefusal (400 InvalidTemplate). `where` is the template's place in the request."""
    text = json.dumps(template, separators=(",", ":"))
    seen: set[tuple[str, ...]] = set()
    for number, resource in enumerate(template["resources"]):
        place = f"{where}.resources[{number}]"
        column = text.find(json.dumps(resource, separators=(",", ":"))) + 1
        key = _identity(resource)
        if key in seen:
            raise _twice(resource, column, place)
        seen.add(key)
        _check_expressions(resource, template, column, place)
        inner = (resource.get("properties") or {}).get("template") if _is_nested(resource) else None
        if isinstance(inner, dict) and isinstance(inner.get("resources"), list):
            check(inner, f"{place}.properties.template")


def _is_nested(resource: Mapping[str, Any]) -> bool:
    return str(resource.get("type", "")).lower() == "microsoft.resources/deployments"


def _identity(resource: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(resource.get(k, "")).lower() for k in ("type", "name", "scope", "subscriptionId", "resourceGroup"))


def _twice(resource: Mapping[str, Any], column: int, place: str) -> ArmRefusal:
    """Azure-Samples/azure-search-openai-demo#1449."""
    namespace, *types = str(resource["type"]).split("/")
    pairs = zip(types, str(resource["name"]).split("/"), strict=False)
    name = "/".join([namespace, *(f"{type_}/{own}" for type_, own in pairs)])
    return _invalid(
        f"The resource '{name}' at line '1' and column '{column}' is defined multiple times in a template. Please see "
        "https://aka.ms/arm-syntax-resources for usage details.",
        column,
        place,
    )


def _invalid(reason: str, column: int, place: str) -> ArmRefusal:
    info = {"lineNumber": 1, "linePosition": column, "path": place}
    more = {"additionalInfo": [{"type": "TemplateViolation", "info": info}]}
    return ArmRefusal(400, "InvalidTemplate", f"Deployment template validation failed: '{reason}'.", more=more)


def _check_expressions(resource: Mapping[str, Any], template: Mapping[str, Any], column: int, place: str) -> None:
    own = {key: value for key, value in resource.items() if key != "properties"} if _is_nested(resource) else resource
    for text in _expressions(own):
        try:
            evaluate(text[1:-1], _functions(template))
        except _Unknown as error:
            name = str(resource.get("name"))
            reason = f"The template resource '{name}' at line '1' and column '{column}' is not valid: {error} {_USAGE}"
            raise _invalid(f"{reason}. {_USAGE}", column, place) from error
        except ValueError as error:
            message = f"Unable to parse language expression '{text[1:-1]}': {error}"
            told = f"Deployment template language expression evaluation failed: '{message}.'. {_USAGE}"
            raise ArmRefusal(400, "InvalidTemplate", told) from error


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


class _Unknown(Exception):
    """A name that the template does not have."""


class _Anything(dict[str, Any]):
    """A value that only a deployment would know; it has every member."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return self


class _Functions(dict[str, Any]):
    """Functions by name; one that there is not raises _Unknown."""

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            raise _Unknown(f"The template function '{name}' is not valid.")
        return super().get(name, default)


def _functions(template: Mapping[str, Any]) -> Functions:
    def named(kind: str) -> Any:
        def of(name: Any) -> Any:
            if name not in (template.get(f"{kind}s") or {}):
                raise _Unknown(f"The template {kind} '{name}' is not found.")
            return _Anything()

        return of

    known: dict[str, Any] = {name.lower(): lambda *_: _Anything() for name in _FUNCTIONS.split()}
    return _Functions({**known, "parameters": named("parameter"), "variables": named("variable")})
