"""Values of a page in which every text is the same, and a page as a browser reads it."""

from __future__ import annotations

import types
from dataclasses import dataclass, field, fields, is_dataclass
from html.parser import HTMLParser
from typing import Any, Union, get_args, get_origin, get_type_hints

VOID = {"meta", "input", "rect", "path"}


def filled(kind: Any, text: str) -> Any:
    """A value of the type, `text` wherever it has a text, and two of everything that it has several of."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{each.name: filled(hints[each.name], text) for each in fields(kind)})
    if origin is tuple:
        return (filled(inner[0], text), filled(inner[0], text))
    if origin is dict:
        return {filled(inner[0], text): filled(inner[1], text)}
    if origin is frozenset:
        return frozenset({filled(inner[0], text)})
    if origin in (Union, types.UnionType):
        return filled(inner[0], text)
    return {str: text, int: 3, float: 2.5, bool: True}[kind]


@dataclass
class Read(HTMLParser):
    """What a browser finds in a page: elements with their attributes, the text, and the texts of style and script."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    sources: dict[str, list[str]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.sources.setdefault(self.open[-1], []).append(data)
        else:
            self.text.append(data)


def read(page: str) -> Read:
    """The page; fails where an element is not closed as it was opened."""
    found = Read()
    found.feed(page)
    found.close()
    assert found.open == []
    return found
