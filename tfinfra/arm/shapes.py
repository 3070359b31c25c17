"""azure-native's flat properties and ARM's nested ones, each made from the other by ARM's own types.

azure-native lifts what ARM keeps under an object's "properties" to the object itself. The way back needs none of the
provider's metadata: where the ARM type has no property of a name but its "properties" has, there it belongs. Types are
in the compact form of data/azure_types.json (Azure/bicep-types-az): t is the kind, p an object's {name: [type, flags]}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

_READ_ONLY = 2


@lru_cache(maxsize=1)
def _document() -> tuple[list[Any], dict[str, Any]]:
    text = files("tfinfra.arm").joinpath("data/azure_types.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return document["types"], {name.lower(): entry for name, entry in document["resources"].items()}


def body_type(arm_type: str, api_version: str) -> int | None:
    """The type of the resource's body, None for one that is not in the data."""
    entry = _document()[1].get(f"{arm_type}@{api_version}".lower())
    return None if entry is None else int(entry["body"])


def to_arm(kind: int | None, value: Any) -> Any:
    """azure-native `value` in the shape of the ARM type `kind`; unknown names go where ARM will complain of them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    described = _describe(kind, value)
    if isinstance(value, list):
        item = described.get("i")
        return [to_arm(item, entry) for entry in value]
    if isinstance(value, dict) and described.get("t") in ("o", "d"):
        return _object_to_arm(described, value)
    if isinstance(value, dict):
        return {name: to_arm(None, entry) for name, entry in value.items()}
    return value


def _object_to_arm(described: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    own, inner = _properties(described, value), _inner(described)
    result: dict[str, Any] = {}
    nested: dict[str, Any] = {}
    for name, entry in value.items():
        if _belongs_inside(name, own, inner):
            nested[name] = to_arm(inner[name][0] if inner and name in inner else None, entry)
        else:
            result[name] = to_arm(own[name][0] if name in own else described.get("a"), _identities(name, entry))
    return {**result, "properties": {**nested, **result.get("properties", {})}} if nested else result


def _belongs_inside(name: str, own: Mapping[str, Any], inner: Mapping[str, Any] | None) -> bool:
    """Whether ARM keeps `name` under "properties": also where the object has a read-only property of that name."""
    if inner is None:
        return False
    if name not in own:
        return True
    return name in inner and bool(own[name][1] & _READ_ONLY) and not inner[name][1] & _READ_ONLY


def _identities(name: str, value: Any) -> Any:
    """azure-native lists identities where ARM has an object with an empty object for each."""
    return {entry: {} for entry in value} if name == "userAssignedIdentities" and isinstance(value, list) else value


def from_arm(kind: int | None, value: Any) -> Any:
    """ARM's answer in azure-native's shape: what an ARM type keeps under "properties" comes up to the object."""
    described = _describe(kind, value)
    if isinstance(value, list):
        return [from_arm(described.get("i"), entry) for entry in value]
    if not isinstance(value, dict) or described.get("t") not in ("o", "d"):
        return value
    own, inner = _properties(described, value), _inner(described)
    result = {
        name: from_arm(own[name][0] if name in own else described.get("a"), entry)
        for name, entry in value.items()
        if inner is None or name != "properties"
    }
    if inner is None or not isinstance(value.get("properties"), dict):
        return result
    lifted = {name: from_arm(inner[name][0] if name in inner else None, v) for name, v in value["properties"].items()}
    return {**result, **{name: entry for name, entry in lifted.items() if name not in result}}


def _describe(kind: int | None, value: Any) -> Mapping[str, Any]:
    """The description of a type; of a union, the one of its members that `value` can have."""
    if kind is None:
        return {}
    types = _document()[0]
    described: Mapping[str, Any] = types[kind]
    if described["t"] != "u":
        return described
    wanted = ("o", "d") if isinstance(value, dict) else ("a",)
    return next((types[member] for member in described["e"] if types[member]["t"] in wanted), {})


def _properties(described: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """The type's own properties, with those of the variant that the value's discriminator names."""
    own = dict(described["p"])
    if described["t"] == "d":
        variant = described["e"].get(value.get(described["k"]))
        own.update(_document()[0][variant]["p"] if variant is not None else {})
    return own


def _inner(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the type keeps under "properties", None where it has no such object."""
    entry = described["p"].get("properties")
    inner: Mapping[str, Any] = _document()[0][entry[0]] if entry else {"t": ""}
    return dict(inner["p"]) if inner["t"] in ("o", "d") else None
