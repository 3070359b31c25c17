"""The data of ARM's types: what the file says, its notation, and how it is made from what is published."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from typing import Any

import pytest

from tfinfra.arm.azure_types import SCOPES, Type, describe, described, document
from tfinfra.arm.body_shapes import body_type
from tfinfra.arm.kinds import kind_of
from tfinfra.azure.rights.caller_role import stack_tokens
from tfinfra.system.resources import resource_folder
from tools.azure_types import TARGET, CannotWrite, Checkout, made

# Of what Azure/bicep-types-az has published at the commit that the file names, as far as it is in the file: computed by
# the function below, which knows nothing of names.
SAID = "9dfc8ab738863f6f3a252761aeabd1d88b0fb68e4326aa63b25783e1d08c043d"


def test_the_file_says_what_was_published_whatever_its_types_are_called() -> None:
    assert _said() == SAID


def test_the_file_has_one_property_a_line_in_a_stable_order() -> None:
    text, data = TARGET.read_text("utf-8"), document()
    assert text == json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    assert list(data["resources"]) == sorted(data["resources"])
    assert list(data["types"]) == sorted(data["types"])


def test_all_that_the_stacks_make_is_in_the_file() -> None:
    kinds = [kind_of(f"azure-native:{token}") for token in stack_tokens(resource_folder("stacks"))]
    assert len(kinds) > 15
    assert [kind.arm_type for kind in kinds if body_type(kind.arm_type, kind.api_version) is None] == []


NOTATION: dict[str, tuple[str, Type]] = {
    "a scalar": ("string", {"t": "s"}),
    "a scalar with limits": ('integer {"minValue": 1}', {"t": "i", "minValue": 1}),
    "a pattern with all that the notation uses": (
        'string {"pattern": "^(a | b)[] {\'c\'}$"}',
        {"t": "s", "pattern": "^(a | b)[] {'c'}$"},
    ),
    "a literal": ("'Microsoft.X/y, z'", {"t": "l", "v": "Microsoft.X/y, z"}),
    "one of several": ("'a' | 'b' | string", {"t": "u", "e": ["'a'", "'b'", "string"]}),
    "an array": ("Node[]", {"t": "a", "i": "Node"}),
    "an array with limits": ('string[] {"maxLength": 64}', {"t": "a", "i": "string", "maxLength": 64}),
    "an array of one of several": ("('a' | string)[]", {"t": "a", "i": "'a' | string"}),
    "an object": ("Node", {"t": "o", "p": {"name": ("string", 9), "next": ("Node", 0)}}),
    "an object with other properties": ("Tags", {"t": "o", "p": {}, "a": "string"}),
    "an object of variants": ("Disk", {"t": "d", "p": {"size": ("integer", 2)}, "k": "kind", "e": {"a": "Node"}}),
}
OBJECTS: dict[str, dict[str, Any]] = {
    "Node": {"name": "required constant string", "next": "Node"},
    "Tags": {"*": "string"},
    "Disk": {"size": "read-only integer", "?kind": {"a": "Node"}},
}


@pytest.mark.parametrize("sentence", NOTATION)
def test_the_notation(sentence: str) -> None:
    written, expected = NOTATION[sentence]
    assert describe(written, OBJECTS) == expected


def test_a_type_that_the_file_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        described("Nodes")


def _type(kind: str, **more: Any) -> dict[str, Any]:
    return {"$type": f"{kind}Type", **more}


def _refers(**properties: tuple[int, int]) -> dict[str, Any]:
    return {name: {"type": {"$ref": f"#/{ref}"}, "flags": flags} for name, (ref, flags) in properties.items()}


def _published(version: str, *, newer: bool) -> list[dict[str, Any]]:
    """A file as others publish it: a resource with a list of nodes, which may have nodes themselves."""
    return [
        _type("String"),
        _type("StringLiteral", value=version),
        _type(
            "Object", name="Microsoft.Example/trees", properties=_refers(apiVersion=(1, 10), nodes=(5, 1), tags=(7, 0))
        ),
        _type(
            "Object", name="Node", properties=_refers(nodes=(5, 0), kind=(6, 0), **({"new": (0, 0)} if newer else {}))
        ),
        _type("StringLiteral", value="Leaf"),
        _type("Array", itemType={"$ref": "#/3"}, minLength=1),
        _type("Union", elements=[{"$ref": "#/4"}, {"$ref": "#/0"}]),
        _type("Object", name="Tags", properties={}, additionalProperties={"$ref": "#/0"}),
        _type(
            "Resource",
            name=f"Microsoft.Example/trees@{version}",
            body={"$ref": "#/2"},
            readableScopes=8,
            writableScopes=8,
        ),
        _type("Resource", name=f"Microsoft.Example/odd@{version}", body={"$ref": "#/10"}, writableScopes=8),
        _type("Null"),
    ]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("checkout")
    for version, newer in {"2024-01-01": False, "2025-01-01": False, "2026-01-01": True}.items():
        path = folder / "generated/example_1/microsoft.example" / version / "types.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(_published(version, newer=newer)))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # as in a git hook
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    for line in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "types"]):
        subprocess.run(["git", "-C", str(folder), *line], check=True, env=clean)
    return Checkout(folder)


def test_what_is_published_becomes_the_file_and_what_says_the_same_stands_once(checkout: Checkout) -> None:
    versions = ("2024-01-01", "2025-01-01", "2026-01-01")
    content = made(checkout, [f"Microsoft.Example/trees@{version}" for version in reversed(versions)])
    newest = "Node@microsoft.example/2026-01-01"
    node = {"nodes": 'Node[] {"minLength": 1}', "kind": "'Leaf' | string"}
    bodies = {
        f"Microsoft.Example/trees@{version}": {
            "apiVersion": f"read-only constant '{version}'",
            "nodes": f'required {newest if version == "2026-01-01" else "Node"}[] {{"minLength": 1}}',
            "tags": "Tags",
        }
        for version in versions
    }
    assert content["resources"] == dict.fromkeys(bodies, "resource-group")
    assert content["types"] == {
        **bodies,
        "Node": node,
        newest: {**node, "nodes": f'{newest}[] {{"minLength": 1}}', "new": "string"},
        "Tags": {"*": "string"},
    }
    assert list(content["types"]) == sorted(content["types"])
    assert len(content["commit"]) == 40


WITHOUT = {
    "a resource that is not published": ("Microsoft.Example/trees@2023-01-01", "is not published"),
    "a type that the file has no notation for": ("Microsoft.Example/odd@2024-01-01", "has a NullType"),
}


@pytest.mark.parametrize("sentence", WITHOUT)
def test_what_cannot_be_had_is_said(sentence: str, checkout: Checkout) -> None:
    name, words = WITHOUT[sentence]
    with pytest.raises(CannotWrite, match=words):
        made(checkout, [name])


def _said() -> str:
    """A digest of all that the types of the file say, but for their names and the order of their properties."""
    types: dict[str, Type] = {}
    wanted = list(document()["resources"])
    while wanted:
        written = wanted.pop()
        if written not in types:
            types[written] = described(written)
            wanted += _parts(types[written])
    digests = {written: _digest(_own(type_)) for written, type_ in types.items()}
    kinds = 0
    while kinds < (kinds := len(set(digests.values()))):
        digests = {
            written: _digest([digests[written], [digests[part] for part in _parts(type_)]])
            for written, type_ in types.items()
        }
    scopes = {name: sum(SCOPES[word] for word in words.split()) for name, words in document()["resources"].items()}
    return _digest([[name, digests[name], bits] for name, bits in sorted(scopes.items())])


def _own(type_: Type) -> list[Any]:
    limits = {name: value for name, value in type_.items() if name not in ("p", "e", "i", "a")}
    return [limits, sorted([name, flags] for name, (_, flags) in type_.get("p", {}).items()), "a" in type_]


def _parts(type_: Type) -> list[str]:
    properties = [type_["p"][name][0] for name in sorted(type_.get("p", {}))]
    return [*properties, *type_.get("e", []), *(type_[role] for role in ("i", "a") if role in type_)]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
