"""Whether two plain values of ARM's mean the same."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from tfinfra.arm.azure_types import described

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_IDS = ("/subscriptions/", "/providers/")
_CASELESS = frozenset(
    {
        *("name", "vmsize", "tier", "publisher", "offer", "sku", "fqdn", "service"),
        *("sourceaddressprefix", "destinationaddressprefix", "addressprefix", "privatelinkserviceid"),
    }
)
"""Properties whose types are plain texts and which ARM reads without case: names of sizes, images, services, ranges."""


def same_scalar(kind: str | None, path: tuple[str, ...], was: Any, now: Any) -> bool:
    """`kind` is ARM's type of the value, "any" for what is a language of its own; `path` ends with its name."""
    if isinstance(was, bool) or isinstance(now, bool):
        return was is now
    if isinstance(was, (int, float)) and isinstance(now, (int, float)):
        return was == now
    if not isinstance(was, (str, int, float)) or not isinstance(now, (str, int, float)):
        return was is now
    return plain(kind, path, was) == plain(kind, path, now)


def plain(kind: str | None, path: tuple[str, ...], value: Any) -> str:
    """A text or number in the form in which it can be compared."""
    text, name = str(value), path[-1].lower() if path else ""
    if kind == "any" or (len(path) == 2 and path[0].lower() == "tags"):
        return text
    if name.endswith("location") or (len(path) > 1 and path[-2].lower() == "locations"):
        return text.replace(" ", "").lower()
    if text.lower().startswith(_IDS):
        return text.lower().rstrip("/")
    if name in _CASELESS or _GUID.fullmatch(text) or _is_enumerated(kind):
        return text.lower()
    return _moment(text) or text


def _is_enumerated(kind: str | None) -> bool:
    """Whether ARM's type names values: it takes and gives them in any case."""
    if kind is None or (not kind.startswith(("'", "(")) and " | " not in kind):
        return False
    found = described(kind)
    members = [described(member)["t"] for member in found["e"]] if found["t"] == "u" else [found["t"]]
    return "l" in members


def _moment(text: str) -> str | None:
    """A time in UTC, to the microsecond: ARM writes fractions as it likes."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    digits = (fraction or ".")[1:7].ljust(6, "0")
    offset = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{day}T{time}.{digits}{offset}").astimezone(timezone.utc).isoformat()
    except (ValueError, OverflowError):
        return None
