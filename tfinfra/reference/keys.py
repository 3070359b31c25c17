"""The keys of all files that a user writes, as entries: made of their rules, their values' defaults and keys.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, is_dataclass

from tfinfra.guardrails.key_schema import FILE as GUARDRAILS_FILE
from tfinfra.guardrails.key_schema import GUARDRAILS
from tfinfra.locking.aliases import FILE as INDEXES_FILE
from tfinfra.manifest.described import Rules
from tfinfra.manifest.key_defaults import field_default
from tfinfra.manifest.key_schema import DURATION, MANIFEST, SPELLINGS, TARGET
from tfinfra.manifest.key_words import key_words
from tfinfra.manifest.manifest import InputKeys, LimitKeys, Manifest, MetricKeys, TargetKeys
from tfinfra.manifest.tuning.keys import TuneKeys
from tfinfra.manifest.words.refused import ESTIMATOR
from tfinfra.reference.entry import Entry
from tfinfra.reference.key_types import type_words

MANIFEST_FILE, TARGETS_FILE = "the manifest", "compute_targets.yaml"
ANY = "<name>"
"""Stands in a key for whatever name a user gives."""
_DEFAULTS: dict[str, type] = {"limits": LimitKeys, "metrics": MetricKeys, "tune": TuneKeys, f"inputs.{ANY}": InputKeys}


def manifest_keys() -> tuple[Entry, ...]:
    """In the schema's order, each before those inside it; a target's keys are `target_keys`."""
    return tuple(_entries("manifest", MANIFEST_FILE, MANIFEST, Manifest))


def target_keys() -> tuple[Entry, ...]:
    """Those of a target, inline or in a file of targets."""
    return tuple(_entries("target", TARGETS_FILE, TARGET, TargetKeys))


def guardrail_keys() -> tuple[Entry, ...]:
    return tuple(_entries("guardrails", GUARDRAILS_FILE, GUARDRAILS, None))


def index_keys() -> tuple[Entry, ...]:
    """The one kind of key that indexes.yaml has."""
    title = "the URL of a package index, by a name for it"
    return tuple(
        Entry("key", name, INDEXES_FILE, title, words.text, "text: https://…", "none", words.example, words.since)
        for name, words in key_words("indexes").items()
    )


def other_spellings() -> tuple[Entry, ...]:
    """Keys of the manifest that mean another one, and those that are known and not taken."""
    spelt = [Entry("key", other, MANIFEST_FILE, f"another spelling of {key}", "") for other, key in SPELLINGS.items()]
    gone = [
        Entry("key", key, MANIFEST_FILE, "an argument of the estimator that is not taken", f"{_sentence(way)}")
        for key, way in ESTIMATOR.items()
    ]
    return (*spelt, *gone)


def all_keys() -> tuple[Entry, ...]:
    """Of all files."""
    return (*manifest_keys(), *target_keys(), *guardrail_keys(), *index_keys(), *other_spellings())


def _entries(file: str, shown: str, schema: Mapping[str, Rules], kind: type | None) -> Iterator[Entry]:
    words = key_words(file)
    for name, rules, owner in _flat(schema, kind):
        row = words[name]
        default = "required" if rules.get("required") and row.default is None else row.default
        default = default or _default(name.rpartition(".")[2], rules, owner)
        title = rules["meta"]["meaning"]
        yield Entry("key", name, shown, title, row.text, type_words(rules), default, row.example, row.since)


def _flat(schema: Mapping[str, Rules], kind: type | None, before: str = "") -> Iterator[tuple[str, Rules, type | None]]:
    """Each key with its rules and the class of the value that it is read into, what is inside of it after it."""
    for key, rules in schema.items():
        name = f"{before}{key}"
        yield name, rules, kind
        inner = rules.get("valuesrules", {}).get("schema") if rules["type"] == "dict" else None
        if inner and rules["valuesrules"]["type"] == "dict":
            yield from _flat(inner, _DEFAULTS.get(f"{name}.{ANY}"), f"{name}.{ANY}.")
        elif "dict" in rules["type"] and "schema" in rules and rules["schema"] is not TARGET:
            yield from _flat(rules["schema"], _DEFAULTS.get(name), f"{name}.")


def _default(key: str, rules: Rules, kind: type | None) -> str:
    """The default of the field of this name, as a manifest would write it."""
    value = field_default(kind, key)
    if value is MISSING:
        return "none"
    if key == "on_failure":
        return "delete"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and rules.get("text_regex") == DURATION:
        return f"{value // 86400}d" if value > 86400 else f"{value // 3600}h"
    if isinstance(value, (tuple, Mapping)):
        return f"[{', '.join(value)}]" if isinstance(value, tuple) else "{}"
    return "none" if value is None else "{}" if is_dataclass(value) else str(value)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
