"""ARM's types, read from data/azure_types.json, which `python -m tools.azure_types` makes from Azure/bicep-types-az.

The file has one property a line, and a notation of its own for what a property is:

    "tags": "ResourceTags"                          an object of that name, which stands in the file too
    "name": "required constant string"              flags come first: FLAGS
    "zones": "string[]"                             an array
    "tier": "'Premium' | 'Standard' | string"       one of these: literals have quotes
    "days": "integer {\"minValue\": 1}"             limits come last, as JSON
    "*": "string"                                   what further properties of the object are
    "?kind": {"a": "A", "b": "B"}                   the object also has the properties of that which its "kind" names

A name with @ is that of a type which is not as in the resource before, or of a resource's body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

FLAGS = {"required": 1, "read-only": 2, "write-only": 4, "constant": 8, "identifier": 16}
SCOPES = {"tenant": 1, "management-group": 2, "subscription": 4, "resource-group": 8, "extension": 16}
SCALARS = {"string": "s", "integer": "i", "boolean": "b", "any": "any"}

Type = Mapping[str, Any]
"""t is the kind: one of SCALARS; l, a literal, with its value v; a, an array, with its items' type i; u, a union, with
its elements e; o, an object, with p, {property: (what it is, flags)}, and perhaps a, what further properties are; d, an
object that also has its discriminator's name k and its variants e. Limits stand beside them, as in the file."""


@cache
def document() -> dict[str, Any]:
    """The file: where it is from; resources, {"<type>@<API version>": the scopes that it may be in}; types."""
    read: dict[str, Any] = json.loads(files("tfinfra.arm").joinpath("data/azure_types.json").read_bytes())
    return read


@cache
def resources() -> dict[str, str]:
    """{"<type>@<API version>" in lower case: the same as ARM spells it, which is what the body's type is called}."""
    return {name.lower(): name for name in document()["resources"]}


def body_of(resource: str) -> str | None:
    """The type of the body of "<type>@<API version>", in any case; None for one that is not in the file."""
    return resources().get(resource.lower())


@cache
def described(written: str) -> Type:
    """The type that a property is, `written` as in the file. Raises KeyError for one that is not in the file."""
    return describe(written, document()["types"])


def describe(written: str, objects: Mapping[str, Mapping[str, Any]]) -> Type:
    """As `described`, for a file with other objects."""
    if written in objects:
        return _object(objects[written])
    text, limited, rest = written.partition(" {")
    limits = json.loads("{" + rest) if limited else {}
    if text.startswith("(") and text.endswith(")[]"):
        return {"t": "a", "i": text[1:-3], **limits}
    if " | " in text:
        return {"t": "u", "e": text.split(" | ")}
    if text.endswith("[]"):
        return {"t": "a", "i": text[:-2], **limits}
    if text.startswith("'"):
        return {"t": "l", "v": text[1:-1]}
    return {"t": SCALARS[text], **limits}


def _object(written: Mapping[str, Any]) -> Type:
    properties = {name: flagged(value) for name, value in written.items() if name != "*" and name[0] != "?"}
    read: dict[str, Any] = {"t": "o", "p": properties}
    if "*" in written:
        read["a"] = written["*"]
    for name, variants in written.items():
        if name[0] == "?":
            read |= {"t": "d", "k": name[1:], "e": variants}
    return read


def flagged(written: str) -> tuple[str, int]:
    """(what the property is, its flags as a number) of a line of the file."""
    flags = 0
    word, _, rest = written.partition(" ")
    while word in FLAGS:
        flags, written = flags | FLAGS[word], rest
        word, _, rest = written.partition(" ")
    return written, flags
