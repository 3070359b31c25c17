"""Whether two of ARM's documents of a resource say the same. ARM keeps no order of tags and lists, no case of ids,
names and enumerated values, writes "West Europe" as westeurope, and fills in defaults and what is its own to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tfinfra.arm.azure_types import FLAGS
from tfinfra.arm.body_shapes import properties_of, type_of_value
from tfinfra.auditing.live.comparison.defaults import is_default
from tfinfra.auditing.live.comparison.lists import keyed, same_items
from tfinfra.auditing.live.comparison.scalars import same_scalar

Path = tuple[str, ...]
_READ_ONLY = FLAGS["read-only"]
_ADDRESS = frozenset({"id", "name", "type", "apiversion"})
"""Of the resource itself: it was asked for by them."""
_OWN_WORDS = frozenset({"etag", "provisioningstate", "systemdata"})
"""What ARM says of a resource and nobody sets, also where its types do not say that it is read-only."""
_WHICH = frozenset({"principalid", "clientid", "uniqueid", "resourceguid", "creationtime"})
"""Read-only, and never another as long as it is the same resource: one that was made anew has others."""


class Absent(Enum):
    ABSENT = "nothing"


ABSENT = Absent.ABSENT


@dataclass(frozen=True)
class Difference:
    """`path` are the names from the top of the document, items of a list by their own names; `was` or `now` is ABSENT
    where nothing is there. `anew`: the value tells one resource from another of its name."""

    path: Path
    was: Any
    now: Any
    anew: bool = False


def differences(kind: str | None, was: Any, now: Any, *, given_only: bool = False) -> tuple[Difference, ...]:
    """What differs between two documents of the type `kind` (body_of; None where ARM's types are not known).
    `given_only`: `was` is what was asked for, so that whatever more `now` has is ARM's."""
    return tuple(_Comparison(given_only).walk(kind, was, now, ()))


@dataclass(frozen=True)
class _Comparison:
    given_only: bool

    def walk(self, kind: str | None, was: Any, now: Any, path: Path) -> Iterator[Difference]:
        is_free = kind == "any"  # a text of its own language: nothing in it is ARM's to change
        if _is_nothing(was) and (_is_nothing(now) or (now is False and not is_free)):
            return
        if is_default(path, was) and is_default(path, now):
            return
        if self.given_only and _is_nothing(was):
            return
        if isinstance(was, Mapping) or isinstance(now, Mapping):
            yield from self._objects(kind, was, now, path)
        elif isinstance(was, list) or isinstance(now, list):
            yield from self._lists(kind, was, now, path)
        elif not same_scalar(kind, path, was, now):
            yield Difference(path, was, now)

    def _objects(self, kind: str | None, was: Any, now: Any, path: Path) -> Iterator[Difference]:
        before, after = _object(was), _object(now)
        if before is None or after is None:
            yield Difference(path, was, now)
            return
        found = type_of_value(kind, now if after else was)
        is_typed = found.get("t") in ("o", "d")
        own = {n.lower(): entry for n, entry in properties_of(found, after or before).items()} if is_typed else {}
        others = found.get("a") if is_typed else kind if kind == "any" else None
        for key, (name, old, new) in _pairs(before, after).items():
            known = own.get(key.lower())
            written, flags = known or (others, 0)
            if (not path and key.lower() in _ADDRESS) or (others is None and key.lower() in _OWN_WORDS):
                continue
            if flags & _READ_ONLY:
                yield from _which((*path, name), key.lower(), old, new)
            elif known or others is not None or not is_typed:  # else nobody can set it by this API version
                yield from self.walk(written, old, new, (*path, name))

    def _lists(self, kind: str | None, was: Any, now: Any, path: Path) -> Iterator[Difference]:
        before, after = _list(was), _list(now)
        if before is None or after is None:
            yield Difference(path, was, now)
            return
        if kind == "any":
            if len(before) != len(after):
                yield Difference(path, was, now)
                return
            for number, (old, new) in enumerate(zip(before, after, strict=True)):
                yield from self.walk("any", old, new, (*path, str(number)))
            return
        item = type_of_value(kind, before or after).get("i")
        items = keyed(before, after)
        if items is None:
            if not same_items(item, path, before, after):
                yield Difference(path, was, now)
            return
        for name, old, new in items:
            if old is None or new is None:
                yield Difference((*path, name), ABSENT if old is None else old, ABSENT if new is None else new)
            else:
                yield from self.walk(item, old, new, (*path, name))


def _which(path: Path, key: str, old: Any, new: Any) -> Iterator[Difference]:
    """Of what is read-only only that counts which tells resources apart."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for inner, (name, before, after) in _pairs(old, new).items():
            yield from _which((*path, name), inner, before, after)
    elif key in _WHICH and isinstance(old, str) and isinstance(new, str) and not same_scalar(None, path, old, new):
        yield Difference(path, old, new, anew=True)


def _pairs(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, Any, Any]]:
    """{name in lower case: (the name, what was there, what is)}. Where a document has two names that differ in case
    alone, each stands for itself."""
    exact = any(len({name.lower() for name in one}) < len(one) for one in (was, now))
    found: dict[str, tuple[str, Any, Any]] = {
        (name if exact else name.lower()): (name, value, ABSENT) for name, value in was.items()
    }
    for name, value in now.items():
        key = name if exact else name.lower()
        known = found.get(key)
        found[key] = (known[0], known[1], value) if known else (name, ABSENT, value)
    return found


def _is_nothing(value: Any) -> bool:
    """Whether ARM says no more by it than by leaving it out. That a switch is off does: some are on by default."""
    return value is ABSENT or value is None or value in ("", [], {})


def _object(value: Any) -> Mapping[str, Any] | None:
    """An object; None for what is something else."""
    return {} if _is_nothing(value) else value if isinstance(value, Mapping) else None


def _list(value: Any) -> list[Any] | None:
    return [] if _is_nothing(value) else value if isinstance(value, list) else None
