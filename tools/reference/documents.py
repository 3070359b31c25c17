"""The page of JSON documents, out of their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfinfra.documents.heading import VERSIONS
from tfinfra.documents.published import schema, titles
from tools.reference.markdown import items, page, paragraph

_REFERENCE = "#/$defs/"


def json_page() -> str:
    intro = (
        "Every document that a verb prints with `--json`, with its keys. `tfinfra schema --of NAME` prints the JSON"
        " Schema. A key with (?) may be absent."
    )
    link = "[JSON documents](../json.md) says what may change within a version."
    parts = {name: part for document in VERSIONS for name, part in schema(document)["$defs"].items()}
    return page(
        "JSON documents",
        intro,
        [
            link,
            *map(_document, VERSIONS),
            "## Parts that several have",
            *(
                f"### {name}\n\n{paragraph(parts[name]['description'])}\n\n{_keys(parts[name])}"
                for name in sorted(parts)
            ),
        ],
    )


def _document(name: str) -> str:
    own = schema(name)
    said = own["description"].removesuffix(_RULE).strip()
    return f"## {name}\n\n{paragraph(f'{titles()[name]}, version {VERSIONS[name]}. {said}')}\n\n{_keys(own)}"


_RULE = "Keys may be added within a version; none goes and none changes its meaning."


def _keys(part: Mapping[str, Any]) -> str:
    required = part.get("required", ())
    return items(
        (f"`{key}`{'' if key in required else ' (?)'}", f"{value['description']} ({_type(value)})")
        for key, value in part.get("properties", {}).items()
    )


def _type(value: Mapping[str, Any]) -> str:
    """ "list of node", "text or null", "one of `a`, `b`"."""
    if "$ref" in value:
        return str(value["$ref"].removeprefix(_REFERENCE))
    if "anyOf" in value:
        return " or ".join(_type(each) for each in value["anyOf"])
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return f"one of {', '.join(f'`{each}`' for each in value['enum'])}"
    kinds = value.get("type", "anything")
    return " or ".join(_plain(kind, value) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _plain(kind: str, value: Mapping[str, Any]) -> str:
    if kind == "array" and "items" in value:
        return f"list of {_type(value['items'])}"
    if kind == "string" and value.get("format") == "date-time":
        return "moment"
    return _NAMES.get(kind, kind)


_NAMES = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list"}
