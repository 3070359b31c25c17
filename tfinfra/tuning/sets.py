"""Sets of parameters: all that a space has, and which were asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

from tfinfra.model.tuning import Expression, Parameters, Scalar
from tfinfra.tuning.arguments import value_text
from tfinfra.tuning.expressions import values

Space = dict[str, Expression]
Seen = tuple[str, ...]
"""A set of parameters as its script sees it: 1 and 1.0 are two, 1 twice in a choice is one."""


def space_size(space: Space) -> int | None:
    """How many sets of parameters there are, None where that is without end."""
    counts = [None if (each := values(expression)) is None else len(_once(each)) for expression in space.values()]
    return None if None in counts else math.prod(count for count in counts if count is not None)


def seen_as(space: Space, parameters: Parameters) -> Seen:
    return tuple(value_text(parameters[name]) for name in space)


def unseen(space: Space, seen: set[Seen]) -> Iterator[Parameters]:
    """The sets of a space whose size is known, the last name changing fastest, each once and without those in `seen`;
    nothing of any other space."""
    options = [values(expression) for expression in space.values()]
    if any(each is None for each in options):
        return
    for found in product(*(_once(each) for each in options if each is not None)):
        parameters = dict(zip(space, found, strict=True))
        if seen_as(space, parameters) not in seen:
            yield parameters


def _once(options: Sequence[Scalar]) -> tuple[Scalar, ...]:
    return tuple({value_text(option): option for option in options}.values())
