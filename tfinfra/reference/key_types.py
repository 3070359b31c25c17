"""The type of a key, in words for a person, by its Cerberus rules."""

from __future__ import annotations

from tfinfra.manifest.described import Rules
from tfinfra.manifest.key_schema import FORMS

_PLAIN = {"string": "text", "text": "text", "value": "text", "boolean": "true or false", "dict": "mapping"}
_ITEMS = {"number": "numbers", "integer": "whole numbers", "value": "values"}
"""What a list is of; of texts else."""
_NUMBERS = {"integer": "whole number", "number": "number"}


def type_words(rules: Rules) -> str:
    """ "whole number, 1 to 100,000", "text or list of texts", "mpi, ps or multi_worker"."""
    if "allowed" in rules:
        return _either([str(word) for word in rules["allowed"]])
    kinds = [rules["type"]] if isinstance(rules["type"], str) else rules["type"]
    return _either([_one(kind, rules) for kind in kinds])


def _one(kind: str, rules: Rules) -> str:
    if kind in _NUMBERS:
        return f"{_NUMBERS[kind]}, {rules['min']:,} to {rules['max']:,}"
    if kind == "list":
        inner = rules.get("schema", {})
        form = FORMS.get(inner.get("text_regex", ""))
        items = _ITEMS.get(inner.get("type", ""), "texts")
        return f"list of {items}, each {form}" if form else f"list of {items}"
    if kind == "dict" and "valuesrules" in rules:
        return f"mapping of names to {'mappings' if rules['valuesrules']['type'] == 'dict' else 'values'}"
    form = FORMS.get(rules.get("text_regex", "")) if kind in ("text", "string") and "schema" not in rules else None
    return f"text: {form}" if form else _PLAIN[kind]


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
