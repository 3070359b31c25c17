"""The Cerberus rules of key_schema.py as a JSON Schema (draft 2020-12), for editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tfinfra.manifest.key_schema import MANIFEST, SPELLINGS, Rules
from tfinfra.manifest.manifest import LimitKeys, Manifest
from tfinfra.manifest.refused import ESTIMATOR, MEANS_NOTHING

_TYPES = {
    "string": ["string"],
    "text": ["string", "number", "boolean"],
    "integer": ["integer"],
    "number": ["number"],
    "boolean": ["boolean"],
    "dict": ["object"],
    "list": ["array"],
}
_BOUNDS = {"min": "minimum", "max": "maximum", "minlength": "minLength", "maxlength": "maxLength"}


def json_schema() -> dict[str, Any]:
    """The schema as a JSON document."""
    properties = _properties(MANIFEST, Manifest)
    properties["limits"]["properties"] = _properties(MANIFEST["limits"]["schema"], LimitKeys)
    for other, key in SPELLINGS.items():
        if key in properties:
            properties[other] = {**properties[key], "description": f"another spelling of {key}"}
    for key in ESTIMATOR:
        off = {"enum": [*MEANS_NOTHING.get(key, ()), None], "deprecated": True}
        properties[key] = {"description": "the estimator's; these values mean nothing here, others are refused", **off}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tfinfra manifest",
        "type": "object",
        "additionalProperties": False,
        "required": [key for key, rules in MANIFEST.items() if rules.get("required")],
        "properties": properties,
    }


def _properties(schema: Mapping[str, Rules], defaults: type) -> dict[str, Any]:
    known = {f.name: f.default for f in fields(defaults)} if is_dataclass(defaults) else {}
    written = {key: value for key, value in known.items() if isinstance(value, (str, int)) and value != ""}
    return {
        key: {**_value(rules), **({"default": written[key]} if key in written else {})} for key, rules in schema.items()
    }


def _value(rules: Rules) -> dict[str, Any]:
    kinds = [rules["type"]] if isinstance(rules["type"], str) else rules["type"]
    nullable = rules.get("nullable", "meta" in rules and not rules.get("required"))  # null is the default of every key
    names = [name for kind in kinds for name in _TYPES[kind]] + (["null"] if nullable else [])
    out: dict[str, Any] = {"type": names[0] if len(names) == 1 else names}
    if "meta" in rules:
        out["description"] = rules["meta"]["meaning"]
    if "allowed" in rules:
        out["enum"] = [*rules["allowed"], *([None] if nullable else [])]
    if "text_regex" in rules:
        out["pattern"] = f"^({rules['text_regex']})$"
    out.update({name: rules[rule] for rule, name in _BOUNDS.items() if rule in rules})
    return {**out, **_what_it_holds(rules, kinds)}


def _what_it_holds(rules: Rules, kinds: list[str]) -> dict[str, Any]:
    """The schema of a mapping's keys and values, or of a list's items."""
    inner = rules.get("schema")
    if "dict" in kinds and inner:
        required = [key for key, r in inner.items() if r.get("required")]
        properties = {key: _value(r) for key, r in inner.items()}
        return {"properties": properties, "additionalProperties": False, **({"required": required} if required else {})}
    out: dict[str, Any] = {"items": _value(inner)} if inner else {}
    if "keysrules" in rules:
        out["propertyNames"] = _value(rules["keysrules"])
    if "valuesrules" in rules:
        out["additionalProperties"] = _value(rules["valuesrules"])
    return out
