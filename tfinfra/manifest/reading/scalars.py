"""YAML's plain scalars as values: the rules of the YAML 1.2 core schema, and 1.1's yes/no/on/off for booleans.

PyYAML would read `12:30` as 750 and `1_000` as a number; people would not.
"""

from __future__ import annotations

import re

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "yes", "on"}
_FALSE = {"false", "no", "off"}
_MOST_DIGITS = 300


def plain_value(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar; what is no number, boolean or null is its own text."""
    if text in _NULL:
        return None
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if len(text) > _MOST_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "", 1)) if _INFINITE.fullmatch(text) else text
