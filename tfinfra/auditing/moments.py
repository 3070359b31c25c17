"""Moments of records as Unix seconds."""

from __future__ import annotations

from typing import Any

from tfinfra.model.shapes import is_time
from tfinfra.system.clock import unix_time


def seconds(text: Any) -> float | None:
    """Of ISO 8601; None where it is none."""
    return unix_time(text) if isinstance(text, str) and is_time(text) else None
