"""The values as JSON, and back. What comes back may be anybody's: a node's, another version's, half a file's. So every
value is held against its annotation, and what does not fit is refused with its place."""

from __future__ import annotations

import json
import math
import types
import typing
from collections import Counter
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, NoReturn, TypeVar

from tfinfra.model.shapes import Shape, one_of

T = TypeVar("T")
MOST = 1 << 20
"""Bytes of a record, unless its reader says otherwise."""
_DIGITS = 18
_FARTHEST = 1e15


class Unfit(ValueError):
    """What is no record of its kind, with the reason as a sentence's rest: "exit_status is text, not a number"."""


def to_json(value: Any) -> Any:
    """`value` as JSON's own types: dataclasses become objects in field order, tuples arrays, enums their values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, dict):
        return {k: to_json(v) for k, v in value.items()}
    return value.value if isinstance(value, Enum) else value


def from_json(kind: type[T], data: Any) -> T:
    """The `kind` that `to_json` made `data` from. Fields that `kind` does not know are a newer version's, and ignored.
    Raises Unfit where it is not one: a field is missing, or is of another type, shape or range than its annotation."""
    decode = _decoder(typing.cast(Any, kind))
    return typing.cast(T, decode(data, ""))


def parse(data: bytes, most: int = MOST) -> Any:
    """The JSON in `data`, stricter than the standard library: UTF-8 only, no name twice, no NaN or Infinity, no number
    that is none elsewhere. Half of a surrogate pair, which no terminal and no file takes, becomes "?". Raises Unfit."""
    if len(data) > most:
        _refuse("", f"is larger than {most} bytes")
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_whole, parse_float=_fraction
        )
        return _whole_text(value) if "\\ud" in text.lower() else value
    except Unfit:
        raise
    except UnicodeDecodeError:
        _refuse("", "is not UTF-8")
    except RecursionError:
        _refuse("", "is nested too deeply")
    except ValueError as error:
        at = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        _refuse("", f"is not JSON{at}" if data.strip() else "is empty")


def decode(kind: type[T], data: bytes, most: int = MOST) -> T:
    """The `kind` that is written in `data`. Raises Unfit."""
    return from_json(kind, parse(data, most))


# What the standard library would take


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)  # of the first that is twice; a stranger may send millions of names
        _refuse("", f"has {_shown(next(name for name in times if times[name] > 1))} twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    _refuse("", f"has the number {name}")


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        _refuse("", f"has a number of {len(digits)} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse("", f"has the number {_shown(digits)}")
    return number


def _whole_text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_whole_text(v) for v in value]
    if isinstance(value, dict):
        return {_whole_text(k): _whole_text(v) for k, v in value.items()}
    return value


# One decoder for each annotation


Decoder = Callable[[Any, str], Any]
"""Takes JSON and its place ("nodes[1].address", "" for all of it); gives the value or raises Unfit."""


@cache
def _decoder(kind: Any) -> Decoder:
    """What turns JSON into `kind`, made once for each: looking at annotations takes most of the time."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is None:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return _enum_decoder(kind, [one_of(*(member.value for member in kind))])
        is_object = is_dataclass(kind) and isinstance(kind, type)
        return _dataclass_decoder(kind) if is_object else _PLAIN[kind]
    if origin is typing.Annotated:
        shapes = [each for each in args[1:] if isinstance(each, Shape)]
        if isinstance(args[0], type) and issubclass(args[0], Enum):
            return _enum_decoder(args[0], shapes)
        return _shaped(_decoder(args[0]), shapes)
    if origin in (typing.Union, types.UnionType):
        given = [each for each in args if each is not type(None)]
        inner = _decoder(given[0]) if len(given) == 1 else _any_decoder(given)
        return lambda data, place: None if data is None and len(given) < len(args) else inner(data, place)
    return _list_decoder(_decoder(args[0])) if origin is tuple else _dict_decoder(_decoder(args[1]))


def _dataclass_decoder(kind: type) -> Decoder:
    hints = typing.get_type_hints(kind, include_extras=True)
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    known = [(f.name, _decoder(hints[f.name])) for f in fields(kind)]

    def decoded(data: Any, place: str) -> Any:
        if not isinstance(data, dict):
            _refuse(place, f"is {_kind_of(data)}, not an object")
        for name in needed:
            if name not in data:
                _refuse(_below(place, name), "is missing")
        return kind(**{name: decode(data[name], _below(place, name)) for name, decode in known if name in data})

    return decoded


def _list_decoder(item: Decoder) -> Decoder:
    def decoded(data: Any, place: str) -> Any:
        if not isinstance(data, list):
            _refuse(place, f"is {_kind_of(data)}, not a list")
        return tuple(item(each, f"{place}[{index}]") for index, each in enumerate(data))

    return decoded


def _dict_decoder(value: Decoder) -> Decoder:
    def decoded(data: Any, place: str) -> Any:
        if not isinstance(data, dict):
            _refuse(place, f"is {_kind_of(data)}, not an object")
        return {_text(name, place): value(each, _below(place, _shown(name))) for name, each in data.items()}

    return decoded


def _enum_decoder(kind: type[Enum], shapes: list[Shape]) -> Decoder:
    """`shapes` leave no text but the values of members."""
    text = _shaped(_text, shapes)
    return lambda data, place: kind(text(data, place))


def _any_decoder(kinds: list[Any]) -> Decoder:
    """`kinds` are JSON's own: text, numbers, true and false."""
    by_type = {kind: _decoder(kind) for kind in kinds}
    words = dict.fromkeys(_kind_of(kind()) for kind in kinds)

    def decoded(data: Any, place: str) -> Any:
        if type(data) not in by_type:
            _refuse(place, f"is {_kind_of(data)}, not one of {', '.join(words)}")
        return by_type[type(data)](data, place)

    return decoded


def _shaped(inner: Decoder, shapes: list[Shape]) -> Decoder:
    def decoded(data: Any, place: str) -> Any:
        value = inner(data, place)
        for shape in shapes:
            if not shape.fits(value):
                _refuse(place, f"is {_shown(value)}, not {shape.words}")
        return value

    return decoded


def _text(data: Any, place: str) -> str:
    if not isinstance(data, str):
        _refuse(place, f"is {_kind_of(data)}, not text")
    if "\0" in data:
        _refuse(place, "holds a NUL character")
    return data


def _exactly(kind: type, words: str) -> Decoder:
    def decoded(data: Any, place: str) -> Any:
        if type(data) is not kind:  # bool is an int
            _refuse(place, f"is {_kind_of(data)}, not {words}")
        return data

    return decoded


def _float(data: Any, place: str) -> float:
    if type(data) not in (int, float):
        _refuse(place, f"is {_kind_of(data)}, not a number")
    if not abs(data) <= _FARTHEST:
        _refuse(place, f"is {_shown(data)}, which is out of range")
    return typing.cast(float, data)  # an int stays one, and is written again as it was


_PLAIN: dict[Any, Decoder] = {
    str: _text,
    bool: _exactly(bool, "true or false"),
    int: _exactly(int, "a whole number"),
    float: _float,
    Any: lambda data, _: data,
}


def _refuse(place: str, what: str) -> NoReturn:
    raise Unfit(f"{place or 'it'} {what}")


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _shown(value: Any) -> str:
    """A stranger's value, short and harmless."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind_of(data: Any) -> str:
    if data is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return names.get(type(data), type(data).__name__)
