"""Numbers, times and sizes as a page has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timezone

from tfinfra.text.wording import spell_seconds

UNKNOWN = "\N{EN DASH}"
"""What stands for a value that nobody knows."""
_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_LAST_MOMENT = 253402300799.0  # 9999-12-31T23:59:59Z


def number(value: float | None) -> str:
    """A value in four significant digits, in decimals where these are short."""
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    text = f"{value:.4g}" if abs(value) < 10_000 or abs(value) >= 1e9 else f"{value:,.0f}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text


def scalar(value: str | float | bool) -> str:
    """A parameter's value: a number as one, all else as it is written."""
    return number(value) if isinstance(value, float) else str(value)


def size(value: float | None) -> str:
    """Bytes: "3.2 GiB"."""
    if value is None or not math.isfinite(value):
        return number(value)
    power = 0
    while abs(value) >= 1024 and power < len(_SIZES) - 1:
        value, power = value / 1024, power + 1
    return f"{value:.0f} {_SIZES[power]}" if power == 0 or abs(value) >= 100 else f"{value:.3g} {_SIZES[power]}"


def seconds(value: float | None) -> str:
    """A duration: "3 min 20 s"."""
    return UNKNOWN if value is None or not math.isfinite(value) else spell_seconds(max(0.0, value))


def offset(value: float) -> str:
    """A time since the beginning, in whole seconds: what is compared was not noted to a fraction."""
    return f"{max(0, round(value))} s" if value < 60 else seconds(value)


def moment(value: float | None) -> str:
    """A moment in UTC: "2026-11-24 10:00:05 UTC"."""
    if value is None or not 0 <= value <= _LAST_MOMENT:
        return UNKNOWN
    return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def usd(value: float | None) -> str:
    """Dollars: "3.21 USD"; what is below a cent and not nothing says so."""
    if value is None:
        return UNKNOWN
    return "< 0.01 USD" if 0 < value < 0.005 else f"{value:,.2f} USD"


def unit_of(name: str) -> tuple[Callable[[float | None], str], str]:
    """How the values of a node's figure of that name are spelt, and the name without its unit."""
    if name.endswith("_bytes_per_s"):
        return lambda value: f"{size(value)}/s", name.removesuffix("_bytes_per_s")
    if name.endswith("_bytes"):
        return size, name.removesuffix("_bytes")
    for ending, unit in (("_percent", "%"), ("_watts", " W"), ("_celsius", " °C")):
        if name.endswith(ending):
            return lambda value, unit=unit: number(value) + unit, name.removesuffix(ending)
    return number, name
