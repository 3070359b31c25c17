"""What of the rules across keys a JSON Schema can say, for editors; the rules themselves are compiler/rules/. A test
holds each against them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tfinfra.backends.registry import BACKENDS, DISTRIBUTED
from tfinfra.manifest.key_schema import SPELLINGS
from tfinfra.manifest.manifest import Manifest

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
    ]


def a_source() -> Schema:
    """An input has a path or a URL."""
    return {"oneOf": [_given("path"), _given("url")]}


def a_size() -> Schema:
    """A target on Azure has a size; `local` may stand in any case."""
    local = {"required": ["cloud"], "properties": {"cloud": {"type": "string", "pattern": f"^{any_case('local')}$"}}}
    return {"anyOf": [{"not": {"type": "object"}}, local, _given("vm_size")]}


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
    default = next(field.default for field in fields(Manifest) if field.name == key)
    is_default = _word(default) if isinstance(default, str) else {"const": default}
    other = {"not": {"anyOf": [{"type": "null"}, is_default]}}
    return _if(_given(key, other), _given("distributed_backend", _word(*backends)))


def _one_duration() -> Schema:
    inside = _given("limits", {"type": "object", **_given("max_run_duration")})
    return {"not": {"allOf": [_given("max_run_duration_seconds"), inside]}}


def _no_evaluator() -> Schema:
    return _if(_given("tf_config", _word("cluster_spec")), {"not": _given("evaluator_count", {"const": 1})})
