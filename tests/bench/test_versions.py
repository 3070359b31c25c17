"""What was run of the versions, against what the rules say today and what the documents show."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from bench.versions.backend_cases import BACKENDS
from bench.versions.record import CASES, Judged, Seen, judged, read, tables, tried
from tfinfra.catalog.tensorflow import Framework

DOCUMENT = Path(__file__).parents[2] / "docs/background/versions.md"
BEGIN, END = "<!-- tables: python -m bench versions -->\n", "<!-- end of tables -->"


@cache
def rows() -> tuple[Judged, ...]:
    return tuple(judged(read()))


def test_validate_warns_of_what_failed_and_of_nothing_that_trained() -> None:
    wrong = [(*row.seen.key, row.seen.what, row.codes) for row in rows() if not row.is_true]
    assert wrong == []


def test_no_case_has_changed_since_it_was_run() -> None:
    assert [row.seen.key for row in rows() if row.seen.digest != CASES[row.seen.case].digest] == []


def test_the_document_shows_what_was_run() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == tables(rows()).strip()


@pytest.mark.parametrize("framework", [tried()[0], tried()[-1]], ids=lambda one: one.minor)
def test_the_oldest_and_the_newest_were_run_with_every_backend(framework: Framework) -> None:
    run = {row.seen.case for row in rows() if row.seen.framework == framework.patch}
    assert {case.name for case in BACKENDS} <= run


def test_a_warning_is_true_where_it_failed_and_silence_where_it_trained() -> None:
    def row(what: str) -> Seen:
        return Seen("2.15.1", "3.11", "mpi", what, "2026-11-30", "")

    told = ("TFI502",)
    assert [Judged(row(what), told).is_true for what in ("trains", "ValueError: x", "refused")] == [False, True, True]
    assert [Judged(row(what), ()).is_true for what in ("trains", "ValueError: x", "refused")] == [True, False, False]
    assert Judged(row("not tried: no Python 3.9"), told).is_true
