"""Secret values out of text: whatever is around them, and wherever a stream is cut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.agent.node import log_shipping
from tfinfra.store import MemoryStore, log_chunk
from tfinfra.text import masking
from tfinfra.text.redrawing import collapse

SECRET = "s3cr3t-value"
CASES = {
    "in the middle": (f"key={SECRET}!", "key=***!"),
    "twice": (f"{SECRET}{SECRET}", "******"),
    "none": ("nothing here", "nothing here"),
    "the begin of one is not one": ("s3cr3t-val", "s3cr3t-val"),
}


@pytest.mark.parametrize("sentence", CASES)
def test_a_value_is_masked(sentence: str) -> None:
    text, expected = CASES[sentence]
    assert masking.masked_text(text, [SECRET]) == expected


def test_each_line_of_a_key_of_several_lines_is_masked() -> None:
    key = "-----BEGIN-----\nabcdefgh\n  ijklmnop\n-----END-----\n"
    assert masking.masked_text("abcdefgh, then ijklmnop", [key]) == "***, then ***"


def test_a_longer_value_goes_before_one_that_is_part_of_it() -> None:
    assert masking.masked_text("password1234", ["password", "password1234"]) == "***"


def test_a_value_too_short_to_be_told_from_text_is_left() -> None:
    assert masking.masked_text("rank 1 of 2", ["1", ""]) == "rank 1 of 2"


@given(st.binary(max_size=20), st.binary(min_size=4, max_size=9), st.binary(max_size=20), st.data())
def test_a_stream_cut_anywhere_is_masked_as_if_it_were_whole(
    before: bytes, needle: bytes, after: bytes, data: st.DataObject
) -> None:
    text = before + needle + after
    cut = data.draw(st.integers(0, len(text)))
    first, rest = log_shipping.split_line(masking.mask(text[:cut], (needle,)), (needle,))
    assert needle not in first + masking.mask(rest + text[cut:], (needle,))


def test_a_log_shows_no_secret_however_it_grows(tmp_path: Path) -> None:
    """A line without an end, longer than what waits for one, goes out in pieces: one border is within the secret."""
    store, file = MemoryStore(), tmp_path / "task.log"
    tail, hidden = log_shipping.ShippedLog("main-0", file), masking.needles([SECRET])
    parts = [
        b"first line\n",
        b"x" * (1 << 16),
        SECRET[:5].encode(),
        SECRET[5:].encode() + b"y" * 10,
        b"\nlast",
        b" one\n",
    ]
    for part in parts:
        with file.open("ab") as out:
            out.write(part)
        tail.ship(store, hidden=hidden)
    tail.ship(store, final=True, hidden=hidden)
    shipped = b"".join(log_chunk(store, key) or b"" for key in sorted(store.objects))
    assert shipped == b"".join(parts).replace(SECRET.encode(), b"***")
    assert len(store.objects) > 2


def test_a_secret_in_a_redrawn_line_is_masked(tmp_path: Path) -> None:
    store, file = MemoryStore(), tmp_path / "task.log"
    file.write_bytes(f"progress 1\rprogress {SECRET}\r\nunfinished {SECRET}".encode())
    log_shipping.ShippedLog("main-0", file).ship(store, final=True, hidden=masking.needles([SECRET]))
    assert b"".join(log_chunk(store, key) or b"" for key in store.objects) == b"progress ***\nunfinished ***\n"


REDRAWN = {
    "whose end backspaces cut": f"{SECRET}\b\b\bxyz\n",
    "that backspaces put together": f"{SECRET[:3]}__\b\b{SECRET[3:]}\n",
    "before a carriage return": f"x\r{SECRET}\b\b\r\n",
    "in a line without an end": f"{SECRET}\b\b\bxyz",
    "in a line that goes out in pieces": "y" * (1 << 17) + f"{SECRET}\b\b\bxyz\n",
}


@pytest.mark.parametrize("text", REDRAWN.values(), ids=REDRAWN)
def test_no_part_of_a_secret_is_left_by_backspaces(text: str, tmp_path: Path) -> None:
    store, file = MemoryStore(), tmp_path / "task.log"
    file.write_bytes(text.encode())
    log_shipping.ShippedLog("main-0", file).ship(store, final=True, hidden=masking.needles([SECRET]))
    shipped = b"".join(log_chunk(store, key) or b"" for key in sorted(store.objects)).replace(b"y", b"")
    assert SECRET[:4].encode() not in shipped
    assert SECRET[-4:].encode() not in shipped


def test_a_log_of_letters_and_backspaces_by_turns_takes_its_time_once(tmp_path: Path) -> None:
    data = b"x" * (1 << 19) + b"a\b" * (1 << 18) + b"\n"
    began = time.process_time()
    assert collapse(data) == b"x" * (1 << 19) + b"a\n"
    assert time.process_time() - began < 5
