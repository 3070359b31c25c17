"""Cerberus's errors in a person's words, each at its place in the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tfinfra.backends.registry import backend_called
from tfinfra.errors import Diagnostic
from tfinfra.manifest.described import Rules
from tfinfra.manifest.document import Document, KeyPath, dotted, error_at
from tfinfra.manifest.key_schema import FORMS, fitting_input
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.manifest.words.unknown_key import way_out_of_unknown
from tfinfra.manifest.words.wrong_kind import way_out_of_wrong_kind
from tfinfra.manifest.words.wrong_value import way_out_of_wrong_value
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
_NOTHING = ("none", "null", "nil", "no", "false")


def shape_diagnostic(document: Document, path: KeyPath, error: Any, schema: Mapping[str, Rules]) -> Diagnostic:
    """The diagnostic for one of Cerberus's leaf errors at `path`."""
    from cerberus import errors as kinds

    if error.code == kinds.UNKNOWN_FIELD.code:
        word = only_name(str(path[-1]))
        message = f"unknown key '{word}'{_merged(document, path)}"
        hint = way_out_of_unknown(path, _value(document, path), schema) or _of_anchor(document, path)
        found = error_at(document, "TFI203", path, message, hint, at="key")
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


def _of_anchor(document: Document, path: KeyPath) -> str | None:
    """A key that is there for the anchor behind it alone."""
    at = document.key(path)
    found = re.search(r":\s+(&\S+)", (at.text or "")[at.column - 1 :]) if at else None
    return f"write `{found[1]}` where the value is used first: an anchor needs no key of its own" if found else None


def _merged(document: Document, path: KeyPath) -> str:
    """Where a key comes from that stands in another mapping."""
    merge = document.merged.get(path)
    return f", which `<<` on line {merge.line} brings in" if merge else ""


def _value(document: Document, path: KeyPath) -> Any:
    value: Any = document.data
    for part in path:
        value = value[part]
    return _as_written(document, path, value)


def _as_written(document: Document, path: KeyPath, value: Any) -> Any:
    """The value with its decimal numbers as the file has them: 3.10 is no 3.1 to who reads a version."""
    if isinstance(value, Mapping):
        return {key: _as_written(document, (*path, key), each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_written(document, (*path, index), each) for index, each in enumerate(value)]
    text = document.texts.get(path)
    return text if isinstance(value, float) and text and text != str(value) else value


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
    value = _as_written(document, path, error.value) if isinstance(error.value, (list, Mapping)) else error.value
    return error_at(document, "TFI202", path, message, way_out_of_wrong_kind(path, wanted, value))


def _unallowed(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    allowed = [str(value) for value in error.constraint]
    meant = backend_called(str(error.value))
    near = meant if meant in allowed else nearest(str(error.value).lower(), allowed)
    names = allowed[0] if len(allowed) == 1 else f"{', '.join(allowed[:-1])} or {allowed[-1]}"
    message = f"'{dotted(path)}' is {names}, not '{_short(document.texts.get(path) or str(error.value))}'"
    foreign = way_out_of_wrong_value(path, error.value)
    absent = "remove the key" if str(error.value).lower() in _NOTHING else None
    return error_at(document, "TFI204", path, message, foreign or (did_you_mean(near) if near else absent))


def _bad_form(document: Document, path: KeyPath, error: Any) -> Diagnostic:
    pattern = error.info[0] if error.info else error.constraint
    if error.value == path[-1] and "keysrules" in error.schema_path:
        message = f"'{_short(str(path[-1]))}' is no name for this"
        form = FORMS.get(pattern)
        made = fitting_input(str(path[-1])) if path[0] == "inputs" else ""
        return error_at(document, "TFI206", path, message, f"write {made}: {form}" if made else form, at="key")
    message = f"'{dotted(path)}' does not fit"
    if path[:1] != ("secrets",):
        message += f": '{_short(str(error.value))}'"
    return error_at(document, "TFI206", path, message, way_out_of_wrong_value(path, error.value) or FORMS.get(pattern))


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
