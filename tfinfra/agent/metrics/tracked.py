"""What MLflow's clients have told this node, as values: the run, further runs that scripts began, logged models.

It is kept so that a client gets back what it logged, while the node lives. What lasts are the points and the remarks
(parameters and tags of runs), and the files in the folder of artifacts. Each node knows of its own tasks alone.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.agent.metrics.answers import Refused
from tfinfra.agent.metrics.memory import Entry, History, Memory, Values
from tfinfra.model import Logged, Point, Remark, RemarkKind
from tfinfra.script import LONGEST_TEXT
from tfinfra.system.clock import Clock
from tfinfra.tracking.sending import NAME_TAG, PARENT_TAG

EXPERIMENT = "0"
"""The id of the one experiment: MLflow's own default."""
MOST_RUNS = 10_000
RUNNING, ACTIVE = "RUNNING", "active"
_log = logging.getLogger(__name__)


@dataclass
class TrackedRun:
    """`history` are the last points of each metric. Times are milliseconds, as MLflow has them."""

    id: str
    name: str
    artifacts: str
    started: int
    ended: int | None = None
    status: str = RUNNING
    lifecycle: str = ACTIVE
    user: str = ""
    params: Values = field(default_factory=dict)
    tags: Values = field(default_factory=dict)
    history: History = field(default_factory=dict)
    inputs: list[Entry] = field(default_factory=list)
    model_inputs: list[Entry] = field(default_factory=list)
    outputs: list[Entry] = field(default_factory=list)


@dataclass
class LoggedModel:
    """A model that a client logs: its files lie in `artifacts`."""

    id: str
    name: str
    artifacts: str
    created: int
    run: str
    kind: str
    updated: int = 0
    status: str = "LOGGED_MODEL_PENDING"
    params: Values = field(default_factory=dict)
    tags: Values = field(default_factory=dict)


class Tracker:
    """All that this node has been told. Its callers hold its lock (tracking_server.py).

    `run` is the run's id, `name` that of its experiment; `artifacts` the folder for files; `keep` takes what one task
    has logged to where it is shipped from.
    """

    def __init__(
        self, run: str, name: str, artifacts: Path, keep: Callable[[Sequence[Logged]], None], clock: Clock
    ) -> None:
        self.run, self.name = run, name
        self.artifacts = artifacts
        self._keep = keep
        self._clock = clock
        self.memory = Memory()
        self.began = self.now()
        self.runs = {run: TrackedRun(run, run, str(artifacts), self.began)}
        self._lossy = False
        self._in_the_run: set[str] = set()
        self.models: dict[str, LoggedModel] = {}

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self._clock.time() * 1000)

    def run_of(self, id: str) -> TrackedRun:  # noqa: A002  what it is
        """Raises Refused where there is none."""
        if id not in self.runs:
            raise Refused("RESOURCE_DOES_NOT_EXIST", f"Run '{ascii(id)[1:-1][:80]}' not found")
        return self.runs[id]

    def model_of(self, id: str) -> LoggedModel:  # noqa: A002
        """Raises Refused where there is none."""
        if id not in self.models:
            raise Refused("RESOURCE_DOES_NOT_EXIST", f"Logged model '{ascii(id)[1:-1][:80]}' not found")
        return self.models[id]

    def begin_run(self, task: str, name: str, user: str, started: int, tags: Values) -> TrackedRun:
        """The run itself where `task` begins its first one; then, and nested in one, a further run. So no task needs
        MLFLOW_RUN_ID: a script that names a server of its own would ask that one for a run that it does not have."""
        if task not in self._in_the_run and PARENT_TAG not in tags:
            self.remark(self.runs[self.run], task, {}, tags)
            self._in_the_run.add(task)
            return self.runs[self.run]
        if len(self.runs) >= MOST_RUNS:
            raise Refused("RESOURCE_EXHAUSTED", f"a node keeps {MOST_RUNS} runs")
        new = secrets.token_hex(16)
        name = name or tags.get(NAME_TAG) or f"run-{len(self.runs)}"
        folder = str(self.artifacts / "runs" / new)
        run = TrackedRun(new, name, folder, started, user=user)
        self.remark(run, task, {}, {**tags, NAME_TAG: name})
        self.runs[new] = run
        return run

    def begin_model(self, name: str, run: str, kind: str, params: Values, tags: Values) -> LoggedModel:
        """A model whose files the client writes next."""
        if len(self.models) >= MOST_RUNS:
            raise Refused("RESOURCE_EXHAUSTED", f"a node keeps {MOST_RUNS} logged models")
        new, now = f"m-{secrets.token_hex(16)}", self.now()
        folder = str(self.artifacts / "models" / new)
        model = LoggedModel(new, name, folder, now, run, kind, now)
        self.memory.put((model.params, params), (model.tags, tags))
        self.models[new] = model
        return model

    def log(self, run: TrackedRun, points: Iterable[Point]) -> None:
        """Keeps points of one task in `run`."""
        points = list(points)
        self._keep_all(points)
        for point in points:
            self.memory.note(run.id, run.history, point)

    def remark(self, run: TrackedRun, task: str, params: Values, tags: Values) -> None:
        """Keeps what `task` says of `run`: all of it or nothing. Raises Refused where there is no room."""
        new: list[tuple[RemarkKind, Values, Values]] = [("parameter", run.params, params), ("tag", run.tags, tags)]
        changed = [(kind, {k: v for k, v in given.items() if kept.get(k) != v}) for kind, kept, given in new]
        self.memory.put((run.params, params), (run.tags, tags))
        self._keep_all([self._remark(run, task, kind, k, v) for kind, given in changed for k, v in given.items()])

    def drop_tag(self, run: TrackedRun, task: str, name: str) -> None:
        if name in run.tags:
            self.memory.drop(run.tags, name)
            self._keep_all([self._remark(run, task, "tag", name, None)])

    def _remark(self, run: TrackedRun, task: str, kind: RemarkKind, name: str, text: str | None) -> Remark:
        kept = None if text is None else text[:LONGEST_TEXT]
        return Remark(task, kind, name, kept, self._clock.time(), self.further(run))

    def further(self, run: TrackedRun) -> str:
        """The id that is kept with what is logged into `run`: "" for the run itself."""
        return "" if run.id == self.run else run.id

    def _keep_all(self, logged: Sequence[Logged]) -> None:
        """A full disk must not end a training: what it has no room for is lost, and the agent's log says so once."""
        try:
            self._keep(logged)
        except OSError as error:
            if not self._lossy:
                _log.error("metrics are lost, as they cannot be kept: %s", error)
            self._lossy = True

    def update_run(self, run: TrackedRun, task: str, status: str, ended: int | None, name: str) -> None:
        """Of a further run. How the run itself ends is tfinfra's verdict: no client ends or renames it."""
        if run.id != self.run:
            run.status, run.ended = status or run.status, ended if ended is not None else run.ended
            if name and name != run.name:
                run.name = name
                self.remark(run, task, {}, {NAME_TAG: name})
