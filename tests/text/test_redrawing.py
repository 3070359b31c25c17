"""Lines that a program redraws, in their last state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.text.redrawing import collapse, redrawn

LINES = {
    "a plain line stays": ("epoch 1", "epoch 1"),
    "the text after the last carriage return counts": ("10%\r50%\r100%", "100%"),
    "a carriage return at the end is a line end": ("100%\r", "100%"),
    "what follows backspaces overwrites": ("1/10\b\b\b\b2/10", "2/10"),
    "backspaces alone take nothing away": ("100%\b\b\b\b", "100%"),
    "a spinner that leaves its cursor on itself": ("|\b/\b-\b", "-"),
    "backspaces never go before the beginning": ("\b\b\bdone", "done"),
    "a shorter text leaves the end of what was there": ("abcd\b\b\b\bxy", "xycd"),
    "backspaces at the beginning of a line that has returned": ("abc\r\b\b", "abc"),
}


@pytest.mark.parametrize(("line", "shown"), LINES.values(), ids=LINES.keys())
def test_redrawn(line: str, shown: str) -> None:
    assert redrawn(line) == shown


COLLAPSE = {
    "plain text stays": (b"one\ntwo\n", b"one\ntwo\n"),
    "a carriage return redraws": (b"1/3\r2/3\r3/3\n", b"3/3\n"),
    "Windows line ends lose only the return": (b"one\r\ntwo\r\n", b"one\ntwo\n"),
    "Keras 2 erases with backspaces, then returns": (b"1/3 [=>..]\b\b\b\b\b\b\b\b\b\b\r3/3 [====]\n", b"3/3 [====]\n"),
    "a backspace goes over a whole character": ("né\bx\n".encode(), b"nx\n"),
    "more backspaces than characters": (b"ab\b\b\b\bc\n", b"cb\n"),
    "bytes that are not UTF-8 survive": (b"\xff\xfe\r\n", b"\xff\xfe\n"),
    "other lines are left alone": (b"a\tb\x1b[0m\n1\r2\n", b"a\tb\x1b[0m\n2\n"),
}


@pytest.mark.parametrize(("written", "shown"), COLLAPSE.values(), ids=COLLAPSE.keys())
def test_collapse(written: bytes, shown: bytes) -> None:
    assert collapse(written) == shown


@given(st.binary(max_size=300))
def test_collapsing_keeps_the_number_of_lines(data: bytes) -> None:
    assert collapse(data).count(b"\n") == data.count(b"\n")
