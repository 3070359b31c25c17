"""A key's default and its example as values, for schemas: out of the class that the key is read into, and keys.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any

from tfinfra.manifest.key_words import key_words


def default_of(file: str, name: str, kind: type | None) -> tuple[Any, ...]:
    """The default alone in a tuple, None for null; () where the key is required. `kind` is the class, None where
    nothing but keys.json says it, of which words that are no value count as null."""
    words = key_words(file)[name].default
    if words is not None:
        return () if words.startswith("required") else (_literal(words),)
    key = name.rpartition(".")[2]
    value = field_default(kind, key)
    if key == "entry_script":
        return ()
    if key == "on_failure":  # it is read as the seconds to hold
        return ("delete",)
    if value is MISSING:
        return (None,)
    if isinstance(value, (tuple, Mapping)):
        return ([*value] if isinstance(value, tuple) else {},)
    return ({} if is_dataclass(value) else value,)


def field_default(kind: type | None, name: str) -> Any:
    """The default of the field of this name, MISSING where the class has none such."""
    found = next((one for one in fields(kind) if one.name == name), None) if kind else None
    if found is None:
        return MISSING
    return found.default if found.default_factory is MISSING else found.default_factory()


def example_of(file: str, name: str) -> Any:
    """The value that the key has in its example; `<name>` is the first name there."""
    value = _parsed(key_words(file)[name].example)
    for part in name.split("."):
        value = next(iter(value.values())) if part.startswith("<") else value[part]
    return value


@cache
def _parsed(example: str) -> Any:
    import yaml

    return yaml.safe_load(example)


def _literal(words: str) -> Any:
    """`128`, `true`, or a word such as `azure`; None for a sentence."""
    try:
        return json.loads(words)
    except ValueError:
        return words if words.replace("_", "").isalpha() and words != "none" else None
