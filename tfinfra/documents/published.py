"""The JSON Schema (draft 2020-12) of each document, out of schemas/: a file per document, named as it is, and in
shared/ the parts that several have, by name. A document that has all keys of another `extends` it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tfinfra.documents.heading import VERSIONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FOLDER = Path(__file__).parent / "schemas"
_SHARED = _FOLDER / "shared"
_REFERENCE = "#/$defs/"
_RULE = "Keys may be added within a version; none goes and none changes its meaning."


@cache
def schema(document: str) -> dict[str, Any]:
    """The schema of a document. Raises KeyError for a name that none has."""
    version = VERSIONS[document]
    own = _own(document)
    heading = {
        "document": {"description": "which document this is", "const": document},
        "version": {"description": "its version", "const": version},
    }
    parts = _parts()
    return {
        "$schema": DIALECT,
        "$id": f"urn:tfinfra:document:{document}:{version}",
        "title": own["title"],
        "description": f"{own['description']} {_RULE}",
        "type": "object",
        "properties": {**heading, **own["properties"]},
        "required": [*heading, *own["required"]],
        "$defs": {name: parts[name] for name in sorted(_used(own, parts))},
    }


def titles() -> dict[str, str]:
    """{document: what it is, in a few words}."""
    return {name: _own(name)["title"] for name in VERSIONS}


def _own(document: str) -> dict[str, Any]:
    """The document's file, with what it extends."""
    (file,) = (file for file in _FOLDER.rglob(f"{document}.json") if file.parent != _SHARED)
    own: dict[str, Any] = _read(file)
    if (name := own.get("extends")) is not None:
        base = _own(name) if name in VERSIONS else _parts()[name]
        own["properties"] = {**base["properties"], **own["properties"]}
        own["required"] = [*base["required"], *own["required"]]
    return own


@cache
def _parts() -> dict[str, Any]:
    return {name: part for file in sorted(_SHARED.iterdir()) for name, part in _read(file).items()}


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _used(value: Any, parts: dict[str, Any]) -> set[str]:
    """The names of all parts that `value` refers to, and of those that they do."""
    found: set[str] = set()
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).removeprefix(_REFERENCE)
            if name and name not in found:
                found.add(name)
                left.append(parts[name])
            left += one.values()
        elif isinstance(one, list):
            left += one
    return found
