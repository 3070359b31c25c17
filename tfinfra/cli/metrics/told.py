"""The rows of a run's metrics as table, CSV, plots and document."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tfinfra.cli.metrics.plot import plot
from tfinfra.cli.tables import Bold, show_table
from tfinfra.lifecycle.watch.latest_metric import value_in_json

if TYPE_CHECKING:
    from tfinfra.lifecycle.metrics.series import Series

HEAD = ("METRIC", "TASK", "POINTS", "STEP", "LAST", "LEAST", "MOST")
COLUMNS = ("task", "name", "step", "value", "time", "run")
_PLOTS = 8
"""Metrics that are drawn at once, at most."""


def show_summary(series: Sequence[Series]) -> None:
    """A row for each metric of each task: how many values, the last one and its step, the least and the most."""
    show_table(HEAD, [_row(each) for each in series])


def _row(series: Series) -> list[str]:
    finite = series.finite
    least, most = (_short(min(finite)), _short(max(finite))) if finite else ("-", "-")
    name = f"{series.name} (MLflow run {series.run[:8]})" if series.run else series.name
    last = series.last
    return [name, series.task, str(len(series.points)), str(last.step), _short(last.value), least, most]


def _short(value: float) -> str:
    return f"{value:.6g}"


def plot_lines(series: Sequence[Series]) -> Iterator[str]:
    """The first metrics, each with its plot."""
    for number, each in enumerate(series[:_PLOTS]):
        if number:
            yield ""
        yield Bold(f"{each.name}  {each.task}  {_said_of(each)}")
        yield from plot([point.step for point in each.points], [point.value for point in each.points])
    if len(series) > _PLOTS:
        yield f"and {len(series) - _PLOTS} more: --metric NAME and --task TASK choose"


def _said_of(series: Series) -> str:
    count = len(series.points)
    points = f"{count} points" if count > 1 else "1 point"
    odd = count - len(series.finite)
    return f"{points}, last {_short(series.last.value)}" + (f", {odd} NaN or infinite" if odd else "")


def csv_lines(series: Iterable[Series]) -> Iterator[str]:
    """The head and a line for each point; values as Python writes them, so that none loses a digit."""
    yield ",".join(COLUMNS)
    for each in series:
        for point in each.points:
            line = io.StringIO()
            row = (point.task, point.name, point.step, value_in_json(point.value), point.time, point.run)
            csv.writer(line, lineterminator="").writerow(row)
            yield line.getvalue()


def document_of(run: str, leader: str | None, series: Iterable[Series]) -> dict[str, Any]:
    """What the document "metrics" holds."""
    rows = [
        {
            "name": each.name,
            "task": each.task,
            "mlflow_run": each.run or None,
            "points": [
                {"step": point.step, "value": value_in_json(point.value), "time": point.time} for point in each.points
            ],
        }
        for each in series
    ]
    return {"run": run, "leader": leader, "metrics": rows}
