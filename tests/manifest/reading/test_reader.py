"""Reading: positions, scalars as written, and one clear error with a line for what is no manifest."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.errors import ManifestError
from tfinfra.manifest.document import Document
from tfinfra.manifest.reading.reader import MOST_BYTES, read_document
from tfinfra.manifest.reading.scalars import plain_value


def document(text: str) -> Document:
    return read_document(text.encode(), "train.yaml")[0]


def fault(data: bytes) -> tuple[str, int, int]:
    with pytest.raises(ManifestError) as caught:
        read_document(data, "train.yaml")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.position is not None
    return diagnostic.code, diagnostic.position.line, diagnostic.position.column


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)
)

FAULTS = {
    "a tab in the indentation": (b"a:\n\tb: 1\n", "TFI106", 2),
    "a second document": (b"a: 1\n---\nb: 1\n", "TFI107", 2),
    "bytes that are not UTF-8": (b"a: 1\nb: \xff\n", "TFI103", 2),
    "UTF-16": ("a: 1\n".encode("utf-16"), "TFI103", 1),
    "a NUL": (b"a: 1\nb: \x00\n", "TFI104", 2),
    "a file of 100 MB": (b"a" * (MOST_BYTES + 1), "TFI102", 1),
    "an anchor bomb": (BOMB.encode(), "TFI109", 1),
    "an anchor inside itself": (b"a: 1\nb: &b [*b]\n", "TFI109", 2),
    "a hundred thousand brackets": (b"a: " + b"[" * 100_000, "TFI109", 1),
    "a list": (b"- a\n", "TFI110", 1),
    "nothing": (b"", "TFI110", 1),
    "a comment": (b"# a\n", "TFI110", 1),
    "a word": (b"train\n", "TFI110", 1),
    "a Python object": (b"a: !!python/object:os.system {}\n", "TFI111", 1),
    "an alias without anchor": (b"a: *b\n", "TFI113", 1),
    "a quote that is not closed": (b"a: 'b\n", "TFI105", 1),
    "a bracket that is not closed": (b"a: [1, 2\nb: 3\n", "TFI105", 1),
}


@pytest.mark.parametrize("sentence", FAULTS)
def test_what_cannot_be_read_is_one_error_with_its_line(sentence: str) -> None:
    data, code, line = FAULTS[sentence]
    assert fault(data)[:2] == (code, line)


def test_duplicate_keys_are_all_found_and_the_rest_is_read() -> None:
    found, diagnostics = read_document(b"a: 1\na: 2\nb: {c: 1, c: 2}\n", "train.yaml")
    assert [(d.code, d.position.line) for d in diagnostics if d.position] == [("TFI108", 2), ("TFI108", 3)]
    assert found.data == {"a": 1, "b": {"c": 1}}


def test_every_key_and_value_knows_its_place() -> None:
    found = document("a: 1\nlist:\n  - x\n  - {deep: yes}\n")
    assert (found.key(("a",)), found.value(("a",))) == (found.keys[("a",)], found.values[("a",)])
    assert (found.values[("a",)].line, found.values[("a",)].column, found.values[("a",)].length) == (1, 4, 1)
    deep = found.keys[("list", 1, "deep")]
    assert (deep.line, deep.column, deep.length, deep.text) == (4, 6, 4, "  - {deep: yes}")


def test_scalars_keep_their_text() -> None:
    found = document("a: 1.10\nb: 1e-3\nc: no\nd: 010\ne: '7'\n")
    assert [found.text((key,)) for key in "abcde"] == ["1.10", "1e-3", "no", "010", "7"]
    assert found.data == {"a": 1.1, "b": 0.001, "c": False, "d": 10, "e": "7"}


def test_merge_keys_are_merged_and_written_keys_win() -> None:
    found = document("base: &base {x: 1, y: 2}\nnew:\n  <<: *base\n  y: 3\n")
    assert found.data["new"] == {"x": 1, "y": 3}


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter() -> None:
    found, _ = read_document("\ufeffa: 1\r\nb: 2\r\n".encode(), "train.yaml")
    assert found.data == {"a": 1, "b": 2}
    assert found.keys[("b",)].line == 2


PLAIN = {
    "12:30": "12:30",
    "1_000": "1_000",
    "0x10": "0x10",
    "~": None,
    "On": True,
    "-.5": -0.5,
    "2026-01-01": "2026-01-01",
}


@pytest.mark.parametrize("text", PLAIN)
def test_plain_scalars_mean_what_a_reader_takes_them_for(text: str) -> None:
    assert plain_value(text) == PLAIN[text]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_one_manifest_error(data: bytes) -> None:
    try:
        read_document(data, "train.yaml")
    except ManifestError as error:
        assert len(error.diagnostics) == 1
        assert error.diagnostics[0].position is not None


@given(st.text(alphabet=string.ascii_letters + "&*[]{}:-,!|>'\"# \n\t?%@`<~0", max_size=120))
def test_any_yaml_like_text_is_a_document_or_one_manifest_error(text: str) -> None:
    try:
        found, _ = read_document(text.encode(), "train.yaml")
    except ManifestError as error:
        assert error.diagnostics[0].position is not None
    else:
        assert all(position.line >= 1 and position.column >= 1 for position in found.values.values())
