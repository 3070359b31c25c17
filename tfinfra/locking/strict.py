"""A part of a document → a frozen value, or everything that is wrong with it, each fault at its line. Unlike a record's
reader it takes no key that the value does not have: what nobody reads could say anything."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import Document, KeyPath, dotted, error_at
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.model import Unfit, from_json

CODE = "TFI900"
_WAY_OUT = "`tfinfra lock` writes it anew"


@dataclass
class StrictReader:
    """Reads values out of `document`; `found` has what is wrong so far, and a value that is wrong is None."""

    document: Document
    found: list[Diagnostic] = field(default_factory=list)

    def value(self, kind: Any, path: KeyPath) -> Any:
        """The value of this annotation at `path`, which is there."""
        data = _at(self.document.data, path)
        if is_dataclass(kind):
            return self._object(kind, data, path)
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            inner = next(each for each in args if each is not type(None))
            return None if data is None else self.value(inner, path)
        if origin is tuple and isinstance(data, list) and is_dataclass(args[0]):
            return tuple(self.value(args[0], (*path, index)) for index in range(len(data)))
        if origin is dict and isinstance(data, Mapping):
            return {name: self.value(args[1], (*path, name)) for name in data}
        return self._leaf(kind, data, path)

    def _object(self, kind: Any, data: Any, path: KeyPath) -> Any:
        if not isinstance(data, Mapping):
            self._say(path, f"'{dotted(path)}' is no mapping")
            return None
        known = _shape(kind)
        before = len(self.found)
        for key in data:
            if key not in known:
                near = nearest(key, known)
                self._say((*path, key), f"unknown key '{dotted((*path, key))}'", did_you_mean(near) if near else None)
        values = {}
        for name, (annotation, needed) in known.items():
            if name in data:
                values[name] = self.value(annotation, (*path, name))
            elif needed:
                self._say(path, f"'{dotted((*path, name))}' is missing")
        return kind(**values) if len(self.found) == before else None

    def _leaf(self, kind: Any, data: Any, path: KeyPath) -> Any:
        try:
            return from_json(kind, data)
        except Unfit as why:
            self._say(path, f"'{dotted(path)}' {str(why).removeprefix('it ')}")
            return None

    def _say(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        self.found.append(error_at(self.document, CODE, path, message, hint or _WAY_OUT, at="key"))


@cache
def _shape(kind: type) -> Mapping[str, tuple[Any, bool]]:
    """{name: (its annotation, whether it must be there)}."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {one.name: (hints[one.name], _is_needed(one)) for one in fields(typing.cast(Any, kind))}


def _is_needed(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data
