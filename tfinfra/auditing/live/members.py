"""What stands where in a document of ARM's, or of a baseline, which a run's nodes may have written: of any shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def member(document: Any, *path: str) -> Any:
    """What stands in a document at the end of these names, None where nothing does."""
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document
