"""What becomes of a run's points and remarks in MLflow: one run, found again by its tag, and one more below it for each
further run that the script began. MLflow's metrics, parameters and tags have no task: the leader's keep their names,
those of others have their task in front, and the nodes' own figures are system metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from tfinfra.model import Logged, Point, Remark

RUN_TAG = "tfinfra.run"
PARENT_TAG = "mlflow.parentRunId"
"""Of a further run: the id of the run that it is nested in."""
NAME_TAG = "mlflow.runName"
MOST = 1000
"""Metrics that MLflow takes at once (mlflow/utils/validation.py)."""
MOST_REMARKS = 100
"""Parameters that MLflow takes at once, and tags."""
_LONGEST_PARAMETER = 6000  # characters
_INVALID = "INVALID_PARAMETER_VALUE"
_UNFIT = re.compile(r"[^\w.\- /]")
_PATH = re.compile(r"/+")


class Tracker(Protocol):
    """An MLflow that takes points and remarks. Each call raises TrackingError."""

    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """The id of the experiment's run with these tags, which is made where there is none."""

    def log(self, run_id: str, metrics: Sequence[tuple[str, float, int, float]]) -> None:
        """Adds (name, value, step, Unix seconds), MOST at once at most. What is there already stays one."""

    def remark(self, run_id: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Adds these, MOST_REMARKS of each at most."""

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
    """Sends what `run` has logged to the experiment of its name; `leader` is the task whose names are kept. `sent`
    counts points; `left_out` says why something was passed over, which no MLflow will ever take."""

    tracker: Tracker
    experiment: str
    run: str
    leader: str | None
    is_of_node: Callable[[str], bool]
    sent: int = 0
    left_out: str | None = None
    _ids: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _parents: dict[str, str] = field(default_factory=dict)

    def send(self, logged: Iterable[Logged]) -> None:
        """Raises TrackingError; `sent` counts what was taken by then."""
        for piece in pieces(logged):
            if isinstance(piece[0], Remark):
                self._remark([each for each in piece if isinstance(each, Remark)])
            else:
                self._log([each for each in piece if isinstance(each, Point)])

    def _log(self, points: Sequence[Point]) -> None:
        metrics = [(self._name(point), point.value, point.step, point.time) for point in points]
        run_id = self._id(points[0].run)
        with self._left_out("points"):
            self.tracker.log(run_id, metrics)
            self.sent += len(metrics)

    def _remark(self, remarks: Sequence[Remark]) -> None:
        """The name and the place of a further run are known before it is made. A tag that was taken back stays where
        it was sent already."""
        run = remarks[0].run
        values = {(each.kind, each.name): each.text for each in remarks}
        self._names[run] = values.pop(("tag", NAME_TAG), None) or self._names.get(run, run)
        self._parents[run] = values.pop(("tag", PARENT_TAG), None) or self._parents.get(run, "")
        run_id = self._id(run)
        first = {each.name: self._name(each) for each in remarks}
        said = [(kind, first[name], text) for (kind, name), text in values.items() if text is not None]
        parameters = {name: text[:_LONGEST_PARAMETER] for kind, name, text in said if kind == "parameter"}
        tags = {name: text for kind, name, text in said if kind == "tag"}
        if parameters or tags:
            with self._left_out("parameters and tags"):
                self.tracker.remark(run_id, parameters, tags)

    @contextmanager
    def _left_out(self, what: str) -> Iterator[None]:
        """What MLflow will never take is passed over, and told."""
        try:
            yield
        except TrackingError as error:
            if error.code != _INVALID:
                raise
            self.left_out = self.left_out or f"{what} were left out, since {error}"

    def end(self, status: str, time: float) -> None:
        """Ends all of its runs. Raises TrackingError."""
        self._id("")
        for run_id in self._ids.values():
            self.tracker.end(run_id, status, time)

    def _id(self, run: str) -> str:
        if run not in self._ids:
            tags = {RUN_TAG: f"{self.run}/{run}" if run else self.run}
            if run:
                parent = self._parents.get(run, "")
                tags[PARENT_TAG] = self._ids.get(parent) or self._id("")
            self._ids[run] = self.tracker.begin(self.experiment, self._names.get(run, run) if run else self.run, tags)
        return self._ids[run]

    def _name(self, logged: Logged) -> str:
        if self.is_of_node(logged.task):
            return fitting(f"system/{logged.task}/{logged.name}")
        return fitting(logged.name if logged.task == self.leader or logged.run else f"{logged.task}/{logged.name}")


def fitting(name: str) -> str:
    """A metric's name as each MLflow takes it: letters, digits, '_', '-', '.', ' ' and '/' alone, and no path that
    leads elsewhere."""
    parts = [part if part.strip(". ") else "_" for part in _PATH.split(_UNFIT.sub("_", name).strip("/")) if part]
    return "/".join(parts)[:250] or "_"


def pieces(logged: Iterable[Logged]) -> Iterator[list[Logged]]:
    """What MLflow takes at once: points of one run, MOST at most, or remarks of one run of one task, MOST_REMARKS at
    most; these first, so that a further run has its name. The same that was logged gives the same pieces."""
    rest = iter(logged)
    while batch := list(islice(rest, MOST)):
        remarks: dict[tuple[str, str], list[Logged]] = {}
        points: dict[str, list[Logged]] = {}
        for each in batch:
            if isinstance(each, Remark):
                remarks.setdefault((each.run, each.task), []).append(each)
            else:
                points.setdefault(each.run, []).append(each)
        for of_one in remarks.values():
            yield from (of_one[i : i + MOST_REMARKS] for i in range(0, len(of_one), MOST_REMARKS))
        yield from points.values()
