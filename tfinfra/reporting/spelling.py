"""Numbers, times and sizes as a page has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from itertools import pairwise

from tfinfra.text.wording import spell_seconds

UNKNOWN = "\N{EN DASH}"
"""What stands for a value that nobody knows."""
_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_LAST_MOMENT = 253402300799.0  # 9999-12-31T23:59:59Z


def number(value: float | None, digits: int = 4) -> str:
    """A value in four significant digits, in decimals where these are short. What is below 1 is never called 1."""
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if abs(value) < 1:
        digits = next((more for more in range(digits, 18) if abs(float(f"{value:.{more}g}")) < 1), 17)
    if 10_000 <= abs(value) < 1e9:
        text = f"{value:,.{max(0, digits - len(str(int(abs(value)))))}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value:.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text


def numbers(values: Sequence[float]) -> list[str]:
    """Round values beside each other, in as many digits as the least distance between two of them needs."""
    largest = max(map(abs, values), default=0.0)
    distance = min((after - before for before, after in pairwise(values)), default=0.0)
    digits = 4
    if 0 < distance <= largest < math.inf:  # a distance like 2.5 has a digit more
        digits = max(digits, min(15, math.floor(math.log10(largest)) - math.floor(math.log10(distance)) + 2))
    return [number(value, digits) for value in values]


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
