"""`python -m tools.azure_types CHECKOUT [TYPE@VERSION …]` makes tfinfra/arm/data/azure_types.json anew, from the types
that CHECKOUT, a git clone of Azure/bicep-types-az, has at its HEAD: of the resources that the file has, and of those
named.

A published file, generated/<folder>/<namespace>/<API version>/types.json, is a list of types that refer to each other
by number. Types that say the same are one here, whichever file they are in; the notation is in
tfinfra/arm/azure_types.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tfinfra.arm.azure_types import FLAGS, SCALARS, SCOPES, document

TARGET = Path(__file__).resolve().parents[1] / "tfinfra/arm/data/azure_types.json"
ORIGIN = {"source": "https://github.com/Azure/bicep-types-az", "license": "MIT, Copyright (c) Microsoft Corporation"}
_SCALARS = {"StringType": "string", "IntegerType": "integer", "BooleanType": "boolean", "AnyType": "any"}
_LIMITS = ("sensitive", "minLength", "maxLength", "minValue", "maxValue", "pattern")

Ref = tuple[str, int]
"""A published type: (its file, its number there)."""


class CannotWrite(ValueError):
    """What was published cannot be had, or be said in the file's notation."""


class Checkout:
    """A clone, read at its HEAD, whatever is checked out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths = [p for p in self._git("ls-tree", "-r", "--name-only", "HEAD", "generated/").split() if p]

    def origin(self) -> dict[str, str]:
        """Where the types are from, and of which commit."""
        commit, date = self._git("show", "-s", "--format=%H %cI", "HEAD").split()
        return {**ORIGIN, "commit": commit, "commit_date": date}

    def candidates(self, namespace: str, version: str) -> Iterator[str]:
        """The files with types of the namespace in the API version."""
        wanted = f"/{namespace}/{version}/types.json".lower()
        return (path for path in self._paths if path.lower().endswith(wanted))

    @cache  # noqa: B019  there is one checkout a process
    def types(self, path: str) -> list[dict[str, Any]]:
        """The published types of a file."""
        published: list[dict[str, Any]] = json.loads(self._git("show", f"HEAD:{path}"))
        return published

    def _git(self, *arguments: str) -> str:
        line = ["git", "-C", str(self._folder), *arguments]
        return subprocess.run(
            line, capture_output=True, text=True, encoding="utf-8", errors="replace", check=True
        ).stdout


def resource(checkout: Checkout, name: str) -> tuple[Ref, int]:
    """(the body, the scopes) of the resource "<type>@<API version>". Raises CannotWrite where it is not published."""
    type_, _, version = name.partition("@")
    for path in checkout.candidates(type_.partition("/")[0], version):
        for entry in checkout.types(path):
            if entry["$type"] == "ResourceType" and entry["name"] == name:
                return (path, _number(entry["body"])), entry["writableScopes"]
    raise CannotWrite(f"{name} is not published")


def _number(reference: Mapping[str, str]) -> int:
    return int(reference["$ref"].removeprefix("#/"))


@dataclass(frozen=True)
class Published:
    """A type with what it refers to: `own` is what it says by itself, `parts` its {role: type}, in order."""

    kind: str
    own: dict[str, Any]
    parts: dict[str, Ref]


def read(checkout: Checkout, ref: Ref) -> Published:
    """The type behind `ref`. Raises CannotWrite for a kind of type that the file has no notation for."""
    path, number = ref
    entry = checkout.types(path)[number]
    kind, limits = entry["$type"], {name: entry[name] for name in _LIMITS if name in entry}

    def there(reference: Mapping[str, str]) -> Ref:
        return path, _number(reference)

    if kind in _SCALARS:
        return Published(kind, limits, {})
    if kind == "StringLiteralType":
        return Published(kind, {"value": entry["value"]}, {})
    if kind == "ArrayType":
        return Published(kind, limits, {"item": there(entry["itemType"])})
    if kind == "UnionType":
        return Published(kind, {}, {str(n): there(member) for n, member in enumerate(entry["elements"])})
    if kind not in ("ObjectType", "DiscriminatedObjectType"):
        raise CannotWrite(f"{path} has a {kind}")
    properties = entry["properties" if kind == "ObjectType" else "baseProperties"]
    parts = {f".{name}": there(value["type"]) for name, value in properties.items()}
    own = {"name": entry["name"], "flags": {name: value["flags"] for name, value in properties.items()}}
    if "additionalProperties" in entry:
        parts["*"] = there(entry["additionalProperties"])
    if kind == "DiscriminatedObjectType":
        own["key"] = entry["discriminator"]
        parts |= {f"={value}": there(variant) for value, variant in entry["elements"].items()}
    return Published(kind, own, parts)


def reachable(checkout: Checkout, bodies: Iterable[Ref]) -> dict[Ref, Published]:
    """All types that the bodies are made of, each body's before those of the next."""
    found: dict[Ref, Published] = {}
    for body in bodies:
        wanted = [body]
        while wanted:
            ref = wanted.pop()
            if ref not in found:
                found[ref] = read(checkout, ref)
                wanted += reversed(found[ref].parts.values())
    return found


def alike(types: Mapping[Ref, Published]) -> dict[Ref, str]:
    """{type: a digest}, the same for types that say the same, as far as one can follow their parts, in any order."""
    digests = {ref: _digest([type_.kind, type_.own]) for ref, type_ in types.items()}
    kinds = 0
    while kinds < (kinds := len(set(digests.values()))):
        digests = {
            ref: _digest([digests[ref], {role: digests[part] for role, part in type_.parts.items()}])
            for ref, type_ in types.items()
        }
    return digests


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class Notation:
    """What each type is called, and how it is written."""

    def __init__(self, types: Mapping[Ref, Published], digests: Mapping[Ref, str], bodies: Mapping[str, Ref]) -> None:
        self._types, self._digests = types, digests
        self._names: dict[str, str] = {digests[ref]: name for name, ref in bodies.items()}
        taken = set(self._names.values()) | set(SCALARS)
        for ref, type_ in types.items():
            if "name" in type_.own and digests[ref] not in self._names:
                name = next(name for name in _candidates(type_.own["name"], ref[0]) if name not in taken)
                self._names[digests[ref]] = name
                taken.add(name)

    def objects(self) -> dict[str, dict[str, Any]]:
        """{name: {property: what it is}} of all objects, by name."""
        written = {self._names[self._digests[ref]]: ref for ref, type_ in self._types.items() if "name" in type_.own}
        return {name: self._object(self._types[ref]) for name, ref in sorted(written.items())}

    def _object(self, type_: Published) -> dict[str, Any]:
        words = {
            name: [word for word, bit in FLAGS.items() if value & bit] for name, value in type_.own["flags"].items()
        }
        lines: dict[str, Any] = {
            name: " ".join([*words[name], self.text(type_.parts[f".{name}"])]) for name in type_.own["flags"]
        }
        if "*" in type_.parts:
            lines["*"] = self.text(type_.parts["*"])
        if "key" in type_.own:
            variants = {role[1:]: self.text(part) for role, part in type_.parts.items() if role[0] == "="}
            lines[f"?{type_.own['key']}"] = variants
        return lines

    def text(self, ref: Ref) -> str:
        """The type as a property's line says it."""
        type_ = self._types[ref]
        if "name" in type_.own:
            return self._names[self._digests[ref]]
        if type_.kind == "StringLiteralType":
            return f"'{type_.own['value']}'"
        if type_.kind == "UnionType":
            return " | ".join(self.text(part) for part in type_.parts.values())
        limits = " " + json.dumps(type_.own) if type_.own else ""
        if type_.kind == "ArrayType":
            item = self.text(type_.parts["item"])
            return (f"({item})[]" if " | " in item else f"{item}[]") + limits
        return _SCALARS[type_.kind] + limits


def _candidates(name: str, path: str) -> Iterator[str]:
    """The published name; where another type has that already, with whose it is; then numbered."""
    _, _, namespace, version, _ = path.split("/")
    yield name
    yield f"{name}@{namespace}/{version}"
    yield from (f"{name}@{namespace}/{version}~{number}" for number in range(2, 1000))


def made(checkout: Checkout, names: Iterable[str]) -> dict[str, Any]:
    """The file's content, with these resources. Raises CannotWrite where one is not published."""
    found = {name: resource(checkout, name) for name in sorted(names)}
    bodies = {name: ref for name, (ref, _) in found.items()}
    types = reachable(checkout, bodies.values())
    scopes = {name: " ".join(word for word, bit in SCOPES.items() if bits & bit) for name, (_, bits) in found.items()}
    objects = Notation(types, alike(types), bodies).objects()
    return {**checkout.origin(), "resources": scopes, "types": objects}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.azure_types", description=f"Makes {TARGET} anew.")
    parser.add_argument("checkout", type=Path, help="a git clone of Azure/bicep-types-az, read at its HEAD")
    parser.add_argument("resource", nargs="*", help="TYPE@VERSION of a resource that the file does not have yet")
    given = parser.parse_args()
    content = made(Checkout(given.checkout), {*document()["resources"], *given.resource})
    TARGET.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
