"""Who moves a file of another tool over, or slips with the pen, reads at the right place what to write."""

from __future__ import annotations

import pytest

from tests.manifest.words.mistakes import MISTAKES
from tfinfra.errors import Diagnostic, ManifestError
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.shape import manifest_errors

ROWS = {f"{kind}: {sentence}": row for kind, rows in MISTAKES.items() for sentence, row in rows.items()}


def errors(text: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a manifest of this text, before any file is looked at."""
    try:
        document, found = read_document(text.encode(), "train.yaml")
    except ManifestError as error:
        return error.diagnostics
    return (*found, *manifest_errors(document))


@pytest.mark.parametrize("sentence", ROWS)
def test_a_mistake_is_told_where_it_is_with_its_way_out(sentence: str) -> None:
    marked, code, expected = ROWS[sentence]
    marked = marked if marked.startswith("entry_script") else f"entry_script: t.py\n{marked}"
    before, _, after = marked.partition("▶")
    found = errors(before + after)
    assert [each.code for each in found] == [code]
    at = found[0].position
    lines = before.split("\n")
    assert at is not None
    assert (at.line, at.column) == (len(lines), len(lines[-1]) + 1)
    assert expected in (found[0].hint or "")
    assert "hunter2" not in f"{found[0]}"


def test_a_version_keeps_the_zero_that_a_number_loses() -> None:
    (found,) = errors("entry_script: t.py\npython: 3.10\n")
    assert found.hint == "write python_version: 3.10"


def test_a_key_that_a_merge_brings_is_told_with_the_line_of_the_merge() -> None:
    (found,) = errors("entry_script: t.py\nscript_params: &p\n  --lr: 1\nlimits:\n  <<: *p\n")
    assert found.message == "unknown key '--lr', which `<<` on line 5 brings in"
