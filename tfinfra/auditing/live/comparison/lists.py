"""Lists of ARM's: their items by name where they have names, else all of them in any order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfinfra.auditing.live.comparison.scalars import plain

_NAMES = ("name", "id", "service", "value", "fqdn", "path", "resourceId")
"""What tells the items of ARM's lists apart: services of a subnet, ranges of a firewall, keys of a user."""


def keyed(was: Sequence[Any], now: Sequence[Any]) -> Iterator[tuple[str, Any, Any]] | None:
    """(name, what was there, what is) for lists of objects that have names or ids, None being nothing; None for lists
    of anything else, or where a name stands twice."""
    for field in _NAMES:
        before, after = _by(field, was), _by(field, now)
        if before is not None and after is not None:
            return _paired(before, after)
    return None


def _by(field: str, items: Sequence[Any]) -> dict[str, tuple[str, Any]] | None:
    found: dict[str, tuple[str, Any]] = {}
    for item in items:
        name = item.get(field) if isinstance(item, Mapping) else None
        if not isinstance(name, str) or name.lower() in found:
            return None
        found[name.lower()] = (name.rstrip("/").rpartition("/")[2], item)
    return found


def _paired(was: Mapping[str, tuple[str, Any]], now: Mapping[str, tuple[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys((*was, *now)):
        name = (was.get(key) or now[key])[0]
        yield name, was[key][1] if key in was else None, now[key][1] if key in now else None


def same_items(kind: str | None, path: tuple[str, ...], was: Sequence[Any], now: Sequence[Any]) -> bool:
    """Whether both hold the same, as often, in any order; `kind` is the type of the items."""
    return Counter(_written(kind, path, one) for one in was) == Counter(_written(kind, path, one) for one in now)


def _written(kind: str | None, path: tuple[str, ...], item: Any) -> str:
    if isinstance(item, (Mapping, list)):
        return json.dumps(item, sort_keys=True, default=str)
    return json.dumps(item) if isinstance(item, bool) or item is None else plain(kind, path, item)


def item_named(items: Sequence[Any], name: str) -> Any:
    """The item that `keyed` calls so, None where there is none."""
    for field in _NAMES:
        for key, item in (_by(field, items) or {}).values():
            if key.lower() == name.lower():
                return item
    return None
