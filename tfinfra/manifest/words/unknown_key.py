"""The way out of an unknown key: odd characters first, then whole words of other tools, then a near spelling, then the
level where it is known. Nothing is said where that would be a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tfinfra.errors import Diagnostic
from tfinfra.manifest.described import Rules
from tfinfra.manifest.document import Document, KeyPath
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, METRICS, SPELLINGS, TARGET
from tfinfra.manifest.tuning.schema import EXPRESSIONS, TUNE
from tfinfra.manifest.tuning.words import in_tune
from tfinfra.manifest.words.foreign_words import WORDS, at_the_top, below, in_our_form, one_level_up, under
from tfinfra.manifest.words.odd_characters import DASHES, what_is_odd
from tfinfra.manifest.words.refused import ESTIMATOR
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.manifest.words.written import fitted

_INPUT: Mapping[str, Rules] = MANIFEST["inputs"]["valuesrules"]["schema"]
_HORIZON = {
    "limits": LIMITS,
    "compute_target": TARGET,
    "on_failure": MANIFEST["on_failure"]["schema"],
    "metrics": METRICS,
    "tune": TUNE,
}
_FLAGS = ("np", "h", "hosts", "hostfile", "num_proc", "min_np", "max_np", "slots_per_host", "host_discovery_script")
"""horovodrun's, which no script has for its own."""


def way_out_of_unknown(path: KeyPath, value: Any, schema: Mapping[str, Rules]) -> str | None:
    """What to write instead of the unknown key at `path` of a document of this `schema`; `value` is the key's."""
    written, known = str(path[-1]), _known(path, schema)
    if odd := what_is_odd(written, known):
        return odd
    key, colon, rest = written.partition(":")
    if colon and rest and key in known:
        return f"a space is missing after the ':': write {key}: {rest if len(rest) < 40 else '…'}"
    word = in_our_form(written)
    if schema is TARGET:
        return _near(word, value, TARGET, 0.85) or _foreign_in_target(word, value) or _near(word, value, TARGET, 0.7)
    if schema is not MANIFEST:
        near = nearest(word, known, 0.7)
        return did_you_mean(near) if near else _level_of(word, schema)
    if len(path) > 1:
        of_tune = in_tune(path, word, value) if path[0] == "tune" and word not in known else None
        return of_tune or _below(str(path[0]), word, value, known)
    return _at_the_top(written, word, value, known)


def each_once(document: Document, found: Mapping[KeyPath, Diagnostic]) -> dict[KeyPath, Diagnostic]:
    """The diagnostics, none of which says to write a key that is there already, or that another says to write: two
    words of other tools may mean one key."""
    lines = {path: at.line for path, at in document.keys.items()}
    once = dict(found)
    for path, each in sorted(found.items(), key=lambda item: item[1].position.line if item[1].position else 0):
        if each.code != "TFI203" or each.hint is None or each.position is None:
            continue
        if one := _ONE_KEY.fullmatch(each.hint):
            there = lines.setdefault((*path[:-1], one[1]), each.position.line)
            more = f", {'together with' if one[2] else 'in place of'} line {there}"
            once[path] = replace(each, hint=each.hint + (more if there != each.position.line else ""))
        elif (below := _BELOW.fullmatch(each.hint)) and isinstance(document.data.get(below[1]), Mapping):
            line = lines[(below[1],)]
            once[path] = replace(each, hint=f"it belongs under {below[1]}, on line {line}: write {below[2]}")
    return once


_ONE_KEY = re.compile(r"write (\w+): (?:([\[{]).*|[^,]*)")
_BELOW = re.compile(r"it belongs under (\w+); write \1: \{(.*)\}")


def _known(path: KeyPath, schema: Mapping[str, Rules]) -> Mapping[str, Rules]:
    """The keys that the mapping has in which the last of `path` stands."""
    if schema is MANIFEST and path[0] == "inputs" and len(path) > 2:
        return _INPUT
    if schema is MANIFEST and path[:2] == ("tune", "parameter_space") and len(path) > 3:
        return EXPRESSIONS
    if schema is MANIFEST and len(path) == 1:
        return {**schema, **{other: schema[key] for other, key in SPELLINGS.items()}}
    for part in path[:-1]:
        inner = schema.get(str(part), {}).get("schema")
        schema = inner if isinstance(inner, Mapping) else schema
    return schema


def _at_the_top(written: str, word: str, value: Any, known: Mapping[str, Rules]) -> str | None:  # noqa: PLR0911  a line a case
    if written.startswith(("-", *DASHES)) and word not in _FLAGS:
        return "a flag of the script belongs under script_params, indented"
    if word in known:
        return did_you_mean(word)
    if word in ESTIMATOR:
        return ESTIMATOR[word]
    if outer := next((name for name, keys in _HORIZON.items() if word in keys), None):
        return under(outer, word, value)
    outer, _, inner = written.partition(".")
    if inner in _HORIZON.get(outer, ()):
        return under(outer, inner, value)
    if word in _INPUT:
        return f"it belongs under inputs, below an input's name: inputs: {{data: {{{word}: …}}}}"
    if word in WORDS and (foreign := at_the_top(word, value)):
        return foreign
    return _near(word, value, known, 0.7) or _wrapped(value) or _below_near(word, value)


def _near(word: str, value: Any, known: Mapping[str, Rules], cutoff: float) -> str | None:
    """The key that is spelt like `word`; one that is far off has to take the value as well."""
    near = nearest(word, known, cutoff)
    if near is None:
        return None
    if value is not None and fitted(near, value) is None and nearest(word, [near], 0.85) is None:
        return None
    if near == "max_run_duration_seconds" and not isinstance(value, (int, type(None))):
        return under("limits", "max_run_duration", value)
    return did_you_mean(near)


def _below_near(word: str, value: Any) -> str | None:
    """A key of limits or of a target, misspelt and a level too high."""
    for outer, keys in _HORIZON.items():
        if near := nearest(word, keys, 0.85):
            return under(outer, near, value)
    return None


def _wrapped(value: Any) -> str | None:
    """A mapping around keys of a manifest."""
    if not isinstance(value, Mapping) or not value:
        return None
    own = [key for key in value if key in MANIFEST]
    if own and 2 * len(own) >= len(value):
        return f"its keys belong one level up: write {own[0]} and the others at the top level"
    return None


def _below(outer: str, word: str, value: Any, known: Mapping[str, Rules]) -> str | None:  # noqa: PLR0911  a line a case
    if word in known:
        return did_you_mean(word)
    if word in MANIFEST and not (outer == "compute_target" and (word in TARGET or word == "name")):
        return one_level_up(word, value)
    for other, keys in _HORIZON.items():
        if other != outer and word in keys:
            return f"it belongs under {other}, one level up; write {other}: {{{word}: …}} at the top level"
    foreign = below(outer, word, value)
    if foreign and not foreign.startswith(("it belongs", "remove it: ")):
        return foreign
    if near := nearest(word, known, 0.85 if foreign else 0.7):
        return did_you_mean(near)
    if outer == "compute_target" and isinstance(value, Mapping) and any(key in TARGET for key in value):
        return "its keys belong one level up: a named target stands in compute_targets.yaml"
    return foreign


def _foreign_in_target(word: str, value: Any) -> str | None:
    """A key of a target in compute_targets.yaml, which has no level above but the target's name."""
    if word in MANIFEST:
        return f"{word} is a key of the manifest, not of a target"
    if word in LIMITS:
        return f"{word} is a key of the manifest's limits, not of a target"
    foreign = below("compute_target", word, value)
    return None if foreign is None or foreign.startswith("it belongs") else foreign


def _level_of(word: str, schema: Mapping[str, Rules]) -> str | None:
    """Where a key of another kind of file belongs that is known at another level of it."""
    if word in schema:
        return f"it belongs one level up: write {word} at the top level"
    outers: Iterator[str] = (name for name, rules in schema.items() if word in rules.get("schema", {}))
    outer = next(outers, None)
    return f"it belongs under {outer}: {{{word}: …}}" if outer else None
