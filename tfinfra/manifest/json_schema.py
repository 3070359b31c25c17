"""The Cerberus rules of key_schema.py as a JSON Schema (draft 2020-12), for editors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tfinfra.manifest.key_schema import ANY_CASE, EDITORS, MANIFEST, SPELLINGS, Rules
from tfinfra.manifest.manifest import LimitKeys, Manifest
from tfinfra.manifest.words.refused import ESTIMATOR, MEANS_NOTHING

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
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
_OF_EDITORS = {"description": "where an editor finds this schema"}
_NOT_EMPTY = {"list": "minItems", "dict": "minProperties"}


def json_schema() -> dict[str, Any]:
    """The schema as a JSON document."""
    properties = _properties(MANIFEST, Manifest)
    properties["limits"]["properties"] = _properties(MANIFEST["limits"]["schema"], LimitKeys)
    for other, key in SPELLINGS.items():
        if key in properties:
            properties[other] = {**properties[key], "description": f"another spelling of {key}"}
    properties[EDITORS] = _OF_EDITORS
    for key in ESTIMATOR:
        off = {"enum": [*MEANS_NOTHING.get(key, ()), None], "deprecated": True}
        properties[key] = {"description": "the estimator's; these values mean nothing here, others are refused", **off}
    return {
        "$schema": _DIALECT,
        "title": "tfinfra manifest",
        "type": "object",
        "additionalProperties": False,
        "required": [key for key, rules in MANIFEST.items() if rules.get("required")],
        "properties": properties,
    }


def file_schema(title: str, rules: Mapping[str, Rules]) -> dict[str, Any]:
    """The schema of another file that users write, by its Cerberus rules: null stands for nothing there."""
    return {
        "$schema": _DIALECT,
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "properties": {**{key: _value(_never_null(each), key) for key, each in rules.items()}, EDITORS: _OF_EDITORS},
    }


def _never_null(rules: Rules) -> Rules:
    inner = rules.get("schema")
    if inner and rules["type"] == "dict":
        return {**rules, "nullable": False, "schema": {key: _never_null(each) for key, each in inner.items()}}
    return {**rules, "nullable": False}


def _properties(schema: Mapping[str, Rules], defaults: type) -> dict[str, Any]:
    known = {f.name: f.default for f in fields(defaults)} if is_dataclass(defaults) else {}
    written = {key: value for key, value in known.items() if isinstance(value, (str, int)) and value != ""}
    if "on_failure" in written:
        written["on_failure"] = "delete"
    return {
        key: {**_value(rules, key), **({"default": written[key]} if key in written else {})}
        for key, rules in schema.items()
    }


def _value(rules: Rules, key: str = "") -> dict[str, Any]:
    kinds = [rules["type"]] if isinstance(rules["type"], str) else rules["type"]
    nullable = rules.get("nullable", "meta" in rules and not rules.get("required"))  # null is the default of every key
    null = ["null"] if nullable else []
    out: dict[str, Any] = {"description": rules["meta"]["meaning"]} if "meta" in rules else {}
    if "allowed" in rules:
        words = [*rules["allowed"], *([None] if nullable else [])]
        any_case = {"type": "string", "pattern": f"^({'|'.join(map(_any_case, rules['allowed']))})$"}
        return {**out, **({"anyOf": [{"enum": words}, any_case]} if key in ANY_CASE else {"enum": words})}
    if kinds == ["text"] and "text_regex" in rules:
        return {**out, "anyOf": [*_written_forms(rules["text_regex"]), *({"type": kind} for kind in null)]}
    names = [name for kind in kinds for name in _TYPES[kind]] + null
    out["type"] = names[0] if len(names) == 1 else names
    if "text_regex" in rules:
        out["pattern"] = f"^({rules['text_regex']})$"
    out.update({name: rules[rule] for rule, name in _BOUNDS.items() if rule in rules})
    if rules.get("minlength"):
        out.update({name: rules["minlength"] for kind, name in _NOT_EMPTY.items() if kind in kinds})
    return {**out, **_what_it_holds(rules, kinds)}


def _any_case(word: str) -> str:
    """A pattern: JSON Schema's have no flag for it."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def _written_forms(pattern: str) -> list[dict[str, Any]]:
    """What a text of this `pattern` may be when it is read as YAML: a pattern counts for strings alone, and a number's
    or a boolean's own text has to fit it too."""

    def fits(value: object) -> bool:
        return re.fullmatch(pattern, str(value)) is not None

    forms: list[dict[str, Any]] = [{"type": "string", "pattern": f"^({pattern})$"}]
    digits = [digit for digit in range(10) if fits(digit)]
    if len(digits) == 10:
        forms.append({"type": "integer", **({} if fits(-1) else {"minimum": 0})})
    elif digits:
        forms.append({"enum": digits})
    if fits(1.5):
        forms.append({"type": "number", **({} if digits else {"not": {"type": "integer"}})})
    return [*forms, *({"const": value} for value in (True, False) if fits(value))]


def _what_it_holds(rules: Rules, kinds: list[str]) -> dict[str, Any]:
    """The schema of a mapping's keys and values, or of a list's items."""
    inner = rules.get("schema")
    if "dict" in kinds and inner:
        required = [key for key, r in inner.items() if r.get("required")]
        properties = {key: _value(r, key) for key, r in inner.items()}
        return {"properties": properties, "additionalProperties": False, **({"required": required} if required else {})}
    out: dict[str, Any] = {"items": _value(inner)} if inner else {}
    if "keysrules" in rules:
        out["propertyNames"] = _value(rules["keysrules"])
    if "valuesrules" in rules:
        out["additionalProperties"] = _value(rules["valuesrules"])
    return out
