"""A manifest that is made means what the other tool's file means; where it does not, a note at the line says so."""

from __future__ import annotations

import pytest

from tests.converting.means_the_same import ROWS
from tfinfra.converting.tools import convert
from tfinfra.manifest.reading.reader import read_document


@pytest.mark.parametrize("sentence", ROWS)
def test_the_manifest_means_the_same_or_a_note_says_what_not(sentence: str) -> None:
    text, keys, without, listed = ROWS[sentence]
    converted = convert(text.encode(), "job.yaml")
    data = read_document(converted.text.encode(), "train.yaml")[0].data
    assert {key: data.get(key) for key in keys} == keys
    assert not without & {*data}
    found = [(each.position.line if each.position else 0, each.message) for each in converted.unmatched]
    assert [line for line, _ in found] == [line for line, _ in listed], found
    assert all(any(at == line and message.startswith(what) for at, message in found) for line, what in listed), found
