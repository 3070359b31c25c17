"""The rows of a run's metrics as table, CSV, plots and document."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tfinfra.cli.metrics.plot import plot
from tfinfra.cli.output import show
from tfinfra.cli.tables import Bold, show_table
from tfinfra.script import in_json
from tfinfra.text.wording import shortened

if TYPE_CHECKING:
    from tfinfra.lifecycle.metrics.remarks import Remarks
    from tfinfra.lifecycle.metrics.series import Series, Summary
    from tfinfra.model import Point

HEAD = ("METRIC", "TASK", "POINTS", "STEP", "LAST", "LEAST", "MOST")
COLUMNS = ("task", "name", "step", "value", "time", "run")
_PLOTS = 8
"""Metrics that are drawn at once, at most."""
_WIDTH = 60
"""Characters of a parameter that are shown."""


def show_summary(rows: Iterable[Summary], remarks: Remarks) -> None:
    """A row for each metric of each task: how many values, the last one and its step, the least and the most."""
    show_table(HEAD, [_row(each, remarks) for each in rows])


def show_parameters(remarks: Remarks, *, apart: bool = False) -> None:
    """A row for each parameter of the run itself, where it has any; `apart` from what stands above."""
    parameters = remarks.of("").parameters
    if parameters:
        if apart:
            show("")
        show_table(
            ("PARAMETER", "VALUE"),
            [[name, shortened(" ".join(text.split()), _WIDTH)] for name, text in parameters.items()],
        )


def _row(row: Summary, remarks: Remarks) -> list[str]:
    least, most = ("-" if value is None else _short(value) for value in (row.least, row.most))
    return [_name(row, remarks), row.task, str(row.count), str(row.last.step), _short(row.last.value), least, most]


def _name(row: Summary, remarks: Remarks) -> str:
    return f"{row.name} (MLflow run {remarks.of(row.run).name})" if row.run else row.name


def _short(value: float) -> str:
    return f"{value:.6g}"


def plot_lines(series: Sequence[Series], remarks: Remarks) -> Iterator[str]:
    """The first metrics, each with its plot."""
    for number, each in enumerate(series[:_PLOTS]):
        if number:
            yield ""
        yield Bold(f"{_name(each.summary, remarks)}  {each.summary.task}  {_said_of(each)}")
        yield from plot(each.steps, each.values)
    if len(series) > _PLOTS:
        yield f"and {len(series) - _PLOTS} more: --metric NAME and --task TASK choose"


def _said_of(series: Series) -> str:
    count = series.summary.count
    points = f"{count} points" if count > 1 else "1 point"
    odd = sum(not math.isfinite(value) for value in series.values)
    return f"{points}, last {_short(series.summary.last.value)}" + (f", {odd} NaN or infinite" if odd else "")


def csv_lines(points: Iterable[Point]) -> Iterator[str]:
    """The head and a line for each point, each as it comes; values as Python writes them, so that none loses a
    digit."""
    yield ",".join(COLUMNS)
    for point in points:
        line = io.StringIO()
        row = (point.task, point.name, point.step, in_json(point.value), point.time, point.run)
        csv.writer(line, lineterminator="").writerow(row)
        yield line.getvalue()


def document_of(run: str, leader: str | None, series: Iterable[Series], remarks: Remarks) -> dict[str, Any]:
    """What the document "metrics" holds."""
    rows = [
        {
            "name": each.summary.name,
            "task": each.summary.task,
            "mlflow_run": each.summary.run or None,
            "points": [
                {"step": step, "value": in_json(value), "time": time}
                for step, value, time in zip(each.steps, each.values, each.times, strict=True)
            ],
        }
        for each in series
    ]
    return {"run": run, "leader": leader, "metrics": rows, "runs": [each.document() for each in remarks.all()]}
