"""The Cerberus rules of key_schema.py as a JSON Schema (draft 2020-12), for editors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfinfra.catalog.sizes import locations, sizes
from tfinfra.manifest.across_keys import a_source, a_target, across_keys, any_case, names_of_tags, names_of_variables
from tfinfra.manifest.described import Rules
from tfinfra.manifest.key_defaults import default_of, example_of
from tfinfra.manifest.key_schema import (
    ANY_CASE,
    EDITORS,
    LIMITS,
    MANIFEST,
    METRICS,
    MOST_TAGS,
    SPELLINGS,
    TARGET,
)
from tfinfra.manifest.manifest import InputKeys, LimitKeys, Manifest, MetricKeys
from tfinfra.manifest.tuning.keys import TuneKeys
from tfinfra.manifest.tuning.schema import TUNE
from tfinfra.manifest.words.refused import ESTIMATOR, MEANS_NOTHING
from tfinfra.model.tuning import SAMPLINGS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {
    "string": ["string"],
    "text": ["string", "number"],
    "value": ["string", "number", "boolean"],
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
    """The schema as a JSON document: what it refuses, the reader, the catalog or a rule across keys refuses."""
    properties = _properties(MANIFEST, "manifest", Manifest)
    properties["limits"]["properties"] = _properties(LIMITS, "manifest", LimitKeys, "limits.")
    properties["metrics"]["properties"] = _properties(METRICS, "manifest", MetricKeys, "metrics.")
    properties["tune"]["properties"] = _tune()
    properties["on_failure"]["properties"] = _properties(
        MANIFEST["on_failure"]["schema"], "manifest", None, "on_failure."
    )
    one_input = properties["inputs"]["additionalProperties"]
    one_input["properties"] = _properties(
        MANIFEST["inputs"]["valuesrules"]["schema"], "manifest", InputKeys, "inputs.<name>."
    )
    one_input.update(a_source())
    properties["compute_target"].update(_target())
    _offer(properties["vm_size"], (size.name for size in sizes()))
    properties["environment_variables"]["propertyNames"].update(names_of_variables())
    properties["tags"]["propertyNames"].update(names_of_tags())
    properties["tags"]["maxProperties"] = MOST_TAGS
    for other, key in SPELLINGS.items():
        properties[other] = {**properties[key], "description": f"another spelling of {key}"}
    properties[EDITORS] = _OF_EDITORS
    for key in ESTIMATOR:
        off = {"enum": [*MEANS_NOTHING.get(key, ()), None], "deprecated": True}
        properties[key] = {"description": "the estimator's; these values mean nothing here, others are refused", **off}
    return {
        **_head("manifest", "tfinfra manifest"),
        "required": [key for key, rules in MANIFEST.items() if rules.get("required")],
        "properties": properties,
        "allOf": across_keys(),
    }


def _tune() -> dict[str, Any]:
    """The keys of a search; editors list the words of its texts."""
    properties = _properties(TUNE, "manifest", TuneKeys, "tune.")
    properties["sampling"]["anyOf"].insert(0, {"enum": [*SAMPLINGS]})
    return properties


def targets_schema() -> dict[str, Any]:
    """The schema of compute_targets.yaml: targets by name."""
    one = {"description": "a target, by the name that manifests give it", "type": "object", **_target()}
    head = _head("compute_targets", "tfinfra compute targets")
    return {**head, "additionalProperties": {**one, "additionalProperties": False}}


def indexes_schema(form: str) -> dict[str, Any]:
    """The schema of indexes.yaml: URLs of this form, by alias."""
    url = {"description": "the URL of a package index", "type": "string", "pattern": f"^({form})$"}
    head = _head("indexes", "tfinfra package indexes")
    return {**head, "additionalProperties": url, "propertyNames": {"pattern": "^[a-z][a-z0-9_-]{0,31}$"}}


def file_schema(name: str, rules: Mapping[str, Rules]) -> dict[str, Any]:
    """The schema of another file that users write, by its Cerberus rules: null stands for nothing there. keys.json has
    the file's keys under `name`."""
    never_null = {key: _never_null(each) for key, each in rules.items()}
    properties = _properties(never_null, name, None)
    for key, each in never_null.items():
        if each["type"] == "dict" and "schema" in each:
            properties[key]["properties"] = _properties(each["schema"], name, None, f"{key}.")
    return {**_head(name, f"tfinfra {name}"), "properties": {**properties, EDITORS: _OF_EDITORS}}


def _head(name: str, title: str) -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "$id": f"urn:tfinfra:{name}",
        "title": title,
        "type": "object",
        "additionalProperties": False,
    }


def _target() -> dict[str, Any]:
    """The keys of a target, with the values that the catalog has."""
    properties = _properties(TARGET, "target", None)
    _offer(properties["location"], sorted(locations()))
    _offer(properties["vm_size"], (size.name for size in sizes()))
    return {"properties": properties, **a_target()}


def _offer(value: dict[str, Any], words: Iterable[str]) -> None:
    """Lets a text or its list hold these words alone, in any case: editors list them."""
    known = list(words)
    one = {"anyOf": [{"enum": known}, {"type": "string", "pattern": f"^({'|'.join(map(any_case, known))})$"}]}
    some = {"type": "array", "minItems": 1, "items": one}
    for name in ("type", "minLength", "minItems", "items"):
        value.pop(name, None)
    value["anyOf"] = [*one["anyOf"], some, {"type": "null"}]


def _never_null(rules: Rules) -> Rules:
    inner = rules.get("schema")
    if inner and rules["type"] == "dict":
        return {**rules, "nullable": False, "schema": {key: _never_null(each) for key, each in inner.items()}}
    return {**rules, "nullable": False}


def _properties(schema: Mapping[str, Rules], file: str, kind: type | None, before: str = "") -> dict[str, Any]:
    """Each key's schema, with its default, its own type's, and an example."""
    return {
        key: {**_value(rules, key), **dict(_beside(file, f"{before}{key}", rules, kind))}
        for key, rules in schema.items()
    }


def _beside(file: str, name: str, rules: Rules, kind: type | None) -> Iterator[tuple[str, Any]]:
    yield from (("default", value) for value in default_of(file, name, kind) if value is not None or _nullable(rules))
    yield "examples", [example_of(file, name)]


def _nullable(rules: Rules) -> bool:
    """Whether null may be written: it is the default of every key."""
    return bool(rules.get("nullable", "meta" in rules and not rules.get("required")))


def _value(rules: Rules, key: str = "") -> dict[str, Any]:
    kinds = [rules["type"]] if isinstance(rules["type"], str) else rules["type"]
    nullable = _nullable(rules)
    null = ["null"] if nullable else []
    out: dict[str, Any] = {"description": rules["meta"]["meaning"]} if "meta" in rules else {}
    if "allowed" in rules:
        words = [*rules["allowed"], *([None] if nullable else [])]
        spelt = {"type": "string", "pattern": f"^({'|'.join(map(any_case, rules['allowed']))})$"}
        return {**out, **({"anyOf": [{"enum": words}, spelt]} if key in ANY_CASE else {"enum": words})}
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
    return forms


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
