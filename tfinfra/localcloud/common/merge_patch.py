"""JSON merge patch (RFC 7396), as ARM takes a PATCH: what is not named stays, and null takes away."""

from __future__ import annotations

from typing import Any


def merge_patched(target: Any, patch: Any) -> Any:
    """`target` with `patch` merged into it; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patched(merged.get(name), value)
    return merged
