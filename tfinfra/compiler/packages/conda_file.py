"""A conda environment file (environment.yml) as far as tfinfra uses it: channels, conda specs, pip's lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tfinfra.compiler.packages.requirements_file import FileLine, read_lines
from tfinfra.environment.requirements.requirement import RefusedRequirement, read_requirement
from tfinfra.errors import Diagnostic, ManifestError, Severity
from tfinfra.manifest.document import Document, KeyPath, error_at
from tfinfra.manifest.reading.reader import read_document

_IGNORED = {"name"}
_UNREAD = {"prefix", "platforms"}
_INSTEAD = {
    "prefix": "remove it: tfinfra decides where the environment is",
    "variables": "write them in environment_variables of the manifest",
    "platforms": "remove it: the platform is that of the nodes",
}
_FORM = "write `dependencies:` with specs such as `- pandas=2.1`, and at most one `- pip:` with a list of its own"
_NO_ITEM = "this is neither a conda spec nor a `pip:` list"
_EXPORT = "write `conda env export --from-history > environment.yml`, and name that file"
_EXPORTED = re.compile(r"^[A-Za-z0-9_.-]+=[^=\s]+=[\w.]+\s*$", re.MULTILINE)
_OWN_WORDS = {
    "TFI102": ("", "an environment file is a page of text"),
    "TFI107": ("", "an environment file is one document: remove what begins at this '---'"),
    "TFI109": ("", "write the packages as a plain list below `dependencies:`"),
    "TFI110": ("the conda environment file holds nothing", _FORM),
}
"""{code of the reader of manifests: (message, "" where its own is right; hint)}."""
Entry = tuple[KeyPath, str]


@dataclass(frozen=True)
class CondaFile:
    """What the file asks for, each with its path in `document`; `faults` are what it says that cannot be done."""

    document: Document
    channels: tuple[str, ...] = ()
    specs: tuple[Entry, ...] = ()
    pip: tuple[Entry, ...] = ()
    faults: tuple[Diagnostic, ...] = field(default=())


@lru_cache(maxsize=8)
def read_conda_file(text: str, file: str) -> CondaFile:
    """The file's content. Never raises: the result's faults say what is wrong."""
    try:
        document, faults = read_document(text.encode(), file)
    except ManifestError as error:
        return CondaFile(Document(file, {}), faults=tuple(_in_own_words(fault, text) for fault in error.diagnostics))
    faults += tuple(_meaningless(document))
    dependencies, channels = document.data.get("dependencies"), document.data.get("channels") or ()
    if not isinstance(dependencies, list):
        message = f"'{file}' is no conda environment file: 'dependencies' is no list"
        path: KeyPath = ("dependencies",) if "dependencies" in document.data else next(iter(document.keys), ())
        return CondaFile(document, faults=(*faults, error_at(document, "TFI702", path, message, _FORM, at="key")))
    listed = channels if isinstance(channels, (list, tuple)) else (channels,)
    if not all(isinstance(one, str) for one in listed):
        hint = "write `channels:` with a list of names or URLs"
        faults += (error_at(document, "TFI702", ("channels",), "a channel is a name or a URL", hint),)
    items = list(_entries(document, dependencies))
    return CondaFile(
        document,
        channels=tuple(one for one in listed if isinstance(one, str)),
        specs=tuple((path, text) for kind, path, text in items if kind == "conda"),
        pip=tuple((path, text) for kind, path, text in items if kind == "pip"),
        faults=(*faults, *(error_at(document, "TFI702", path, _NO_ITEM, _FORM) for kind, path, _ in items if not kind)),
    )


def _meaningless(document: Document) -> Iterator[Diagnostic]:
    """Keys that are not used: a notice for those that conda itself writes and does not read."""
    for key in (key for key in document.data if key not in {"channels", "dependencies", *_IGNORED}):
        severity = Severity.NOTICE if key in _UNREAD else Severity.ERROR
        message = f"'{key}' of a conda environment file means nothing here"
        hint = _INSTEAD.get(key, "remove it")
        yield error_at(document, "TFI703", (key,), message, hint, at="key", severity=severity)


def _in_own_words(fault: Diagnostic, text: str) -> Diagnostic:
    """The YAML reader speaks of manifests: what it says of this file instead."""
    if re.search(r"^@EXPLICIT\s*$", text, re.MULTILINE) or _EXPORTED.search(text):
        message = "this is a list of packages, as `conda list` exports it, and no environment file"
        return replace(fault, code="TFI702", message=message, hint=_EXPORT)
    lines = read_lines(text)
    if fault.code in ("TFI110", "TFI105") and lines and all(_is_requirement(line) for line in lines):
        message = "this is a list of pip's requirements, and no environment file"
        return replace(fault, code="TFI702", message=message, hint="write pip_requirements_file instead")
    if fault.code == "TFI110" and not fault.message.startswith("the file holds no keys"):
        return replace(fault, code="TFI702", message=f"{fault.message}: 'dependencies' is missing", hint=_FORM)
    message, hint = _OWN_WORDS.get(fault.code, (fault.message, fault.hint or ""))
    return replace(fault, message=message or fault.message, hint=hint)


def _is_requirement(line: FileLine) -> bool:
    try:
        return not line.requirement or bool(read_requirement(line.requirement, ()).name)
    except RefusedRequirement:
        return False


def _entries(document: Document, dependencies: list[Any]) -> Iterator[tuple[str, KeyPath, str]]:
    """("conda" or "pip", path, text) of each entry of `dependencies`; "" for one that is neither."""
    for index, item in enumerate(dependencies):
        path: KeyPath = ("dependencies", index)
        if isinstance(item, str):
            yield "conda", path, document.text(path)
        elif isinstance(item, Mapping) and set(item) == {"pip"} and isinstance(item["pip"], list):
            for number, line in enumerate(item["pip"]):
                inner: KeyPath = (*path, "pip", number)
                yield ("pip", inner, document.text(inner)) if isinstance(line, str) else ("", inner, "")
        else:
            yield "", path, ""
