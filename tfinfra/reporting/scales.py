"""Scales of drawings: where a value lies, and which round numbers stand beside it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tfinfra.reporting.spelling import number, numbers

WIDTH, HEIGHT = 1000, 400
"""Units of a drawing that is stretched to the room that there is."""
_MOST = sys.float_info.max
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`, both finite, `low` below `high`."""

    low: float
    high: float

    @classmethod
    def around(cls, low: float, high: float) -> Scale:
        """That of values from `low` to `high`; where they are one, or cannot be told apart, with room around."""
        if high / 2 - low / 2 > max(abs(low), abs(high)) * 1e-12:
            return cls(low, high)
        room = abs(low) * 0.05 or 0.5
        return cls(max(low - room, -_MOST), min(high + room, _MOST))

    def share(self, value: float) -> float:
        """Where a value lies, from 0 to 1. Halves first: the whole range may be beyond all numbers."""
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)

    def round_values(self, most: int) -> list[float]:
        """Round numbers within it, about `most` of them."""
        span = (self.high / 2 - self.low / 2) / most * 2
        if not math.isfinite(span) or span <= 0:
            return [self.low, self.high]
        power = 10.0 ** math.floor(math.log10(span))
        step = next((each * power for each in _ROUND if each * power >= span), span)
        if not math.isfinite(step) or step <= 0:
            return [self.low, self.high]
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [number * step for number in range(first, min(last, first + 2 * most) + 1)]


@dataclass(frozen=True)
class Mark:
    """A label beside a scale, `at` percent of it."""

    at: float
    label: str


def marks(scale: Scale, most: int, spell: Callable[[float], str]) -> tuple[Mark, ...]:
    """Labels for round numbers of the scale; mere numbers have the digits by which they differ."""
    values = scale.round_values(most)
    labels = numbers(values) if spell is number else [spell(value) for value in values]
    return tuple(Mark(round(100 * scale.share(value), 2), label) for value, label in zip(values, labels, strict=True))
