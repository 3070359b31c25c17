"""What was seen, kept: measured.json beside this file, and the tables that documents show of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.versions.backend_cases import BACKENDS
from bench.versions.rule_cases import RULES
from tfinfra.catalog.tensorflow import Framework, frameworks

MEASURED = Path(__file__).with_name("measured.json")
OLDEST = "2.15"
"""The oldest minor version that is tried; the catalog has older ones, which are said to be."""
NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Seen:
    """`what`: "trains", "refused", or what went wrong, in one line; `codes` what `validate` says but for notices;
    `taken` the day, as 2026-11-30; `digest` that of the case: one that has changed is tried again."""

    framework: str
    python: str
    case: str
    what: str
    codes: tuple[str, ...]
    taken: str
    digest: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.framework, self.python, self.case

    @property
    def is_true(self) -> bool:
        """Whether `validate` warns of what fails, and of nothing else."""
        return self.what.startswith(NOT_TRIED) or (self.what == "trains") == (not self.codes)


def tried() -> tuple[Framework, ...]:
    known = frameworks()
    first = next(index for index, one in enumerate(known) if one.minor == OLDEST)
    return known[first:]


def read(path: Path = MEASURED) -> list[Seen]:
    if not path.exists():
        return []
    known = {case.name for case in (*BACKENDS, *RULES)}
    rows = [Seen(**{**row, "codes": tuple(row["codes"])}) for row in json.loads(path.read_text("utf-8"))]
    return [row for row in rows if row.case in known]


def write(rows: Iterable[Seen], path: Path = MEASURED) -> None:
    lines = ",\n ".join(json.dumps(asdict(row)) for row in sorted(rows, key=_order))
    path.write_text(f"[\n {lines}\n]\n", "utf-8")


def _order(row: Seen) -> tuple[list[int], list[int], int]:
    names = [case.name for case in (*BACKENDS, *RULES)]
    return numbers(row.framework), numbers(row.python), names.index(row.case)


def numbers(version: str) -> list[int]:
    """ "3.10" comes after "3.9"."""
    return [int(part) for part in version.split(".")]


def tables(rows: Sequence[Seen]) -> str:
    """Two tables in Markdown: backends by TensorFlow and Python, and the rules' cases by TensorFlow."""
    found = {row.key: row for row in rows}
    return f"{_backends(found)}\n{_rules(found)}"


def _backends(found: dict[tuple[str, str, str], Seen]) -> str:
    names = [case.name for case in BACKENDS]
    lines = [f"| TensorFlow | Python | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    for one in tried():
        for python in one.python:
            cells = [_cell(found.get((one.patch, python, name))) for name in names]
            lines.append(f"| {one.patch} | {python} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _rules(found: dict[tuple[str, str, str], Seen]) -> str:
    versions = [one.patch for one in tried()]
    lines = [f"| script | {' | '.join(versions)} |", f"|---|{'---|' * len(versions)}"]
    for case in RULES:
        cells = [_of_any_python(found, version, case.name) for version in versions]
        lines.append(f"| {case.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _of_any_python(found: dict[tuple[str, str, str], Seen], version: str, case: str) -> str:
    rows = [row for (framework, _, name), row in found.items() if framework == version and name == case]
    return _cell(rows[0] if rows else None, absent="")


def _cell(row: Seen | None, absent: str = NOT_TRIED) -> str:
    if row is None:
        return absent
    if row.what.startswith(NOT_TRIED):
        return NOT_TRIED
    word = {"trains": "yes", "refused": "refused"}.get(row.what, "no")
    said = f" ({', '.join(row.codes)})" if row.codes else ""
    return f"{word}{said}" if row.is_true else f"{word}{said} **!**"
