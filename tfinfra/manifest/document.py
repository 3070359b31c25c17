"""A document as plain data, with the position of every key and value beside it: what the reader returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfinfra.errors import Diagnostic, Position, Severity

KeyPath = tuple["str | int", ...]


@dataclass(frozen=True)
class Document:
    """`data` is a mapping of plain values; `keys` and `values` have the position of each key and value, by its path;
    `texts` holds scalars as written. A document made from Python arguments has data and texts only; `faults` say what
    among them is no value at all. `wrong` are the places whose shape is wrong, of a list or a mapping those in it: who
    reads the rest leaves them out. `merged` are the keys that stand in another mapping, each with the `<<` that brings
    it."""

    file: str
    data: Mapping[str, Any]
    keys: Mapping[KeyPath, Position] = field(default_factory=dict)
    values: Mapping[KeyPath, Position] = field(default_factory=dict)
    texts: Mapping[KeyPath, str] = field(default_factory=dict)
    faults: tuple[Diagnostic, ...] = ()
    wrong: frozenset[KeyPath] = frozenset()
    merged: Mapping[KeyPath, Position] = field(default_factory=dict)

    def key(self, path: KeyPath) -> Position | None:
        """The position of the key at `path`; of a list's items, which have no key, that of the value."""
        return self.keys.get(path) or self.values.get(path)

    def value(self, path: KeyPath) -> Position | None:
        """The position of the value at `path`."""
        return self.values.get(path) or self.keys.get(path)

    def text(self, path: KeyPath) -> str:
        """The scalar at `path` as written."""
        return self.texts[path]

    def items(self, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
        """The items of the list at `path`, each with its own path; nothing of what is no list."""
        value: Any = self.data
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        for index in range(len(value) if isinstance(value, (list, tuple)) else 0):
            place = (*path, index)
            if path not in self.wrong and place not in self.wrong:
                yield place, self.texts[place]

    def has(self, key: str) -> bool:
        """Whether the top-level `key` has a value; null means its default."""
        return self.data.get(key) is not None

    def line(self, path: KeyPath) -> str:
        """ " (line 7)" for a message that names another key, "" where there are no lines."""
        position = self.key(path)
        return f" (line {position.line})" if position else ""


def dotted(path: KeyPath) -> str:
    """The path as messages write it: "limits.keep_outputs", "pip_packages[2]"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def error_at(
    document: Document,
    code: str,
    path: KeyPath,
    message: str,
    hint: str | None = None,
    *,
    at: str = "value",
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic on the key or the value (`at`) at `path`."""
    position = document.key(path) if at == "key" else document.value(path)
    return Diagnostic(code, severity, message, dotted(path), position, hint)
