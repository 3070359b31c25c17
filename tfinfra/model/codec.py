"""The values as JSON, and back."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """`value` as JSON's own types: dataclasses become objects in field order, tuples arrays."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, dict):
        return {k: to_json(v) for k, v in value.items()}
    return value


def from_json(kind: type[T], data: Any) -> T:
    """The `kind` that `to_json` made `data` from. Raises KeyError or TypeError where it is not one."""
    decode = _decoder(typing.cast(Any, kind))
    return typing.cast(T, decode(data))


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """What turns JSON into `kind`, made once for each: looking at annotations takes most of the time."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_decoder(kind)
    if origin in (typing.Union, types.UnionType):
        inner = _decoder(next(a for a in args if a is not type(None)))
        return inner if inner is _as_it_is else lambda data: None if data is None else inner(data)
    if origin is tuple:
        item = _decoder(args[0])
        return lambda data: tuple(map(item, data))
    if origin is dict:
        value = _decoder(args[1])
        return lambda data: {k: value(v) for k, v in data.items()}
    return _as_it_is


def _dataclass_decoder(kind: type) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    decoders = {f.name: _decoder(hints[f.name]) for f in fields(kind)}
    return lambda data: kind(**{name: decode(data[name]) for name, decode in decoders.items() if name in data})


def _as_it_is(data: Any) -> Any:
    return data
