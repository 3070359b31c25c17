"""What MLflow's clients have told this node, as values: the run, further runs that scripts began, logged models.

It is kept so that a client gets back what it logged, while the node lives. What lasts are the points, and the files in
the folder of artifacts. Each node knows of its own tasks alone.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.agent.metrics.answers import Refused
from tfinfra.agent.metrics.memory import Entry, History, Memory, Values
from tfinfra.model import Point
from tfinfra.system.clock import Clock

EXPERIMENT = "0"
"""The id of the one experiment: MLflow's own default."""
MOST_RUNS = 10_000
RUNNING, ACTIVE = "RUNNING", "active"
PARENT = "mlflow.parentRunId"
"""The tag of a nested run."""
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

    `run` is the run's id, `name` that of its experiment; `artifacts` the folder for files; `keep` takes the points of
    one task to where they are shipped from.
    """

    def __init__(
        self, run: str, name: str, artifacts: Path, keep: Callable[[Sequence[Point]], None], clock: Clock
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
        if task not in self._in_the_run and PARENT not in tags:
            self.memory.put((self.runs[self.run].tags, tags))
            self._in_the_run.add(task)
            return self.runs[self.run]
        if len(self.runs) >= MOST_RUNS:
            raise Refused("RESOURCE_EXHAUSTED", f"a node keeps {MOST_RUNS} runs")
        new = secrets.token_hex(16)
        name = name or tags.get("mlflow.runName") or f"run-{len(self.runs)}"
        folder = str(self.artifacts / "runs" / new)
        run = TrackedRun(new, name, folder, started, user=user)
        self.memory.put((run.tags, {**tags, "mlflow.runName": name}))
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
        """Keeps points of one task in `run`. A full disk must not end a training: what it has no room for is lost, and
        the agent's log says so once."""
        points = list(points)
        try:
            self._keep(points)
        except OSError as error:
            if not self._lossy:
                _log.error("metrics are lost, as they cannot be kept: %s", error)
            self._lossy = True
        for point in points:
            self.memory.note(run.id, run.history, point)

    def update_run(self, run: TrackedRun, status: str, ended: int | None, name: str) -> None:
        """Of a further run. How the run itself ends is tfinfra's verdict: no client ends or renames it."""
        if run.id != self.run:
            run.status, run.ended = status or run.status, ended if ended is not None else run.ended
            run.name = name or run.name
