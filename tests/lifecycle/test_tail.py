"""How lines that a program redraws are shown."""

from __future__ import annotations

import pytest

from tfinfra.lifecycle.tail import redrawn

CASES = {
    "a plain line stays": ("epoch 1", "epoch 1"),
    "the text after the last carriage return counts": ("10%\r50%\r100%", "100%"),
    "a carriage return at the end is a line end": ("100%\r", "100%"),
    "backspaces rub out": ("1/10\b\b\b\b2/10", "2/10"),
    "backspaces never go before the beginning": ("\b\b\bdone", "done"),
    "a longer old text stays behind a shorter new one, as on a terminal": ("abcd\b\b\b\bxy", "xycd"),
}


@pytest.mark.parametrize(("line", "shown"), CASES.values(), ids=CASES.keys())
def test_redrawn(line: str, shown: str) -> None:
    assert redrawn(line) == shown
