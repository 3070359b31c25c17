"""Points as lines of JSON, in the store and at home: one object a line, {"name", "value", "step", "time"} and, of a
further MLflow run, "run". The task is the key's, or the file name's. JSON has no NaN and no infinity: such values are
the texts "NaN", "Infinity" and "-Infinity", as MLflow writes them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tfinfra.model.points import Point
from tfinfra.script import LONGEST_NAME, in_json, is_metric

MOST_STEPS = 2**63
_LONGEST_LINE = 4096  # bytes: a name of the widest characters, escaped, and the rest
_LAST_MOMENT = 253_402_214_400.0  # the year 9999
_OF_NO_NUMBER = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NO_POINT = b"{}\n"
_RUN = re.compile(r"[A-Za-z0-9][\w-]{0,63}", re.ASCII)


def chunk_of(points: Iterable[Point]) -> bytes:
    """The lines of these points, which are all of one task."""
    return b"".join(_line(point) for point in points)


def points_in(task: str, data: bytes) -> tuple[list[Point], int]:
    """The points in lines of `task`, which anybody may have written, and how many of the lines are none."""
    found = [_point(task, line) for line in data.split(b"\n") if line]
    points = [point for point in found if point is not None]
    return points, len(found) - len(points)


def renamed(data: bytes, rename: Callable[[str], str]) -> bytes:
    """The same lines with each metric's name as `rename` has it, and nothing else of a point changed. A line that is no
    point has no name: it stays what it is, no point, and holds nothing of what was written."""
    points = [_point("", line) for line in data.split(b"\n") if line]
    return b"".join(
        _NO_POINT if point is None else _line(replace(point, name=rename(point.name)[:LONGEST_NAME]))
        for point in points
    )


def number_of(value: Any) -> float | None:
    """The number that a value of JSON is, or is the name of; None of all others, and of one too large to be one."""
    if isinstance(value, str):
        return _OF_NO_NUMBER.get(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _line(point: Point) -> bytes:
    value, time = in_json(point.value), round(point.time, 3)
    said: dict[str, Any] = {"name": point.name, "value": value, "step": point.step, "time": time}
    if point.run:
        said["run"] = point.run
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _point(task: str, line: bytes) -> Point | None:
    said = _object(line)
    if said is None:
        return None
    name, step, time, run = said.get("name"), said.get("step"), said.get("time"), said.get("run", "")
    value = number_of(said.get("value"))
    moment = number_of(time) if not isinstance(time, str) else None
    if value is None or moment is None or not 0 <= moment <= _LAST_MOMENT or not is_metric(name):
        return None
    if type(step) is not int or not -MOST_STEPS <= step < MOST_STEPS:
        return None
    if not isinstance(run, str) or (run and not _RUN.fullmatch(run)):
        return None
    return Point(task, str(name), value, step, moment, run)


def _object(line: bytes) -> dict[str, Any] | None:
    """The object in a line. Numbers without end and nesting without end raise as ValueError and RecursionError."""
    if len(line) > _LONGEST_LINE:
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
