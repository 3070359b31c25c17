"""Moments of records as Unix seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tfinfra.model.shapes import is_time


def seconds(text: Any) -> float | None:
    """Of ISO 8601; None where it is none."""
    if not isinstance(text, str) or not is_time(text):
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
