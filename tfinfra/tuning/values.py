"""Values of the primary metric, held against each other."""

from __future__ import annotations

import math
from collections.abc import Iterable


def best_of(values: Iterable[float], goal: str) -> float | None:
    """The greatest where the goal is "maximize", else the least. NaN is never best; None where there is no other."""
    numbers = [value for value in values if not math.isnan(value)]
    if not numbers:
        return None
    return max(numbers) if goal == "maximize" else min(numbers)
