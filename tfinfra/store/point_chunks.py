"""What a script logs as lines of JSON, in the store and at home. A point is {"name", "value", "step", "time"} and, of a
further MLflow run, "run"; a remark is {"parameter" or "tag": its name, "text", "time"} and likewise "run". The task is
the key's, or the file name's. JSON has no NaN and no infinity: such values are the texts "NaN", "Infinity" and
"-Infinity", as MLflow writes them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tfinfra.model.points import Logged, Point, Remark
from tfinfra.script import LONGEST_NAME, LONGEST_TEXT, in_json, is_metric

MOST_STEPS = 2**63
LONGEST_LINE = 1 << 16  # bytes: a name and a text of the widest characters, escaped, and the rest
_LAST_MOMENT = 253_402_214_400.0  # the year 9999
_OF_NO_NUMBER = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NOTHING = b"{}\n"
_RUN = re.compile(r"[A-Za-z0-9][\w-]{0,63}", re.ASCII)


def chunk_of(logged: Iterable[Logged]) -> bytes:
    """The lines of what was logged, all of it by one task."""
    return b"".join(_line(each) for each in logged)


def points_in(task: str, data: bytes) -> tuple[list[Point], int]:
    """The points in lines of `task`, which anybody may have written, and how many of the lines are neither points nor
    remarks."""
    logged, odd = logged_in(task, data)
    return [each for each in logged if isinstance(each, Point)], odd


def logged_in(task: str, data: bytes) -> tuple[list[Logged], int]:
    """The same with the remarks, in the order of the lines."""
    found = [_logged(task, line) for line in data.split(b"\n") if line]
    logged = [each for each in found if each is not None]
    return logged, len(found) - len(logged)


def reworded(data: bytes, reword: Callable[[str], str]) -> bytes:
    """The same lines with each name and text as `reword` has it, and nothing else changed. A line that is neither point
    nor remark has none: it stays neither, and holds nothing of what was written."""
    found = [_logged("", line) for line in data.split(b"\n") if line]
    return b"".join(_NOTHING if each is None else _line(_reworded(each, reword)) for each in found)


def _reworded(logged: Logged, reword: Callable[[str], str]) -> Logged:
    name = reword(logged.name)[:LONGEST_NAME]
    if isinstance(logged, Point) or logged.text is None:
        return replace(logged, name=name)
    return replace(logged, name=name, text=reword(logged.text)[:LONGEST_TEXT])


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


def _line(logged: Logged) -> bytes:
    if isinstance(logged, Point):
        said: dict[str, Any] = {"name": logged.name, "value": in_json(logged.value), "step": logged.step}
    else:
        said = {logged.kind: logged.name, "text": logged.text}
    said["time"] = round(logged.time, 3)
    if logged.run:
        said["run"] = logged.run
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _logged(task: str, line: bytes) -> Logged | None:
    said = _object(line)
    if said is None:
        return None
    time, run = said.get("time"), said.get("run", "")
    moment = number_of(time) if not isinstance(time, str) else None
    if moment is None or not 0 <= moment <= _LAST_MOMENT:
        return None
    if not isinstance(run, str) or (run and not _RUN.fullmatch(run)):
        return None
    if "name" in said:
        return _point(task, said, moment, run)
    return _remark(task, said, moment, run)


def _point(task: str, said: dict[str, Any], time: float, run: str) -> Point | None:
    name, step, value = said["name"], said.get("step"), number_of(said.get("value"))
    if value is None or not is_metric(name):
        return None
    if type(step) is not int or not -MOST_STEPS <= step < MOST_STEPS:
        return None
    return Point(task, str(name), value, step, time, run)


def _remark(task: str, said: dict[str, Any], time: float, run: str) -> Remark | None:
    name, text = said.get("parameter", said.get("tag")), said.get("text", "")
    if not is_metric(name) or not (text is None or (isinstance(text, str) and len(text) <= LONGEST_TEXT)):
        return None
    if text is not None:  # half a character can be written nowhere
        text = text.encode("utf-8", "replace").decode()
    return Remark(task, "parameter" if "parameter" in said else "tag", str(name), text, time, run)


def _object(line: bytes) -> dict[str, Any] | None:
    """The object in a line. Numbers without end and nesting without end raise as ValueError and RecursionError."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
