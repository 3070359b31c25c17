"""The rows of the live view: what goes on of a run now, in as few of them as its terminal has to spare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfinfra.cli.tuning.tune_rows import tune_rows
from tfinfra.lifecycle.watch.latest_metric import metric_text
from tfinfra.lifecycle.watch.observer import UnderWay
from tfinfra.lifecycle.watch.plain_view import as_last_time, task_text
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.model import Point, TaskStatus
from tfinfra.text.cleaning import clean_line
from tfinfra.text.wording import count, ranges, spell_seconds

if TYPE_CHECKING:
    from rich.text import Text

MARKS = {"running": ("…", "cyan"), "done": ("✓", "green"), "failed": ("✗", "red")}
TASK_COLORS = {"running": "cyan", "succeeded": "green", "failed": "red", "lost": "red"}
_SHARE = 3
"""The rows take at most this part of a terminal's height: the log above them has the rest."""
_ABOVE_TRIALS = 6
"""Rows that are left to what stays above a tune's trials, whose own logs are not shown, if the terminal has so many."""


@dataclass(frozen=True)
class RunningPhase:
    """`began` in the clock's seconds; `usual` are the seconds that it took the last time, None where that is not
    known."""

    name: str
    text: str
    began: float
    usual: float | None = None


@dataclass(frozen=True)
class LiveState:
    """All that the rows show. `now` in the clock's seconds; `run` is None before the first write to the cloud,
    `metric` where the tasks have logged none, `tune` where no trials are under way."""

    phases: Sequence[RunningPhase]
    tasks: Sequence[TaskStatus]
    run: UnderWay | None
    now: float
    metric: Point | None = None
    tune: TuneState | None = None


def live_rows(state: LiveState, height: int) -> list[Text]:
    """The rows for a terminal of so many lines. Each is one line, maybe longer than the terminal is wide. Running
    phases come first, then tasks, one by one or, where they are too many, together; last the newest value of the metric
    that is shown, and how long the run may go on."""
    from rich.text import Text

    most = min(max(1, height // _SHARE, height - _ABOVE_TRIALS if state.tune else 0), height - 1)
    phases = [_phase_row(phase, state) for phase in state.phases][: max(0, most)]
    left = most - len(phases)
    foot = [Text(_foot(state.run, state.now), "dim")] if state.run is not None and left > 0 else []
    if state.metric is not None and left > len(foot):
        said = metric_text(state.metric.name, state.metric.value, state.metric.step)
        foot.insert(0, Text(f"  {clean_line(said)}", "bold"))
    trials = tune_rows(state.tune, state.now, left - len(foot)) if state.tune is not None else []
    return [*phases, *(trials or _task_rows(state.tasks, left - len(foot))), *foot]


def phase_line(kind: str, name: str, seconds: float, text: str) -> Text:
    """A phase with its mark, its time and what is said of it."""
    from rich.text import Text

    mark, color = MARKS[kind]
    start = Text.assemble((mark, color), f" {name:<11} ", (f"{spell_seconds(seconds):>9}", "dim"))
    return Text.assemble(start, (f"  {clean_line(text)}", "red" if kind == "failed" else "dim")) if text else start


def _phase_row(phase: RunningPhase, state: LiveState) -> Text:
    seconds = state.now - phase.began
    said = [as_last_time(phase.usual, seconds), phase.text]
    if not phase.text and state.tune is not None:
        said.insert(0, f"{len(state.tune.trials)} of {state.tune.total} trials")
    elif not phase.text and state.tasks:
        said.append(_counted(state.tasks))
    return phase_line("running", phase.name, seconds, "; ".join(filter(None, said)))


def _task_rows(tasks: Sequence[TaskStatus], most: int) -> list[Text]:
    from rich.text import Text

    if most <= 0 or not tasks:
        return []
    if len(tasks) <= most:
        return [Text(f"  {clean_line(task_text(task))}", TASK_COLORS.get(task.state, "dim")) for task in tasks]
    groups = _groups(tasks)
    if len(groups) <= most:
        return [Text(f"  {ranges(names)} {state}", TASK_COLORS.get(state, "dim")) for state, names in groups.items()]
    return [Text(f"  {_counted(tasks)}", "cyan")]


def _groups(tasks: Sequence[TaskStatus]) -> Mapping[str, list[str]]:
    """The tasks' names by their state, what went wrong first."""
    found: dict[str, list[str]] = {}
    for task in sorted(tasks, key=lambda task: task.state not in ("failed", "lost")):
        found.setdefault(task.state, []).append(task.task)
    return found


def _counted(tasks: Sequence[TaskStatus]) -> str:
    counts = Counter(task.state for task in tasks)
    return f"{count(len(tasks), 'task')}: " + ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))


def _foot(run: UnderWay, now: float) -> str:
    """ "digits-abc123  3 min 20 s  0.43 USD so far  ends in 56 min at the latest"."""
    left = run.deadline() - now
    ends = f"ends in {spell_seconds(left)} at the latest" if left > 0 else "its time is over"
    return "  ".join(_parts(run, now, ends))


def _parts(run: UnderWay, now: float, ends: str) -> Iterator[str]:
    yield run.run
    yield spell_seconds(now - run.started)
    if (usd := run.spent()) > 0:
        yield f"{usd:.2f} USD so far"
    yield ends
