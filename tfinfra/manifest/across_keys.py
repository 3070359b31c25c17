"""What of the rules across keys a JSON Schema can say, for editors; the rules themselves are compiler/rules/. A test
holds each against them."""

from __future__ import annotations

import re
from typing import Any

from tfinfra.backends.registry import BACKENDS, DISTRIBUTED
from tfinfra.catalog.tensorflow import frameworks
from tfinfra.manifest.key_defaults import field_default
from tfinfra.manifest.key_schema import SPELLINGS, TAG_FORBIDDEN, TAG_OURS, VARIABLE
from tfinfra.manifest.manifest import Manifest
from tfinfra.model.script_variables import SET_BY_TFINFRA

Schema = dict[str, Any]
_NOT_NULL: Schema = {"not": {"type": "null"}}


def across_keys() -> list[Schema]:
    """Each a schema that the whole manifest has to fit."""
    owned = [(key, [one.name]) for one in BACKENDS.values() for key in one.keys]
    return [
        *(_needs_backend(key, names) for key, names in [*owned, ("node_count", list(DISTRIBUTED))]),
        *(_not_both(other, key) for other, key in SPELLINGS.items()),
        *(_not_both(key, "compute_target") for key in ("vm_size", "vm_priority")),
        _one_duration(),
        _if(_given("vm_priority"), {"anyOf": [_given("vm_size"), _given("compute_target")]}),
        _no_evaluator(),
        {"not": _given("entry_script", {"type": "string", "pattern": r"^(\.\.)?/"})},
        {"not": _given("framework_version", _too_old())},
    ]


def a_source() -> Schema:
    """An input has a path or a URL."""
    return {"oneOf": [_given("path"), _given("url")]}


def a_target() -> Schema:
    """A target on Azure has a size; `local` may stand in any case. A store needs somebody who may use it, and a subnet
    or a reservation is in one location."""
    local = {"required": ["cloud"], "properties": {"cloud": {"type": "string", "pattern": f"^{any_case('local')}$"}}}
    size = {"anyOf": [{"not": {"type": "object"}}, local, _given("vm_size")]}
    several = {"type": "object", **_given("location", {"type": "array", "minItems": 2})}
    one_place = [{"not": {"allOf": [several, _given(key)]}} for key in ("subnet_id", "capacity_reservation_id")]
    return {"allOf": [size, _if({"type": "object", **_given("store")}, _given("identity_id")), *one_place]}


def names_of_variables() -> Schema:
    """Variables that a manifest may set."""
    return {"pattern": rf"^(?!({SET_BY_TFINFRA})$)({VARIABLE})$"}


def names_of_tags() -> Schema:
    """Tags that are not tfinfra's own, and that Azure takes."""
    return {"pattern": rf"^(?!{any_case(TAG_OURS)})[^{re.escape(TAG_FORBIDDEN)}]*$"}


def any_case(word: str) -> str:
    """A pattern: JSON Schema's have no flag for it."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def _given(key: str, value: Schema | None = None) -> Schema:
    """That the key has a value, which fits `value`."""
    return {"required": [key], "properties": {key: value or _NOT_NULL}}


def _if(condition: Schema, then: Schema) -> Schema:
    return {"if": condition, "then": then}


def _not_both(one: str, other: str) -> Schema:
    return {"not": {"allOf": [_given(one), _given(other)]}}


def _word(*words: str) -> Schema:
    return {"type": "string", "pattern": f"^({'|'.join(map(any_case, words))})$"}


def _needs_backend(key: str, backends: list[str]) -> Schema:
    """A value of the key other than its default is for these backends."""
    default = field_default(Manifest, key)
    is_default = _word(default) if isinstance(default, str) else {"const": default}
    other = {"not": {"anyOf": [{"type": "null"}, is_default]}}
    return _if(_given(key, other), _given("distributed_backend", _word(*backends)))


def _one_duration() -> Schema:
    inside = _given("limits", {"type": "object", **_given("max_run_duration")})
    return {"not": {"allOf": [_given("max_run_duration_seconds"), inside]}}


def _too_old() -> Schema:
    """A TensorFlow before the first that is supported."""
    major, minor = frameworks()[0].minor.split(".")
    minors = "|".join(map(str, range(int(minor))))
    majors = "|".join(map(str, range(int(major))))
    text = {"type": "string", "pattern": rf"^(({majors})\.|{major}\.({minors})(\.|$))"}
    return {"anyOf": [text, {"type": "number", "exclusiveMaximum": int(major)}]}


def _no_evaluator() -> Schema:
    return _if(_given("tf_config", _word("cluster_spec")), {"not": _given("evaluator_count", {"const": 1})})
