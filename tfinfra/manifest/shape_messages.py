"""Cerberus's errors in a person's words, each at its place in the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tfinfra.backends.registry import BACKENDS, DISTRIBUTED
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import Document, KeyPath, dotted, error_at
from tfinfra.manifest.key_schema import FORMS, LIMITS, MANIFEST, SPELLINGS, TARGET, Rules
from tfinfra.manifest.words.foreign_words import INSIDE, TOP, in_our_form, odd_letters
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.text.credentials import only_name, unnamed

_KINDS = {
    "string": "text",
    "text": "a single value",
    "value": "a single value",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "dict": "a mapping",
    "list": "a list",
}
_SHORT = 40
_PACKAGES = ("pip_packages", "conda_packages", "source_builds")
_NOTHING = ("none", "null", "nil", "no", "false")
MEANT = {word: name for name in DISTRIBUTED for word in BACKENDS[name].also_called}
"""What people write for a value that has another name here."""


def shape_diagnostic(document: Document, path: KeyPath, error: Any, schema: Mapping[str, Rules]) -> Diagnostic:
    """The diagnostic for one of Cerberus's leaf errors at `path`."""
    from cerberus import errors as kinds

    if error.code == kinds.UNKNOWN_FIELD.code:
        word = only_name(str(path[-1]))
        found = error_at(document, "TFI203", path, f"unknown key '{word}'", _spelling(path, schema), at="key")
        return _without_values(found)
    messages: dict[int, Callable[[Document, KeyPath, Any], Diagnostic]] = {
        kinds.REQUIRED_FIELD.code: _missing,
        kinds.NOT_NULLABLE.code: _empty,
        kinds.MIN_LENGTH.code: _empty,
        kinds.BAD_TYPE.code: _bad_type,
        kinds.UNALLOWED_VALUE.code: _unallowed,
        kinds.MIN_VALUE.code: _too_small,
        kinds.MAX_VALUE.code: _too_large,
        kinds.MAX_LENGTH.code: _too_long,
    }
    return _without_values(messages.get(error.code, _bad_form)(document, path, error))


def _without_values(diagnostic: Diagnostic) -> Diagnostic:
    """The diagnostic without a value that was written in place of a name: it may be a secret."""
    found = diagnostic.position
    if found is None or found.text is None:
        return replace(diagnostic, path="".join(map(only_name, diagnostic.path.rpartition("."))))
    text = unnamed(found.text)
    path_ = "".join(map(only_name, diagnostic.path.rpartition(".")))
    return replace(diagnostic, path=path_, position=replace(found, text=text))


def _missing(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    del error
    return error_at(document, "TFI201", path[:-1], f"'{dotted(path)}' is missing", f"add `{path[-1]}:`")


def _empty(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    del error
    return error_at(document, "TFI202", path, f"'{dotted(path)}' has no value", "write one or remove the key")


def _too_small(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    message = f"'{dotted(path)}' is at least {error.constraint:,}, not {error.value}"
    return error_at(document, "TFI205", path, message, f"write {error.constraint:,} or more")


def _too_large(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    value = error.value if abs(error.value) < 10**20 else "that large"
    return error_at(document, "TFI205", path, f"'{dotted(path)}' is at most {error.constraint:,}, not {value}")


def _too_long(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    return error_at(document, "TFI205", path, f"'{dotted(path)}' is longer than {error.constraint} characters")


def _bad_type(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    wanted = [error.constraint] if isinstance(error.constraint, str) else error.constraint
    kinds = ["string" if kind == "text" and isinstance(error.value, bool) else kind for kind in wanted]
    names = " or ".join(_KINDS[kind] for kind in kinds)
    if error.value is None:
        return error_at(document, "TFI202", path, f"'{dotted(path)}' has no value", f"write {names} or remove the key")
    message = f"'{dotted(path)}' is {found(error.value)}, not {names}"
    return error_at(document, "TFI202", path, message, _type_hint(path, wanted, error.value))


def _type_hint(path: KeyPath, wanted: list[str], value: Any) -> str | None:
    hint = None
    if path[0] in _PACKAGES and len(path) > 1:
        hint = _package_hint(path, value)
    elif path[0] == "inputs" and len(path) > 1 and isinstance(value, str):
        kind = "url" if "://" in value else "path"
        hint = f"write {{{kind}: {value if len(value) < _SHORT and unnamed(value) == value else '…'}}}"
    elif "list" in wanted and isinstance(value, str):
        hint = f"write {_as_list(value)}"
    elif "integer" in wanted:
        digits = isinstance(value, str) and value.strip().isdigit()
        hint = f"write {value.strip()} without quotes" if digits else "write a whole number, for example 2"
    elif "dict" in wanted and isinstance(value, (str, list)):
        hint = "write one `name: value` a line, each indented below the key"
    elif {"string", "text"} & {*wanted} and isinstance(value, (int, float)):
        hint = "put it in quotes"
    return hint


def _package_hint(path: KeyPath, value: Any) -> str | None:
    if isinstance(value, Mapping):
        pip = path[0] == "conda_packages" and "pip" in value
        return (
            "pip's packages belong in pip_packages" if pip else 'write a package and its version as one text: "a==1.0"'
        )
    return "write a package's name" if isinstance(value, (int, float)) else None


def _as_list(value: str) -> str:
    """A text as the list that is meant: the words of `numpy pandas`, the item of a `-numpy` without its space."""
    words = re.split(r"[,\s]+", value.strip(" ,").removeprefix("-").strip())
    plain = all(re.match(r"\w", word) and only_name(word) == word for word in words)
    return f"[{', '.join(words)}]" if plain and len(value) < _SHORT else "a list: [a, b]"


def _unallowed(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    allowed = [str(value) for value in error.constraint]
    near = MEANT.get(str(error.value).lower()) or nearest(str(error.value).lower(), allowed)
    names = allowed[0] if len(allowed) == 1 else f"{', '.join(allowed[:-1])} or {allowed[-1]}"
    message = f"'{dotted(path)}' is {names}, not '{_short(str(error.value))}'"
    absent = "remove the key" if str(error.value).lower() in _NOTHING else None
    return error_at(document, "TFI204", path, message, did_you_mean(near) if near else absent)


def _bad_form(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    pattern = error.info[0] if error.info else error.constraint
    if error.value == path[-1] and "keysrules" in error.schema_path:
        message = f"'{_short(str(path[-1]))}' is no name for this"
        return error_at(document, "TFI206", path, message, FORMS.get(pattern), at="key")
    message = f"'{dotted(path)}' does not fit"
    if path[:1] != ("secrets",):
        message += f": '{_short(str(error.value))}'"
    return error_at(document, "TFI206", path, message, FORMS.get(pattern))


def _spelling(path: KeyPath, schema: Mapping[str, Rules]) -> str | None:
    """The way out of an unknown key: invisible letters first, then the near ones, then what other tools call a key."""
    whole = schema
    for part in path[:-1]:
        inner = schema.get(str(part), {}).get("schema")
        schema = inner if isinstance(inner, Mapping) else schema
    known = [*schema, *(SPELLINGS if len(path) == 1 else ())]
    written = str(path[-1])
    if odd := odd_letters(written, known):
        return odd
    if written.startswith("-") and schema is MANIFEST:
        return "a flag of the script belongs under script_params, indented"
    word = in_our_form(written)
    if whole is not MANIFEST and whole is not TARGET:
        near = nearest(word, known, 0.7)
        return did_you_mean(near) if near else _level_of(word, whole)
    near = nearest(word, known, 0.85)
    foreign = TOP.get(word) if len(path) == 1 else INSIDE.get(str(path[0]), {}).get(word)
    if near or not foreign:
        near = near or nearest(word, known, 0.7)
        return did_you_mean(near) if near else _other_level(word, path, schema)
    return foreign


def _level_of(word: str, schema: Mapping[str, Rules]) -> str | None:
    """Where a key of `schema` belongs that is known at another level."""
    if word in schema:
        return f"write {word} at the top level"
    outer = next((name for name, rules in schema.items() if word in rules.get("schema", {})), None)
    return f"write it under {outer}: {{{word}: …}}" if outer else None


def _other_level(word: str, path: KeyPath, schema: Mapping[str, Rules]) -> str | None:
    """Where a key belongs that is known at another level."""
    if len(path) == 1:
        outer = next((name for name, keys in (("limits", LIMITS), ("compute_target", TARGET)) if word in keys), None)
        return f"write it under {outer}: {{{word}: …}}" if outer else None
    if word in MANIFEST and schema is not MANIFEST and path[0] in MANIFEST:
        return f"{word} is a key of the manifest: write it at the top level"
    if word in LIMITS:
        return f"write it under limits: {{{word}: …}}"
    return None


def found(value: Any) -> str:
    """What kind of value it is: "a list", "the number 3", "the text 'abc'"."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f"the number {value}" if isinstance(value, (int, float)) else f"the text '{_short(str(value))}'"


def _short(text: str) -> str:
    text = only_name(text)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}…"
