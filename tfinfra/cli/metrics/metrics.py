"""`tfinfra metrics`: what a run's tasks logged, while it goes on or afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Literal

import click

from tfinfra.cli.completion import completing, tasks
from tfinfra.cli.options import cloud_options, run_argument

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.attach.found_run import FoundRun
    from tfinfra.lifecycle.metrics.sieve import Sieve, Wanted
    from tfinfra.model import Point


@click.command(short_help="Print the metrics that a run has logged.")
@run_argument
@click.option("--csv", "as_csv", is_flag=True, help="Print all points as CSV: task, name, step, value, time, run.")
@click.option("--plot", "as_plot", is_flag=True, help="Draw each metric over its steps, in 80 columns.")
@click.option("--metric", "names", metavar="NAME", multiple=True, help="Only this metric; may be given several times.")
@click.option(
    "--task", "of_tasks", metavar="TASK", multiple=True, shell_complete=completing(tasks), help="Only this task's."
)
@click.option("--nodes", is_flag=True, help="The nodes' own figures too: processors, memory, disk, network, GPUs.")
@click.option(
    "--to", "to", metavar="URL", help="Send the points, the nodes' too, to an MLflow: https://…, or sqlite:///FILE."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(
    *,
    asked: CloudOptions,
    run: str,
    as_csv: bool,
    as_plot: bool,
    names: tuple[str, ...],
    of_tasks: tuple[str, ...],
    nodes: bool,
    to: str | None,
    as_json: bool,
) -> int:
    """Print what the tasks of RUN have logged in numbers: each metric with its last value, or all points. RUN is a
    run's id or a name: of the name's only live run or, where none is live, of the newest that has ended."""
    from tfinfra.cli.output import progress, show
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.metrics.sieve import Wanted
    from tfinfra.text.wording import count

    if (as_csv, as_plot, as_json, to is not None).count(True) > 1:
        raise UsageError("--csv, --plot, --json and --to contradict each other", hint="give one of them")
    found = find_run(run, asked, progress, ended=True)
    wanted = Wanted(frozenset(names), frozenset(of_tasks), nodes=nodes or to is not None)
    if to is not None:
        from tfinfra.lifecycle.metrics.replay.replay import replay

        sent = replay(found, to, wanted, progress)
        show(f"{count(sent, 'point')} of {found.run} sent to {to}")
    else:
        _print(found, wanted, "json" if as_json else "csv" if as_csv else "plot" if as_plot else "table")
    return 0


def _print(found: FoundRun, wanted: Wanted, form: Literal["json", "csv", "plot", "table"]) -> None:
    """What is wanted of all that the run has logged; of no metric its parameters, but in JSON."""
    from tfinfra.cli.metrics.told import csv_lines, document_of, plot_lines, show_parameters, show_summary
    from tfinfra.cli.output import print_document, progress, show
    from tfinfra.cli.tables import show_lines
    from tfinfra.lifecycle.attach.of_a_tune import is_tune, trials_have
    from tfinfra.lifecycle.metrics.run_points import leader_of
    from tfinfra.lifecycle.metrics.series import all_series, summaries
    from tfinfra.lifecycle.metrics.sieve import Sieve
    from tfinfra.lifecycle.watch.home_points import is_of_node

    leader = leader_of(found)
    sieve = Sieve(found.run, wanted, is_of_node, leader)
    points = _read(found, sieve)
    if form == "json":
        print_document("metrics", document_of(found.run, leader, all_series(points), sieve.remarks))
        return
    first = next(points, None)
    if first is None and is_tune(found):
        raise trials_have(found, "metrics", "metrics")
    if first is None:
        progress(f"{found.run} has logged no metric")
        show_parameters(sieve.remarks)
        return
    points = chain([first], points)
    if form == "csv":
        show_lines(csv_lines(points), whole=True)
    elif form == "plot":
        show(*plot_lines(all_series(points), sieve.remarks), whole=True)
    else:
        show_summary(summaries(points), sieve.remarks)
        if not wanted.names:
            show_parameters(sieve.remarks, apart=True)


def _read(found: FoundRun, sieve: Sieve) -> Iterator[Point]:
    """The points that pass; at their end it is told what of the lines was none."""
    from tfinfra.cli.output import progress
    from tfinfra.lifecycle.metrics.run_points import run_logged
    from tfinfra.text.wording import count

    odd = Counter[str]()
    yield from sieve.points(run_logged(found, odd))
    for task, lines in odd.items():
        progress(f"warning: no point, and not shown: {count(lines, 'line')} of {task}'s metrics")
