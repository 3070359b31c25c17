"""What a document of the evidence looks like, and what of one does not: keys that nobody reads could say anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_DEEP = 64
"""Levels of a document: whoever walks it later may call itself for each."""

STATEMENT: Mapping[str, tuple[str, ...]] = {
    "": ("_type", "subject", "predicateType", "predicate"),
    "subject[]": ("name", "digest"),
    "subject[].digest": ("sha256",),
    "predicate": ("buildDefinition", "runDetails"),
    "predicate.buildDefinition": (*("buildType", "externalParameters", "internalParameters", "resolvedDependencies"),),
    "predicate.buildDefinition.externalParameters": ("manifest", "locked"),
    "predicate.buildDefinition.externalParameters.manifest": ("name", "digest"),
    "predicate.buildDefinition.internalParameters": ("plan", "missing"),
    "predicate.buildDefinition.resolvedDependencies[]": ("name", "uri", "digest", "annotations"),
    "predicate.runDetails": ("builder", "metadata", "byproducts"),
    "predicate.runDetails.builder": ("id", "version"),
    "predicate.runDetails.metadata": ("invocationId", "startedOn", "finishedOn"),
    "predicate.runDetails.byproducts[]": ("name", "digest", "annotations"),
    "predicate.runDetails.byproducts[].digest": ("sha256",),
    "predicate.runDetails.byproducts[].annotations": ("head", "lines", "result", "exit_code"),
}
"""{a place in a statement: the keys that may be there}; what is below other places may be anything."""


def unknown_keys(value: Any, known: Mapping[str, tuple[str, ...]], place: str = "", shown: str = "") -> Iterator[str]:
    """The places of keys that `known` does not have; "[]" stands there for any item of a list."""
    if isinstance(value, Mapping):
        names = known.get(place)
        for name, each in value.items():
            at = f"{shown}.{name}" if shown else str(name)
            if names is not None and name not in names:
                yield at
            else:
                yield from unknown_keys(each, known, f"{place}.{name}" if place else str(name), at)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from unknown_keys(each, known, f"{place}[]", f"{shown}[{index}]")


def keys_beside(value: Any, read: Any, shown: str = "") -> Iterator[str]:
    """The places of keys of `value` that `read`, what a reader made of it, does not have."""
    if isinstance(value, Mapping) and isinstance(read, Mapping):
        for name, each in value.items():
            at = f"{shown}.{name}" if shown else str(name)
            if name not in read:
                yield at
            else:
                yield from keys_beside(each, read[name], at)
    elif isinstance(value, list) and isinstance(read, list):
        for index, (each, other) in enumerate(zip(value, read, strict=False)):
            yield from keys_beside(each, other, f"{shown}[{index}]")


def keys_beyond_schema(value: Any, part: Any, parts: Mapping[str, Any], shown: str = "") -> Iterator[str]:
    """The places of keys that a published schema (documents/published.py) does not have."""
    if not isinstance(part, Mapping):
        return
    if "$ref" in part:
        part = parts[part["$ref"].rpartition("/")[2]]
    choices = [each for each in part.get("anyOf", ()) if each.get("type") != "null"]
    if choices:
        yield from keys_beyond_schema(value, choices[0], parts, shown)
    elif isinstance(value, Mapping) and "properties" in part:
        for name, each in value.items():
            at = f"{shown}.{name}" if shown else str(name)
            if name in part["properties"]:
                yield from keys_beyond_schema(each, part["properties"][name], parts, at)
            elif not part.get("additionalProperties"):
                yield at
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from keys_beyond_schema(each, part.get("items"), parts, f"{shown}[{index}]")


def is_too_deep(value: Any) -> bool:
    """Whether it has more than MOST_DEEP levels."""
    level = [value]
    for _ in range(MOST_DEEP):
        level = [inner for each in level for inner in _inner(each)]
        if not level:
            return False
    return True


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
