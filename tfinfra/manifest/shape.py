"""The shape of a document: Cerberus over key_schema.py, and its errors as diagnostics in file order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from tfinfra.errors import Diagnostic
from tfinfra.manifest.cerberus_import import load_cerberus
from tfinfra.manifest.described import Rules
from tfinfra.manifest.document import Document, KeyPath, dotted, error_at
from tfinfra.manifest.key_schema import ANY_CASE, EDITORS, LOCK, LOCK_ENDING, MANIFEST, SPELLINGS, TARGET
from tfinfra.manifest.words.odd_values import odd_values
from tfinfra.manifest.words.refused import ESTIMATOR, STANDS_FOR, is_refused, way_out
from tfinfra.manifest.words.spelling_hints import did_you_mean


def manifest_errors(document: Document) -> tuple[Diagnostic, ...]:
    """What is wrong with the shape of a manifest: unknown, missing, refused and ill-formed keys."""
    misplaced = tuple(_misplaced_lock(document))
    refused = tuple(
        error_at(document, "TFI208", (key,), f"'{key}' is not taken", way_out(key, value), at="key")
        for key, value in document.data.items()
        if is_refused(key, value)
    )
    skip = {(key,) for key in document.data if key in ESTIMATOR or key in (EDITORS, LOCK)} | {
        (fault.path,) for fault in document.faults
    }
    wrong = (*document.faults, *refused, *misplaced, *_cerberus_errors(document, (), MANIFEST, skip=frozenset(skip)))
    return (*wrong, *(odd for odd in odd_values(document, wrong) if odd.is_error))


def _misplaced_lock(document: Document) -> Iterator[Diagnostic]:
    """The key of a lock in a file that is none: whoever reads it would take it for one."""
    if LOCK in document.data and not document.file.endswith(LOCK_ENDING):
        hint = f"`tfinfra lock` writes it into a file of its own, beside the manifest: …{LOCK_ENDING}"
        yield error_at(document, "TFI901", (LOCK,), f"the key '{LOCK}' stands in a lock alone", hint, at="key")


def target_errors(document: Document, name: str) -> tuple[Diagnostic, ...]:
    """What is wrong with the shape of target `name` of a compute_targets.yaml."""
    data = document.data[name]
    if not isinstance(data, Mapping):
        from tfinfra.manifest.shape_messages import found

        message = f"target '{name}' is {found(data)}, not a mapping"
        return (error_at(document, "TFI202", (name,), message, "write `cloud: azure` and its other keys"),)
    return tuple(_cerberus_errors(document, (name,), TARGET, skip=frozenset()))


def errors_by(document: Document, schema: Mapping[str, Rules]) -> tuple[Diagnostic, ...]:
    """What is wrong with the shape of a document that is neither a manifest nor of targets, by its own `schema`. Null
    is a value that was forgotten there."""
    validator = _validator(schema)
    validator.validate({key: value for key, value in document.data.items() if key != EDITORS})
    found_at = {tuple(error.document_path): error for error in validator.errors}
    return tuple(_told(document, path, error, schema) for path, error in found_at.items())


def _cerberus_errors(
    document: Document, base: KeyPath, schema: Mapping[str, Rules], skip: frozenset[KeyPath]
) -> Iterator[Diagnostic]:
    data: Any = document.data
    for part in base:
        data = data[part]
    validator = _validator(schema)
    validator.validate(_prepared(document, data, base, skip, schema))
    found_at = [(_as_written(document, (*base, *error.document_path)), error) for error in validator.errors]
    errors = {path: _told(document, path, error, schema) for path, error in found_at}
    if any(d.code == "TFI203" for d in errors.values()):
        from tfinfra.manifest.words.unknown_key import each_once

        errors = each_once(document, errors)
    meant = {d.hint for d in errors.values() if d.code == "TFI203"}
    for path, diagnostic in errors.items():
        named = (did_you_mean(str(path[-1])), f"write {path[-1]}:")
        misspelt = diagnostic.code == "TFI201" and any((hint or "").startswith(named) for hint in meant)
        if path not in skip and not misspelt:
            yield diagnostic


def _told(document: Document, path: KeyPath, error: Any, schema: Mapping[str, Rules]) -> Diagnostic:
    """One of Cerberus's errors in words. These, and the tables of other tools' words, are loaded where there is one."""
    from tfinfra.manifest.shape_messages import shape_diagnostic

    return shape_diagnostic(document, path, error, schema)


def _as_written(document: Document, path: KeyPath) -> KeyPath:
    """The path with the spelling that the file uses."""
    other = next((s for s, key in SPELLINGS.items() if key == path[0] and s in document.data), None)
    return (other, *path[1:]) if other and path[0] not in document.data else path


def _prepared(
    document: Document, data: Mapping[str, Any], base: KeyPath, skip: frozenset[KeyPath], schema: Mapping[str, Rules]
) -> dict[str, Any]:
    """The data that Cerberus sees: without refused keys and without null, which means the default of a key of
    `schema`; spellings unified, words of fixed lists in lower case."""
    kept: dict[str, Any] = {}
    for key, value in data.items():
        path = (*base, key)
        inner = schema["valuesrules"] if base == ("inputs",) else schema.get(key, {})
        if path in skip or (key in SPELLINGS and not base) or _is_null(document, path, value, schema):
            continue
        if isinstance(value, Mapping) and (key in _INNER if not base else base == ("inputs",)):
            below = inner if key == "inputs" else inner["schema"]
            value = _prepared(document, value, path, skip, below)  # noqa: PLW2901  the same entry, one level down
        kept[key] = value.lower() if key in ANY_CASE and isinstance(value, str) else value
    if not base:
        others = {k: v for k, v in data.items() if k in SPELLINGS and (k,) not in skip}
        kept.update({SPELLINGS[k]: v for k, v in others.items() if not _is_null(document, (k,), v, SPELLINGS)})
        if ("entry_script",) in skip:
            kept["entry_script"] = "refused"
    return kept


def _is_null(document: Document, path: KeyPath, value: Any, schema: Mapping[str, object]) -> bool:
    """Whether null is written at `path`, where it means the default of a key of `schema`. Nothing at all after a key is
    a value that was forgotten: whether the key can do without one is the schema's to say."""
    if path == ("entry_script",) or path[:-1] == ("inputs",):
        return False
    return value is None and document.texts.get(path) != "" and path[-1] in schema


_INNER = ("limits", "compute_target", "inputs", "metrics", "tune")
_LEVELS = 2
"""How deep what has a place of its own lies in a manifest, or in a target: an item of pip_packages, of location."""
_IN_ONE_PIECE = ("on_failure",)


def _validator(schema: Mapping[str, Rules]) -> Any:
    """What validates by a schema of ours. Tests hold these against Cerberus's rules for schemas: to do so in each
    process would take longer than all that the schema is for."""
    validator_class = shape_validator()
    from cerberus.schema import DefinitionSchema, UnvalidatedSchema

    return validator_class(UnvalidatedSchema(DefinitionSchema.expand(schema)), allow_unknown=False)


@cache
def shape_validator() -> Any:
    """Cerberus with the types "text" and "value", and the rule `text_regex`; it is slow to import."""
    load_cerberus()
    from cerberus import TypeDefinition, Validator
    from cerberus.errors import MIN_VALUE, BaseErrorHandler

    class Errors(BaseErrorHandler):  # type: ignore[misc]  # Cerberus ships no types
        """Keeps Cerberus's leaf errors as they are."""

        def __call__(self, errors: Any) -> list[Any]:
            return list(_leaves(errors))

    class ShapeValidator(Validator):  # type: ignore[misc]
        types_mapping = {  # noqa: RUF012  Cerberus's own way to name a type
            **Validator.types_mapping,
            "integer": TypeDefinition("integer", (int,), (bool,)),  # Cerberus's own takes true for 1
            "text": TypeDefinition("text", (str, int, float), (bool,)),
            "value": TypeDefinition("value", (str, int, float, bool), ()),
        }

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.setdefault("error_handler", Errors)
            super().__init__(*args, **kwargs)

        def _validate_min(self, min_value: Any, field: str, value: Any) -> None:
            """{'nullable': False}"""
            if isinstance(value, (int, float)) and not value >= min_value:  # what is not a number is not enough either
                self._error(field, MIN_VALUE)

        def _validate_text_regex(self, pattern: str, field: str, value: Any) -> None:
            """{'type': 'string'}"""
            if isinstance(value, (str, int, float)) and not re.fullmatch(pattern, str(value)):
                self._error(field, pattern)

    return ShapeValidator


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    for error in errors:
        children = error.child_errors if error.is_group_error or error.is_logic_error else None
        if children:
            yield from _leaves(children)
        else:
            yield error


def wrong_places(document: Document, errors: Iterable[Diagnostic], base: KeyPath = ()) -> frozenset[KeyPath]:
    """Where the shape of the mapping at `base` is wrong: of a list or a mapping of things of their own the item at
    fault, else the key; `base` itself where a key is missing."""
    data: Any = document.data
    for part in base:
        data = data[part]
    start = f"{dotted(base)}." if base else ""
    found = (place for error in errors for place in _places(data, error.path.removeprefix(start), _LEVELS))
    return frozenset((*base, *place) for place in found)


def _places(value: Any, text: str, depth: int) -> Iterator[KeyPath]:
    """The places in `value`, not deeper than `depth`, that a dotted text may mean; () is `value` itself."""
    found = False
    for key, rest in _children(value, text) if depth else ():
        found = True
        below = _LEVELS if key == "compute_target" else 0 if key in _IN_ONE_PIECE else depth - 1
        yield from ((key, *place) for place in _places(value[key], rest, below))
    if not found:
        yield ()


def _children(value: Any, text: str) -> Iterator[tuple[Any, str]]:
    """The keys or indices with which a dotted text may begin, each with the rest of the text: a key may hold dots."""
    if isinstance(value, Mapping):
        for key in value:
            if text == key or text.startswith((f"{key}.", f"{key}[")):
                yield key, text[len(key) :].removeprefix(".")
    elif isinstance(value, (list, tuple)) and (index := re.match(r"\[([0-9]+)\]", text)) and int(index[1]) < len(value):
        yield int(index[1]), text[index.end() :].removeprefix(".")


def top_key(diagnostic: Diagnostic, document: Document) -> str:
    """The top-level key, as Manifest spells it, that a shape error makes unusable."""
    key = next((k for k in document.data if diagnostic.path == k or diagnostic.path.startswith((f"{k}.", f"{k}["))), "")
    return STANDS_FOR.get(key) or SPELLINGS.get(key, key) or diagnostic.path
