"""azure-native's flat properties and ARM's nested ones, each made from the other by ARM's own types.

azure-native lifts what ARM keeps under an object's "properties" to the object itself. The way back needs none of the
provider's metadata: where the ARM type has no property of a name but its "properties" has, there it belongs. types.py
says what a described type holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfinfra.arm.azure_types import FLAGS, Type, body_of, described

_READ_ONLY = FLAGS["read-only"]


def body_type(arm_type: str, api_version: str) -> str | None:
    """The type of the resource's body, as types.py names it; None for one that is not in the data."""
    return body_of(f"{arm_type}@{api_version}")


def to_arm(kind: str | None, value: Any) -> Any:
    """azure-native `value` in the shape of the ARM type `kind`; unknown names go where ARM will complain of them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    found = type_of_value(kind, value)
    if isinstance(value, list):
        item = found.get("i")
        return [to_arm(item, entry) for entry in value]
    if isinstance(value, dict) and found.get("t") in ("o", "d"):
        return _object_to_arm(found, value)
    if isinstance(value, dict):
        return {name: to_arm(None, entry) for name, entry in value.items()}
    return value


def _object_to_arm(found: Type, value: Mapping[str, Any]) -> dict[str, Any]:
    own, inner = properties_of(found, value), _inner(found)
    result: dict[str, Any] = {}
    nested: dict[str, Any] = {}
    for name, entry in value.items():
        if _belongs_inside(name, own, inner):
            nested[name] = to_arm(inner[name][0] if inner and name in inner else None, entry)
        else:
            result[name] = to_arm(own[name][0] if name in own else found.get("a"), _identities(name, entry))
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


def from_arm(kind: str | None, value: Any) -> Any:
    """ARM's answer in azure-native's shape: what an ARM type keeps under "properties" comes up to the object."""
    found = type_of_value(kind, value)
    if isinstance(value, list):
        return [from_arm(found.get("i"), entry) for entry in value]
    if not isinstance(value, dict) or found.get("t") not in ("o", "d"):
        return value
    own, inner = properties_of(found, value), _inner(found)
    result = {
        name: from_arm(own[name][0] if name in own else found.get("a"), entry)
        for name, entry in value.items()
        if inner is None or name != "properties"
    }
    if inner is None or not isinstance(value.get("properties"), dict):
        return result
    lifted = {name: from_arm(inner[name][0] if name in inner else None, v) for name, v in value["properties"].items()}
    return {**result, **{name: entry for name, entry in lifted.items() if name not in result}}


def type_of_value(kind: str | None, value: Any) -> Type:
    """The description of a type; of a union, the one of its members that `value` can have."""
    if kind is None:
        return {}
    found = described(kind)
    if found["t"] != "u":
        return found
    kinds = ("o", "d") if isinstance(value, dict) else ("a",)
    members = (described(member) for member in found["e"])
    return next((member for member in members if member["t"] in kinds), {})


def properties_of(kind: Type, value: Mapping[str, Any]) -> dict[str, Any]:
    """The type's own properties, with those of the variant that the value's discriminator names."""
    own = dict(kind["p"])
    if kind["t"] == "d":
        variant = kind["e"].get(value.get(kind["k"]))
        own.update(described(variant)["p"] if variant is not None else {})
    return own


def _inner(kind: Type) -> dict[str, Any] | None:
    """What the type keeps under "properties", None where it has no such object."""
    entry = kind["p"].get("properties")
    inner: Type = described(entry[0]) if entry else {"t": ""}
    return dict(inner["p"]) if inner["t"] in ("o", "d") else None
