"""What was seen, kept: measured.json beside this file, and the tables that show it beside what `validate` says."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.versions.backend_cases import BACKENDS
from bench.versions.case import Case
from bench.versions.rule_cases import RULES
from bench.versions.running import told, write_project
from tfinfra.catalog.tensorflow import Framework, frameworks, numbers

MEASURED = Path(__file__).with_name("measured.json")
OLDEST = "2.15"
"""The oldest minor version that is tried; the catalog has older ones."""
TRAINS, REFUSED, NOT_TRIED = "trains", "refused", "not tried"
OTHER_MATTERS = ("TFI525",)
"""What `validate` says of where a script writes: nothing that a version decides."""
CASES: Mapping[str, Case] = {case.name: case for case in (*BACKENDS, *RULES)}


@dataclass(frozen=True)
class Seen:
    """`what`: "trains", "refused", "not tried: …", or what went wrong, in one line; `taken` the day, as 2026-11-30;
    `digest` that of the case: one that has changed is tried again."""

    framework: str
    python: str
    case: str
    what: str
    taken: str
    digest: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.framework, self.python, self.case


@dataclass(frozen=True)
class Judged:
    """What was seen, and the codes of what `validate` says but for its notices."""

    seen: Seen
    codes: tuple[str, ...]

    @property
    def is_true(self) -> bool:
        """Whether `validate` says something of what fails, and nothing of what trains."""
        return self.seen.what.startswith(NOT_TRIED) or (self.seen.what == TRAINS) == (not self.codes)


def judged(rows: Iterable[Seen]) -> Iterator[Judged]:
    """The rows with what the rules of today say of them."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-versions-") as name:
        for number, row in enumerate(rows):
            manifest = write_project(CASES[row.case], Path(name, str(number)), row.framework, row.python)
            _, said = told(manifest)
            codes = dict.fromkeys(d.code for d in said if d.code not in OTHER_MATTERS)
            yield Judged(row, tuple(codes))


def tried() -> tuple[Framework, ...]:
    """The catalog's minor versions from 2.15 on."""
    return tuple(one for one in frameworks() if numbers(one.minor) >= numbers(OLDEST))


def read(path: Path = MEASURED) -> list[Seen]:
    """The rows of cases that there still are."""
    rows = json.loads(path.read_text("utf-8")) if path.exists() else []
    return [Seen(**row) for row in rows if row["case"] in CASES]


def write(rows: Iterable[Seen], path: Path = MEASURED) -> None:
    lines = ",\n ".join(json.dumps(asdict(row), ensure_ascii=False) for row in sorted(rows, key=_order))
    path.write_text(f"[\n {lines}\n]\n", "utf-8")


def _order(row: Seen) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    return numbers(row.framework), numbers(row.python), [*CASES].index(row.case)


def tables(rows: Sequence[Judged]) -> str:
    """Two tables in Markdown: backends by TensorFlow and Python, and the rules' scripts by what becomes of them."""
    days = dict.fromkeys(sorted(row.seen.taken for row in rows))
    taken = f"Run on {' to '.join(dict.fromkeys([*days][:1] + [*days][-1:]))}."
    found = {row.seen.key: row for row in rows}
    return f"{taken}\n\n{_backends(found)}\n{_rules(found)}"


def _backends(found: Mapping[tuple[str, str, str], Judged]) -> str:
    names = [case.name for case in BACKENDS]
    lines = [f"| TensorFlow | Python | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    for one in tried():
        for python in one.python:
            cells = [_cell(found.get((one.patch, python, name))) for name in names]
            lines.append(f"| {one.patch} | {python} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _rules(found: Mapping[tuple[str, str, str], Judged]) -> str:
    """A line for each script: {what becomes of it: the TensorFlows with which it does}."""
    lines = ["| script | what becomes of it |", "|---|---|"]
    for case in RULES:
        becomes: dict[str, list[str]] = {}
        for one in (one for one in tried() if case.fits(one)):
            of_any = (row for (patch, _, name), row in found.items() if (patch, name) == (one.patch, case.name))
            becomes.setdefault(_cell(next(of_any, None)), []).append(one.minor)
        text = "; ".join(f"{what}: {_spans(minors)}" for what, minors in becomes.items() if what != NOT_TRIED)
        lines.append(f"| {case.name} | {text or NOT_TRIED} |")
    return "\n".join(lines) + "\n"


def _spans(minors: Sequence[str]) -> str:
    """ "2.15, 2.17 to 2.21"."""
    order = [one.minor for one in tried()]
    spans: list[list[str]] = []
    for minor in minors:
        if spans and order.index(minor) == order.index(spans[-1][-1]) + 1:
            spans[-1].append(minor)
        else:
            spans.append([minor])
    return ", ".join(span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans)


def _cell(row: Judged | None) -> str:
    """ "yes", the codes of what fails as it is told, and a mark where it is told wrongly."""
    if row is None or row.seen.what.startswith(NOT_TRIED):
        return NOT_TRIED
    if not row.is_true:
        return f"{row.seen.what} ({', '.join(row.codes) or 'no word'}) !"
    return "yes" if row.seen.what == TRAINS else ", ".join(row.codes)
