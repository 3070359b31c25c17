"""Guardrails on what every manifest has to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.guardrail_lines import breach
from tfinfra.errors import Diagnostic
from tfinfra.guardrails.key_schema import LOCK
from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.key_schema import SPELLINGS

_NOTHING: tuple[object, ...] = (None, "", (), [], {})


def missing_keys(facts: Facts) -> Iterator[Diagnostic]:
    """A key that guardrails require and the manifest does not give; null and an empty value give nothing."""
    for file in facts.project.guardrails.files:
        lone = ("require",) in file.document.texts
        for index, key in enumerate(file.require):
            outer, _, inner = key.partition(".")
            if not facts.manifest.sound(outer) or _is_given(facts, outer, inner):
                continue
            held = file.at("require") if lone else file.at("require", index)
            path: KeyPath = (outer, inner) if inner else (outer,)
            if key == LOCK:
                yield breach(
                    facts, "TFI452", (), held, what="this manifest is not locked", hint="tfinfra makes no locks yet"
                )
                continue
            hint = f"write {inner} under {outer}" if inner else f"add {key}"
            yield breach(facts, "TFI452", path, held, what=f"{key} is not given", hint=hint)


def _is_given(facts: Facts, outer: str, inner: str) -> bool:
    data, manifest = facts.document.data, facts.manifest
    if outer == "compute_target":
        chosen = facts.chosen
        written = getattr(chosen.keys, inner, None) if inner else facts.project.target or data.get(outer)
        return written not in _NOTHING
    if (outer, inner) == ("limits", "max_run_duration") and manifest.max_run_duration_seconds:
        return True
    if not inner:
        key = SPELLINGS.get(outer, outer)
        return any(not _is_empty(data.get(name)) for name in (key, *(s for s, k in SPELLINGS.items() if k == key)))
    given = data.get(outer)
    if not isinstance(given, Mapping):
        return False
    any_case = outer == "tags"  # names of Azure's tags have no case
    return any(
        not _is_empty(value) for name, value in given.items() if name == inner or (any_case and _same(name, inner))
    )


def _is_empty(value: object) -> bool:
    return value in _NOTHING or (isinstance(value, str) and not value.strip())


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


RULES: tuple[Rule, ...] = (missing_keys,)
