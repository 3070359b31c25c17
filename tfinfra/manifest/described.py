"""The Cerberus rules of a key, with what it means."""

from __future__ import annotations

from typing import Any

Rules = dict[str, Any]


def described(kind: str | list[str], meaning: str, **rules: Any) -> Rules:
    """The rules of a key of this type, with what it means."""
    return {"type": kind, **rules, "meta": {"meaning": meaning}}


def count(meaning: str, least: int = 1, most: int = 100_000) -> Rules:
    """A whole number."""
    return described("integer", meaning, min=least, max=most)
