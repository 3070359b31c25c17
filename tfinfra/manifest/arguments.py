"""Python arguments → Document. What is no value (an object, bytes, a generator) is refused at its place: nobody means
its `str()`, and that is what the training script would get."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from types import FunctionType, MethodType
from typing import Any
from uuid import UUID

from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import Document, KeyPath, dotted
from tfinfra.manifest.key_schema import MANIFEST, SPELLINGS, fitting_input
from tfinfra.manifest.words.refused import ESTIMATOR

_DEEPEST = 20
_LARGEST = 10**300
_VERSIONS = ("python_version", "framework_version")
_COUNTS = ("process_count_per_node", "node_count", "worker_count", "parameter_server_count")
_PATHS = (
    "source_directory",
    "entry_script",
    "setup_script",
    *(key for key in (*MANIFEST, *SPELLINGS) if "_file" in key),
)
_DURATIONS = ("limits", "max_run_duration_seconds", "on_failure")
_NO_VALUE = object()
_PLAIN: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    ((Decimal, UUID), str),
    (os.PathLike, os.fsdecode),
    (Integral, int),
    (Real, lambda value: float(str(value))),  # as it prints: 0.1 of 32 bits is not 0.10000000149011612
)
_TARGET = "'local', a name of compute_targets.yaml, or {'cloud': 'azure', 'vm_size': 'Standard_D8s_v5'}"
_INPUT = "inputs={'data': {'path': './data'}} or {'data': {'url': 'https://…'}}"
_INSTEAD = {
    "inputs": f"write {_INPUT}; '${{TFINFRA_INPUT_DATA}}' in script_params is its path in every task",
    "resume_from": "write the id of a run, for example run.id, or the URL of a folder in Blob storage",
    "compute_target": f"write {_TARGET}",
    "pip_packages": "write a requirement as text: 'pandas==2.2.2'",
    "conda_packages": "write a conda spec as text: 'pandas=2.2'",
    "environment_variables": "write text or a number; data: " + _INPUT,
}


_MADE: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (lambda value: isinstance(value, (bytes, bytearray, memoryview)), "text: .decode() makes it"),
    (lambda value: isinstance(value, (set, frozenset)), "a list: sorted() makes it"),
    (lambda value: isinstance(value, Iterator), "a list: list() makes it"),
    (lambda value: hasattr(type(value), "tolist"), "a list: .tolist() makes it"),
    (lambda value: hasattr(type(value), "isoformat"), "text: .isoformat() makes it"),
    (lambda value: isinstance(value, (FunctionType, MethodType)), "the function's value: call it with ()"),
)
"""What makes a plain value of an object that is nearly one."""


def argument_document(arguments: Mapping[str, Any]) -> Document:
    """Python arguments as a document; those that are None are left out. Tuples become lists, paths and members of an
    enum their text, NumPy's scalars plain numbers; what is none of these is among the document's faults."""
    faults: list[Diagnostic] = []
    data = {key: _argument(key, value, faults) for key, value in arguments.items() if value is not None}
    texts: dict[KeyPath, str] = {}
    _collect_texts(data, (), texts)
    return Document("", data, texts=texts, faults=tuple(faults))


def _argument(key: str, value: Any, faults: list[Diagnostic]) -> Any:
    found: list[Diagnostic] = []
    if key in _VERSIONS and isinstance(value, float) and (lost := re.fullmatch(r"\d\.[123]", str(value))):
        what = f"is the number {lost[0]}, which {lost[0]}0 is as well"
        faults.append(_diagnostic("TFI332", (key,), what, f"write a version as text: '{lost[0]}0'"))
        return ""
    plain = _plain(value, (key,), found)
    if key in ESTIMATOR:  # refused for its name already, whatever it is
        return _described(value) if found else plain
    if key == "inputs" and found and not isinstance(value, Mapping):
        found = [_fault(value, (key,))]
    faults.extend(found)
    return "" if plain is _NO_VALUE else plain


def _plain(value: Any, path: KeyPath, faults: list[Diagnostic]) -> Any:
    """`value` as YAML could hold it; _NO_VALUE, and a fault, where it could not."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, timedelta) and path[0] in _DURATIONS:
        value = int(value.total_seconds())
    if len(path) > _DEEPEST:
        faults.append(_diagnostic("TFI332", path[:2], "goes too deep", "no argument has so many levels"))
        return _NO_VALUE
    if isinstance(value, Mapping):
        return _mapping(value, path, faults)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
        return [
            "x" if plain is _NO_VALUE else plain  # an item's place in the list must stay
            for plain in (_plain(inner, (*path, index), faults) for index, inner in enumerate(value))
        ]
    with suppress(Exception):  # the attributes of somebody's object may raise anything
        value = _scalar(value)
    if isinstance(value, str) and not _is_text(value):
        faults.append(_diagnostic("TFI333", path, "holds half a character", "write text that UTF-8 can hold"))
    elif isinstance(value, int) and abs(value) >= _LARGEST:
        faults.append(_diagnostic("TFI332", path, "is a number of more than 300 digits", "write a smaller one"))
    elif value is None or isinstance(value, (str, int, float)):
        return value
    else:
        faults.append(_fault(value, path))
    return _NO_VALUE


def _mapping(value: Mapping[Any, Any], path: KeyPath, faults: list[Diagnostic]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, inner in value.items():
        name = _plain(key, (*path, "…"), faults) if not isinstance(key, str) else str(key)
        if name is _NO_VALUE or not _is_text(name := str(name)):
            continue
        plain = _plain(inner, (*path, name), faults)
        if plain is not _NO_VALUE:
            read[name] = plain
    return read


def _scalar(value: Any) -> Any:
    """A path, a number or a text of any library as the built-in type; anything else as it is."""
    if value is None or type(value) in (str, bool, int, float):
        return value
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)) and not isinstance(value, Real):
        return value.item()
    return next((plain(value) for kind, plain in _PLAIN if isinstance(value, kind)), value)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fault(value: Any, path: KeyPath) -> Diagnostic:
    return _diagnostic("TFI332", path, f"is {_kind(value)}, not a value", _way_out(value, path))


def _diagnostic(code: str, path: KeyPath, what: str, hint: str) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, f"'{dotted(path)}' {what}", dotted(path), None, hint)


def _kind(value: Any) -> str:
    """What a person calls it. Its own `repr` may hold a secret, and is never asked for."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return "a list of objects"
    return f"an object of type {type(value).__name__}"


def _way_out(value: Any, path: KeyPath) -> str:
    made = next((f"write {what}" for fits, what in _MADE if fits(value)), None)
    if made is not None:
        return made
    if path[0] == "script_params" and len(path) > 1:
        name = fitting_input(str(path[1])) or "data"
        data = f"inputs={{'{name}': {{'path': './data'}}}} and '${{TFINFRA_INPUT_{name.upper()}}}' here"
        return f"write text or a number; for data, write {data}"
    if len(path) == 1 and path[0] in _PATHS:
        return "write a path as text: 'train.py'" if path[0] == "entry_script" else "write a path as text"
    own = _INSTEAD.get(str(path[0])) if path[0] != "compute_target" or len(path) == 1 else None
    return own or "write text, a number, True or False"


def _described(value: Any) -> Any:
    """What a refused object says of itself: its type, and the counts that another argument takes here."""
    counts = {name: count for name in _COUNTS if isinstance(count := getattr(value, name, None), int)}
    return {"type": value.__name__ if isinstance(value, type) else type(value).__name__, **counts}


def _collect_texts(value: Any, path: KeyPath, texts: dict[KeyPath, str]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _collect_texts(inner, (*path, key), texts)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _collect_texts(inner, (*path, index), texts)
    else:
        texts[path] = str(value)
