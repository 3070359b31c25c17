"""Guardrails on what every manifest has to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.guardrail_lines import breach
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.key_schema import LOCK, SPELLINGS

_NOTHING: tuple[object, ...] = (None, (), [], {})
_BLANK = " \u2800\u3164\u115f\u1160\uffa0"
"""Characters that are printed as nothing, and that Unicode does not call so."""


def missing_keys(facts: Facts) -> Iterator[Diagnostic]:
    """A key that guardrails require and the manifest does not give; null and an empty value give nothing."""
    for file in facts.project.guardrails.files:
        lone = ("require",) in file.document.texts
        for index, key in enumerate(file.require):
            outer, _, inner = key.partition(".")
            held = file.at("require") if lone else file.at("require", index)
            if key == LOCK:
                if facts.project.unlocked:
                    hint = "`tfinfra lock` writes its lock beside it; commit that"
                    yield breach(facts, "TFI452", (), held, what=facts.project.unlocked, hint=hint)
                continue
            written = _written(facts, outer, inner)
            if not facts.manifest.sound(outer) or not all(map(_is_empty, written.values())):
                continue
            path: KeyPath = next(iter(written), (outer, inner) if inner else (outer,))
            hint = f"write {inner} under {outer}" if inner else f"add {key}"
            what, hint = (f"{key} is empty", "give it a value") if written else (f"{key} is not given", hint)
            yield breach(facts, "TFI452", path, held, what=what, hint=hint)


def _written(facts: Facts, outer: str, inner: str) -> dict[KeyPath, object]:
    """What the manifest says for a key, in each of its spellings, by its path; nothing where it does not say it."""
    data, manifest = facts.document.data, facts.manifest
    if outer == "compute_target":
        chosen = facts.chosen
        value = getattr(chosen.keys, inner, None) if inner else facts.project.target or data.get(outer)
        return {} if value is None else {(outer, inner) if inner else (outer,): value}
    if (outer, inner) == ("limits", "max_run_duration") and manifest.max_run_duration_seconds:
        return {("max_run_duration_seconds",): manifest.max_run_duration_seconds}
    if not inner:
        key = SPELLINGS.get(outer, outer)
        spelt = (key, *(spelling for spelling, meant in SPELLINGS.items() if meant == key))
        return {(name,): data[name] for name in spelt if name in data}
    given = data.get(outer)
    if not isinstance(given, Mapping):
        return {}
    any_case = outer == "tags"  # names of Azure's tags have no case
    return {(outer, name): value for name, value in given.items() if name == inner or (any_case and _same(name, inner))}


def _is_empty(value: object) -> bool:
    """Whether it gives nothing: a person sees nothing of it."""
    if isinstance(value, str):
        return not any(character.isprintable() and character not in _BLANK for character in value)
    return value in _NOTHING


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


RULES: tuple[Rule, ...] = (missing_keys,)
