"""Values of JSON that anybody may have written, taken for what they should be, or for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; of anything else none."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""
