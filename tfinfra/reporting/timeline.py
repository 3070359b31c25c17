"""Phases and tasks as bars over one time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfinfra.reporting.scales import Mark, Scale, marks
from tfinfra.reporting.spelling import seconds
from tfinfra.reporting.values import Phase, RunPage

KINDS = {"succeeded": "good", "failed": "bad", "lost": "bad", "stopped": "off"}
_MOST = 500
_THINNEST = 0.3
"""Percent of the whole width: what took no time is seen, too."""


@dataclass(frozen=True)
class Bar:
    """From `at`, `wide`, in percent of the whole. `kind`: good, bad, off, or on for what goes on."""

    at: float
    wide: float
    kind: str


@dataclass(frozen=True)
class TimeRow:
    """A phase or task. `bar` is None where its times are not known."""

    label: str
    where: str
    state: str
    note: str
    began: float | None
    took: float | None
    bar: Bar | None


@dataclass(frozen=True)
class Timeline:
    """`begin` in Unix seconds; `below` are marks of the seconds since then; `more` tasks have no row."""

    begin: float | None
    phases: tuple[TimeRow, ...]
    tasks: tuple[TimeRow, ...]
    more: int
    below: tuple[Mark, ...]


def timeline(run: RunPage) -> Timeline:
    """That of a run, from its first moment to its last, or to now."""
    moments = [*_moments(run), *((run.ended or run.at,) if run.started or run.phases else ())]
    if not moments:
        return Timeline(None, (), (), 0, ())
    scale = Scale.around(min(moments), max(moments))
    phases = tuple(_phase_row(phase, run, scale) for phase in run.phases)
    tasks = tuple(_task_rows(run, scale))
    below = marks(Scale(0.0, scale.high - scale.low), 4, seconds)
    return Timeline(scale.low, phases, tasks[:_MOST], max(0, len(tasks) - _MOST), below)


def _moments(run: RunPage) -> Sequence[float]:
    of_phases = [moment for p in run.phases if p.began for moment in (p.began, p.began + (p.seconds or 0.0))]
    of_tasks = [moment for task in run.tasks for moment in (task.started, task.ended) if moment]
    return [*of_phases, *of_tasks, *((run.started,) if run.started else ())]


def _task_rows(run: RunPage, scale: Scale) -> list[TimeRow]:
    over = run.ended or run.at
    rows = []
    for task in sorted(run.tasks, key=lambda task: task.node):
        end = task.ended or over
        exit_status = f"exit {task.exit_status}" if task.exit_status else ""
        note = ", ".join(each for each in (exit_status, task.message) if each)
        took = end - task.started if task.started else None
        bar = _bar(scale, task.started, end, KINDS.get(task.state, "on"))
        rows.append(TimeRow(task.name, f"node {task.node}", task.state, note, task.started, took, bar))
    return rows


def _phase_row(phase: Phase, run: RunPage, scale: Scale) -> TimeRow:
    goes_on = phase.seconds is None and not run.ended
    state, kind = ("failed", "bad") if phase.failed else ("goes on", "on") if goes_on else ("", "phase")
    end = (phase.began or 0.0) + phase.seconds if phase.seconds is not None else run.ended or run.at
    bar = _bar(scale, phase.began, end, kind)
    return TimeRow(phase.name, "", state, "", phase.began, phase.seconds, bar)


def _bar(scale: Scale, began: float | None, end: float, kind: str) -> Bar | None:
    if began is None:
        return None
    left, right = (min(1.0, max(0.0, scale.share(moment))) * 100 for moment in (began, max(began, end)))
    wide = max(right - left, _THINNEST)
    return Bar(round(min(left, 100 - wide), 2), round(wide, 2), kind)
