"""How much a node's agent remembers of what MLflow's clients have told it, to give it back: it lives beside the
training, in the same memory."""

from __future__ import annotations

import json
import sys
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

from tfinfra.agent.metrics.answers import Refused
from tfinfra.model import Point

Values = dict[str, str]
Entry = dict[str, Any]
History = dict[str, deque[Point]]
"""The last points of each metric of one run."""
MOST_POINTS = 200_000
MOST_TEXT = 64 << 20
"""Bytes."""
OF_A_METRIC = 1000
"""Points."""
_OF_A_SERIES = 5  # points: what a deque takes
_OF_AN_ENTRY = 8  # bytes for each byte of JSON


class Memory:
    """One for all runs of a node. Of points the oldest make room for new ones; `points` are so many in all. Params,
    tags and inputs take `text` bytes at most, and raise Refused beyond."""

    def __init__(self, points: int = MOST_POINTS, text: int = MOST_TEXT) -> None:
        self._most_points, self._most_text = points, text
        self._points = self._text = 0
        self._series: OrderedDict[tuple[str, str], History] = OrderedDict()
        """By run and metric: the one that was written last stands last."""

    def note(self, run: str, history: History, point: Point) -> None:
        """Keeps a point in the `history` of `run`."""
        if point.name not in history:
            history[point.name] = deque(maxlen=OF_A_METRIC)
            self._points += _OF_A_SERIES
        series = history[point.name]
        self._points += len(series) < OF_A_METRIC
        series.append(point)
        self._series[run, point.name] = history
        self._series.move_to_end((run, point.name))
        while self._points > self._most_points:
            self._forget_one()

    def _forget_one(self) -> None:
        """The oldest point of the metric that nobody has written to for longest."""
        (run, name), history = next(iter(self._series.items()))
        history[name].popleft()
        self._points -= 1
        if not history[name]:
            del history[name], self._series[run, name]
            self._points -= _OF_A_SERIES

    def put(self, *changes: tuple[Values, Values]) -> None:
        """Of each pair the first gets what is in the second: all of it or nothing."""
        growth = 0
        for kept, new in changes:
            growth += sum(_size(key, new[key]) for key in new)
            growth -= sum(_size(key, kept[key]) for key in new if key in kept)
        self._grow(growth)
        for kept, new in changes:
            kept.update(new)

    def drop(self, kept: Values, key: str) -> None:
        if key in kept:
            self._text -= _size(key, kept.pop(key))

    def add(self, *changes: tuple[list[Entry], Sequence[Entry]]) -> None:
        """To each list what stands beside it: all of it or nothing."""
        self._grow(sum(_OF_AN_ENTRY * len(json.dumps(entry)) for _, new in changes for entry in new))
        for kept, new in changes:
            kept.extend(new)

    def _grow(self, size: int) -> None:
        if self._text + size > self._most_text:
            said = f"a node keeps {self._most_text >> 20} MB of parameters, tags and inputs in all"
            raise Refused("RESOURCE_EXHAUSTED", said)
        self._text += size


def _size(key: str, value: str) -> int:
    """What they take in memory, in bytes."""
    return sys.getsizeof(key) + sys.getsizeof(value)
