"""Moments in documents: Unix seconds inside of tfinfra, ISO 8601 in UTC in a document, wherever its schema says
`date-time`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from tfinfra.documents.published import schema

_MOMENT = "date-time"
_LAST = 253_402_300_799  # the end of the year 9999, beyond which ISO 8601 has no moments


def dated(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the document `name` holds, with its moments as text."""
    root = schema(name)
    found: dict[str, Any] = _dated(body, root, root["$defs"])
    return found


def spelt(seconds: float) -> str:
    """Unix seconds as "2026-11-24T10:00:00.400Z": texts of one length are in the order of their moments."""
    moment = datetime.fromtimestamp(max(0.0, min(seconds, _LAST)), timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _dated(value: Any, part: Any, parts: Mapping[str, Any]) -> Any:
    if not isinstance(part, dict) or value is None:
        return value
    if "$ref" in part:
        return _dated(value, parts[part["$ref"].rpartition("/")[2]], parts)
    for each in part.get("anyOf", ()):
        value = _dated(value, each, parts)
    if isinstance(value, Mapping):
        known, others = part.get("properties", {}), part.get("additionalProperties")
        return {key: _dated(each, known.get(key, others), parts) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_dated(each, part.get("items"), parts) for each in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return spelt(value) if is_number and part.get("format") == _MOMENT else value
