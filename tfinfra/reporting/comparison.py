"""Runs beside each other: what differs first, then the curves of all, then what is alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tfinfra.reporting.charts import logged_once, overlaid
from tfinfra.reporting.curves import Curve
from tfinfra.reporting.page import Parts, document, rendered, style_and_script
from tfinfra.reporting.spelling import UNKNOWN, moment, number, seconds, usd
from tfinfra.reporting.values import Fact, RunPage

MOST = 20
"""Runs that are compared, at most."""
_CURVES = 1_500_000
_ROWS, _FEWEST_ROWS = 500, 20
"""Rows of a table, where there is room for them and where not."""


@dataclass(frozen=True)
class Compared:
    """A row: what, and the value of each run. `differs`: they are not all one."""

    name: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Table:
    """Rows that differ, and rows that are alike, each in their order."""

    differ: tuple[Compared, ...]
    alike: tuple[Compared, ...]


def comparison_page(runs: Sequence[RunPage]) -> str:
    """The document that compares the runs, in the order given, of page.MOST bytes at most."""
    return document(lambda share: _parts(runs, share))


def _parts(runs: Sequence[RunPage], share: float) -> Parts:
    labelled = list(_leaders(runs))
    _, several = logged_once([curve for _, curve in labelled])
    drawn = {curve.name for curve in several}
    charts, more = overlaid(((label, curve) for label, curve in labelled if curve.name in drawn), int(_CURVES * share))
    body = rendered(
        "comparison.html",
        share,
        runs=runs,
        outcome=_rows(runs, _outcome),
        metrics=_rows(runs, _last_values),
        parameters=_table(runs, lambda run: run.parameters),
        environment=_table(runs, lambda run: run.environment),
        packages=_table(runs, lambda run: run.packages),
        phases=_rows(runs, _phases),
        most=max(_FEWEST_ROWS, int(_ROWS * share)),
        charts=charts,
        more_charts=more,
        at=max(run.at for run in runs),
    )
    return Parts(f"{len(runs)} runs compared", *style_and_script(), head="", rest=body)


def _leaders(runs: Sequence[RunPage]) -> Iterable[tuple[str, Curve]]:
    """Each run's own curves of its leader, or of the first task where that has logged nothing."""
    for run in runs:
        own: dict[str, Curve] = {}
        for curve in run.curves:
            if not curve.run and (curve.name not in own or curve.task == run.leader != own[curve.name].task):
                own[curve.name] = curve
        for name in sorted(own, key=lambda name, run=run: name != run.primary):  # type: ignore[misc]
            yield run.run, replace(own[name], task=run.run)


def _outcome(run: RunPage) -> Iterable[Fact]:
    took = (run.ended or run.at) - run.started if run.started else None
    yield Fact("Began", moment(run.started))
    yield Fact("Took", seconds(took))
    yield Fact("Cost at list price", usd(run.cost.usd) if run.cost else UNKNOWN)
    yield Fact("Nodes", str(len(run.nodes)))
    yield Fact("Tasks", str(len(run.tasks)))
    yield Fact("Where", f"{run.where} (rehearsal)" if run.rehearsal else run.where)
    yield Fact("Commit", (run.origin.commit or UNKNOWN) + (" with changes" if run.origin.dirty else ""))
    yield Fact("Locked", "yes" if run.origin.locked else "no")


def _last_values(run: RunPage) -> Iterable[Fact]:
    return (Fact(curve.name, number(curve.last)) for _, curve in _leaders([run]))


def _phases(run: RunPage) -> Iterable[Fact]:
    return (Fact(phase.name, seconds(phase.seconds)) for phase in run.phases)


def _table(runs: Sequence[RunPage], of: Callable[[RunPage], Iterable[Fact]]) -> Table:
    rows = _rows(runs, of)
    return Table(tuple(row for row in rows if row.differs), tuple(row for row in rows if not row.differs))


def _rows(runs: Sequence[RunPage], of: Callable[[RunPage], Iterable[Fact]]) -> tuple[Compared, ...]:
    """A row for each name that a run has; a name that one has twice has both values in its cell."""
    columns: list[dict[str, str]] = []
    for run in runs:
        column: dict[str, str] = {}
        for fact in of(run):
            column[fact.name] = f"{column[fact.name]} {fact.value}" if fact.name in column else fact.value
        columns.append(column)
    names = dict.fromkeys(name for column in columns for name in column)
    rows = ((name, tuple(column.get(name, UNKNOWN) for column in columns)) for name in names)
    return tuple(Compared(name, values, len(set(values)) > 1) for name, values in rows)
