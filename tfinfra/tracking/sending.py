"""What becomes of a run's points in MLflow: one run, found again by its tag, and one more below it for each further run
that the script began. MLflow's metrics have no task: the leader's keep their names, those of others have their task in
front, and the nodes' own figures are system metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from tfinfra.model import Point

RUN_TAG = "tfinfra.run"
PARENT_TAG = "mlflow.parentRunId"
MOST = 1000
"""Metrics that MLflow takes at once (mlflow/utils/validation.py)."""
_INVALID = "INVALID_PARAMETER_VALUE"
_UNFIT = re.compile(r"[^\w.\- /]")
_PATH = re.compile(r"/+")


class Tracker(Protocol):
    """An MLflow that takes points. Each call raises TrackingError."""

    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """The id of the experiment's run with these tags, which is made where there is none."""

    def log(self, run_id: str, metrics: Sequence[tuple[str, float, int, float]]) -> None:
        """Adds (name, value, step, Unix seconds), MOST at once at most. What is there already stays one."""

    def end(self, run_id: str, status: str, time: float) -> None:
        """Ends a run: FINISHED, FAILED or KILLED."""


class TrackingError(Exception):
    """An MLflow that did not take something. `away`: it may do so later; `code` is MLflow's own word for why, "" where
    it gave none."""

    def __init__(self, message: str, *, away: bool, code: str = "") -> None:
        super().__init__(message)
        self.away = away
        self.code = code


@dataclass
class Sender:
    """Sends the points of `run` to the experiment of its name; `leader` is the task whose metrics keep their names.
    `left_out` says why some points were passed over, which no MLflow will ever take."""

    tracker: Tracker
    experiment: str
    run: str
    leader: str | None
    is_of_node: Callable[[str], bool]
    sent: int = 0
    left_out: str | None = None
    _ids: dict[str, str] = field(default_factory=dict)

    def send(self, points: Iterable[Point]) -> None:
        """Raises TrackingError; `sent` counts what was taken by then."""
        for piece in pieces(points):
            metrics = [(self._name(point), point.value, point.step, point.time) for point in piece]
            run_id = self._id(piece[0].run)
            try:
                self.tracker.log(run_id, metrics)
            except TrackingError as error:
                if error.code != _INVALID:
                    raise
                self.left_out = self.left_out or f"points were left out, since {error}"
            else:
                self.sent += len(metrics)

    def end(self, status: str, time: float) -> None:
        """Ends all of its runs. Raises TrackingError."""
        self._id("")
        for run_id in self._ids.values():
            self.tracker.end(run_id, status, time)

    def _id(self, run: str) -> str:
        if run not in self._ids:
            tags = {RUN_TAG: f"{self.run}/{run}" if run else self.run}
            if run:
                tags[PARENT_TAG] = self._id("")
            self._ids[run] = self.tracker.begin(self.experiment, run or self.run, tags)
        return self._ids[run]

    def _name(self, point: Point) -> str:
        if self.is_of_node(point.task):
            return fitting(f"system/{point.task}/{point.name}")
        return fitting(point.name if point.task == self.leader or point.run else f"{point.task}/{point.name}")


def fitting(name: str) -> str:
    """A metric's name as each MLflow takes it: letters, digits, '_', '-', '.', ' ' and '/' alone, and no path that
    leads elsewhere."""
    parts = [part if part.strip(". ") else "_" for part in _PATH.split(_UNFIT.sub("_", name).strip("/")) if part]
    return "/".join(parts)[:250] or "_"


def pieces(points: Iterable[Point]) -> Iterator[list[Point]]:
    """The points as MLflow takes them at once: MOST of one run at most. The same points give the same pieces."""
    rest = iter(points)
    while batch := list(islice(rest, MOST)):
        by_run: dict[str, list[Point]] = {}
        for point in batch:
            by_run.setdefault(point.run, []).append(point)
        yield from by_run.values()
