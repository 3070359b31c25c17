"""Checks a PUT's body against the real ARM types (Azure/bicep-types-az, MIT; tfinfra/arm/data/azure_types.json).

ARM ignores case in property names, and so does this; read-only properties that a caller sends are ignored too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from tfinfra.arm.azure_types import FLAGS, Type, described, resources
from tfinfra.catalog.sizes import locations
from tfinfra.localcloud.common.arm_refusal import ArmRefusal

REQUIRED, READ_ONLY = FLAGS["required"], FLAGS["read-only"]
NOT_IN_BODY = frozenset({"type", "apiVersion", "id", "name"})


@dataclass(frozen=True)
class Violation:
    """One fault of a body: `code` is ARM's, `path` is dotted from the top of the body."""

    code: str
    path: str
    message: str


@dataclass(frozen=True)
class Catalogue:
    """The resources of which the local cloud knows the types: {"<type>@<API version>" in lower case: (type, body)}."""

    resources: dict[str, tuple[str, str]]

    def versions(self, type_: str) -> list[str]:
        """The API versions of `type_`, the oldest first; [] where there is no such type."""
        return sorted(k.split("@")[1] for k in self.resources if k.split("@")[0] == type_.lower())

    def spelling(self, type_: str) -> str:
        """`type_` in ARM's own case."""
        return next((name for key, (name, _) in self.resources.items() if key.split("@")[0] == type_.lower()), type_)


@cache
def catalogue() -> Catalogue:
    return Catalogue({key: (name.split("@")[0], name) for key, name in resources().items()})


def body_type(type_: str, api_version: str, location: object = None) -> str:
    """The name of the body's type. Raises ArmRefusal as ARM does for an unknown type or API version
    (Azure/azure-cli#28496)."""
    namespace, _, short = type_.partition("/")
    known = catalogue()
    found = known.resources.get(f"{type_}@{api_version}".lower())
    if found:
        return found[1]
    versions = known.versions(type_)
    if versions:
        raise ArmRefusal(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{location or 'global'}' and API version "
            f"'{api_version}' for type '{short}'. The supported api-versions are '{', '.join(versions)}'. "
            f"The supported locations are '{', '.join(sorted(locations()))}'.",
        )
    raise ArmRefusal(
        404,
        "InvalidResourceType",
        f"The resource type '{short}' could not be found in the namespace '{namespace}' for api version "
        f"'{api_version}'.",
    )


def check_body(type_: str, api_version: str, body: dict[str, Any]) -> list[Violation]:
    """All faults of `body`, in its own order. Raises ArmRefusal where the type or its version is unknown."""
    written = body_type(type_, api_version, body.get("location"))
    return list(_check(written, {k: v for k, v in body.items() if k not in NOT_IN_BODY}, ""))


def _check(written: str, value: Any, path: str) -> Iterator[Violation]:
    type_ = described(written)
    if value is not None:
        yield from _CHECKS[type_["t"]](type_, value, path)


def _object(type_: Type, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _mismatch("object", value, path)
        return
    yield from _members(type_["p"], type_.get("a"), value, path, top=path == "")


def _discriminated(type_: Type, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _mismatch("object", value, path)
        return
    tag = next((v for k, v in value.items() if k.lower() == type_["k"].lower()), None)
    branch = next((i for k, i in type_["e"].items() if k.lower() == str(tag).lower()), None)
    if branch is None:
        yield _bad_value(tag, sorted(type_["e"]), _join(path, type_["k"]))
        return
    inner = described(branch)
    yield from _members({**type_["p"], **inner["p"]}, inner.get("a"), value, path, top=False)


def _members(
    properties: dict[str, Any], other: str | None, value: dict[str, Any], path: str, *, top: bool
) -> Iterator[Violation]:
    spelling = {name.lower(): name for name in properties}
    for name, member in value.items():
        known = spelling.get(name.lower())
        if known is None:
            if other is not None:
                yield from _check(other, member, _join(path, name))
                continue
            near = get_close_matches(name, properties, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            text = f"Could not find member '{name}' on object at '{path or '$'}'.{hint}"
            yield Violation("InvalidRequestContent", _join(path, name), text)
        elif not properties[known][1] & READ_ONLY:
            yield from _check(properties[known][0], member, _join(path, name))
    given = {name.lower() for name, member in value.items() if member is not None}
    for name, (_, flags) in properties.items():
        wanted = flags & REQUIRED and not flags & READ_ONLY and not (top and name in NOT_IN_BODY)
        if wanted and name.lower() not in given:
            missing = _join(path, name)
            yield Violation("InvalidParameter", missing, f"Required parameter '{missing}' is missing (null).")


def _array(type_: Type, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield _mismatch("array", value, path)
        return
    yield from _bounds(type_, len(value), "items", path)
    for position, item in enumerate(value):
        yield from _check(type_["i"], item, f"{path}[{position}]")


def _union(type_: Type, value: Any, path: str) -> Iterator[Violation]:
    members = [(written, described(written)) for written in type_["e"]]
    literals = [t["v"] for _, t in members if t["t"] == "l"]
    if isinstance(value, str) and value.lower() in (text.lower() for text in literals):
        return
    attempts = [list(_check(written, value, path)) for written, t in members if t["t"] != "l"]
    if any(not attempt for attempt in attempts):
        yield from _likely_slip(value, literals, path)
    elif attempts and not literals:
        yield from min(attempts, key=len)
    else:
        yield _bad_value(value, literals, path)


def _likely_slip(value: Any, literals: list[str], path: str) -> Iterator[Violation]:
    """An open enumeration takes any string; ARM's services do not, so what looks like a slip is refused. Another
    number is none: sizes and versions come by themselves."""
    near = get_close_matches(value, literals, 1, 0.75) if isinstance(value, str) else []
    if near and re.sub(r"\d", "", near[0]) != re.sub(r"\d", "", value):
        yield _bad_value(value, literals, path)


def _literal(type_: Type, value: Any, path: str) -> Iterator[Violation]:
    if str(value).lower() != type_["v"].lower():
        yield _bad_value(value, [type_["v"]], path)


def _string(type_: Type, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _mismatch("string", value, path)
        return
    yield from _bounds(type_, len(value), "characters", path)
    try:
        matches = re.search(type_.get("pattern", ""), value) is not None
    except re.error:  # patterns are ECMAScript's: one that Python cannot read is not checked
        matches = True
    if not matches:
        yield Violation("InvalidParameter", path, f"'{value}' at '{path}' does not match {type_['pattern']}.")


def _integer(type_: Type, value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield _mismatch("number", value, path)
    elif not type_.get("minValue", value) <= value <= type_.get("maxValue", value):
        text = f"{value} at '{path}' is outside {type_.get('minValue', '-∞')} to {type_.get('maxValue', '∞')}."
        yield Violation("InvalidParameter", path, text)


def _boolean(_: Type, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, bool):
        yield _mismatch("boolean", value, path)


def _anything(_: Type, value: Any, path: str) -> Iterator[Violation]:
    del value, path
    yield from ()


_CHECKS: dict[str, Callable[[Type, Any, str], Iterator[Violation]]] = {
    "o": _object,
    "d": _discriminated,
    "a": _array,
    "u": _union,
    "l": _literal,
    "s": _string,
    "i": _integer,
    "b": _boolean,
    "any": _anything,
}


def _bounds(type_: Type, size: int, unit: str, path: str) -> Iterator[Violation]:
    least, most = type_.get("minLength", 0), type_.get("maxLength", size)
    if not least <= size <= most:
        yield Violation("InvalidParameter", path, f"'{path}' has {size} {unit}, which is outside {least} to {most}.")


def _mismatch(expected: str, value: Any, path: str) -> Violation:
    text = (
        "The request content was invalid and could not be deserialized: "
        f"Error converting value {json.dumps(value)[:80]} to type '{expected}'. Path '{path or '$'}'."
    )
    return Violation("InvalidRequestContent", path, text)


def _bad_value(value: Any, allowed: list[str], path: str) -> Violation:
    listed = ", ".join(f"'{a}'" for a in allowed[:12])
    text = f"The value '{value}' of parameter '{path}' is not allowed. Allowed values are {listed}."
    return Violation("InvalidParameter", path, text)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
