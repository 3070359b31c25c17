"""What the expressions of a parameter space mean: HyperDrive's own (azureml.train.hyperdrive.parameter_expressions, and
"Define the search space" in "Tune hyperparameters for your model")."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from tfinfra.model.tuning import EXPRESSIONS, Expression, Scalar

Chance = Callable[[], float]
"""Gives a number of [0, 1), another at each call."""
FARTHEST = 1e15
"""No value of a parameter is beyond: a record in a store holds none."""
MOST_STEPS = 100_000
"""Values of a quantised expression that Bayesian sampling takes (HyperDrive's own limit)."""
SMALLEST_STEP = 1e-12
"""Of a quantised expression: a double has no finer steps where most parameters are."""
_HIGHEST_LOG = math.log(FARTHEST)


def draw(expression: Expression, chance: Chance) -> Scalar:
    """A value of the expression. Uses nothing of `random` but numbers of [0, 1), the one thing that Python promises to
    stay as it is for a seed.

    choice: one of the options. randint(upper): an integer of [0, upper). uniform(min, max): min + (max - min)·u.
    normal(mu, sigma): by Box and Muller. log…: exp of the same without it. q…: the nearest multiple of q, an integer
    where q is one; so it may lie beyond min or max by less than q/2, as HyperDrive's does.
    """
    if expression.kind == "choice":
        return expression.arguments[int(chance() * len(expression.arguments))]
    numbers = cast("tuple[float, ...]", expression.arguments)
    if expression.kind == "randint":
        return int(chance() * numbers[0])
    base = expression.kind.removeprefix("q")
    value = _spread(base, numbers, chance)
    value = math.exp(min(value, _HIGHEST_LOG)) if base.startswith("log") else value
    value = max(-FARTHEST, min(value, FARTHEST))
    return quantised(value, numbers[2]) if expression.kind.startswith("q") else value


def quantised(value: float, q: float) -> Scalar:
    """round(value / q)·q, halves to the even multiple."""
    steps = round(value / q)
    return steps * int(q) if float(q).is_integer() else steps * q


def values(expression: Expression) -> tuple[Scalar, ...] | None:
    """All values in ascending order, of a choice in the order written; None where they are without end or more than
    MOST_STEPS."""
    if expression.kind == "choice":
        return expression.arguments
    numbers = cast("tuple[float, ...]", expression.arguments)
    if expression.kind == "randint":
        return tuple(range(int(numbers[0]))) if numbers[0] <= MOST_STEPS else None
    if expression.kind not in ("quniform", "qloguniform"):
        return None
    low, high = bounds(expression)
    first, last = round(low / numbers[2]), round(high / numbers[2])
    if last - first >= MOST_STEPS:
        return None
    return tuple(quantised(steps * numbers[2], numbers[2]) for steps in range(first, last + 1))


def bounds(expression: Expression) -> tuple[float, float]:
    """The least and the greatest value of an expression with min_value and max_value, before it is quantised."""
    low, high = cast("tuple[float, ...]", expression.arguments)[:2]
    return (math.exp(low), math.exp(high)) if "log" in expression.kind else (low, high)


def described(expression: Expression) -> str:
    """What comes out, for a person: "0.0001 … 0.1 (logarithmic)"."""
    if expression.kind == "choice":
        return "one of " + ", ".join(str(option) for option in expression.arguments)
    numbers = cast("tuple[float, ...]", expression.arguments)
    if expression.kind == "randint":
        return f"a whole number from 0 to {int(numbers[0]) - 1}"
    step = f" in steps of {numbers[2]:g}" if expression.kind.startswith("q") else ""
    if "normal" in expression.kind:
        around = math.exp(min(numbers[0], _HIGHEST_LOG)) if "log" in expression.kind else numbers[0]
        spread = "of the logarithm " if "log" in expression.kind else ""
        return f"around {around:.4g}, standard deviation {spread}{numbers[1]:g}{step}"
    low, high = bounds(expression)
    if "log" in expression.kind:
        return f"{_rounded(low)} … {_rounded(high)}{step} (logarithmic)"
    return f"{low:.6g} … {high:.6g}{step}"


def _rounded(value: float) -> str:
    """What a logarithm that was rounded when it was written down stands for: exp(-9.2) is 0.0001."""
    return f"{value:.2g}" if value < 1 else f"{value:.4g}"


def fault(expression: Expression) -> str | None:
    """Why HyperDrive, or a record, would refuse the expression, as a sentence's rest after the parameter's name; None
    where it is right."""
    arguments = expression.arguments
    if expression.kind == "choice":
        return _fault_of_options(arguments)
    names = EXPRESSIONS[expression.kind]
    if len(arguments) != len(names):
        return f"{expression.kind} takes {', '.join(names)}; it has {len(arguments)} of these {len(names)}"
    for name, value in zip(names, arguments, strict=True):
        if isinstance(value, (bool, str)) or not abs(value) <= FARTHEST:
            return f"{expression.kind} takes numbers; its {name} is {value!r}"
    return _fault_of_numbers(expression.kind, dict(zip(names, cast("tuple[float, ...]", arguments), strict=True)))


def _fault_of_options(options: tuple[Scalar, ...]) -> str | None:
    if not options:
        return "choice needs at least one value"
    for option in options:
        if isinstance(option, str) and ("\0" in option or len(option) > 1 << 16):
            return "choice has a value that no command line takes"
        if not isinstance(option, str) and not abs(option) <= FARTHEST:
            return f"choice has the value {option!r}, which is out of range"
    return None


def _fault_of_numbers(kind: str, of: dict[str, float]) -> str | None:
    if not float(of.get("upper", 1)).is_integer() or of.get("upper", 1) <= 0:
        return f"randint needs a whole number above 0; its upper is {of['upper']!r}"
    if of.get("q", 1) < SMALLEST_STEP:
        least = "above 0" if of["q"] <= 0 else f"of {SMALLEST_STEP:g} or more"
        return f"{kind} needs a q {least}; it is {of['q']!r}"
    if of.get("sigma", 0) < 0:
        return f"{kind} needs a sigma of 0 or more; it is {of['sigma']!r}"
    return _fault_of_bounds(kind, of["min_value"], of["max_value"]) if "min_value" in of else None


def _fault_of_bounds(kind: str, low: float, high: float) -> str | None:
    if low > high or (low == high and "log" not in kind):
        return f"{kind} needs a min_value below its max_value; they are {low!r} and {high!r}"
    if "log" in kind and high > _HIGHEST_LOG:
        return (
            f"{kind} takes logarithms of its bounds, and exp({high!r}) is out of range; did you mean log of {high!r}?"
        )
    return None


def _spread(base: str, numbers: tuple[float, ...], chance: Chance) -> float:
    if base.endswith("uniform"):
        low, high = numbers[:2]
        return low + (high - low) * chance()
    mu, sigma = numbers[:2]
    return mu + sigma * math.sqrt(-2 * math.log(1 - chance())) * math.cos(2 * math.pi * chance())
