"""How lines that a program redraws are shown, and lines that are longer than anybody reads."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from tfinfra.lifecycle.watch.log_reader import AT_A_TIME, AT_THE_END, LONGEST, LogLine, LogReader, lines_of
from tfinfra.store import MemoryStore, keys
from tfinfra.text.redrawing import redrawn

MIB = 1 << 20
SPELLED = " … cut here: {} more characters in this line"


def long_lines() -> dict[str, tuple[Iterator[str], list[str]]]:
    """Pieces of a log, and the lines that are shown of it."""
    bar = "".join(f"\r{n:6}/999999 [{'=' * 500}]" for n in range(4000))
    cut = "x" * LONGEST + SPELLED
    return {
        "a line of 16 MiB": (iter(["x" * MIB] * 16), [cut.format(16 * MIB - LONGEST)]),
        "in one piece": (iter(["x" * 16 * MIB]), [cut.format(16 * MIB - LONGEST)]),
        "in small pieces": (iter(["x" * 100] * 40_000), [cut.format(4_000_000 - LONGEST)]),
        "the lines around it": (iter(["a\n" + "x" * MIB, "\nb\n"]), ["a", cut.format(MIB - LONGEST), "b"]),
        "16 MiB of backspaces": (iter(["ab" + "\b" * MIB, *["\b" * MIB] * 15, "ok\n"]), ["ok"]),
        "letters and backspaces by turns": (iter(["z", "a\b" * (MIB // 4)]), ["za"]),
        "a bar that is redrawn for 2 MB": (iter([bar, "\ndone"]), [bar.rpartition("\r")[2], "done"]),
        "carriage returns": (iter(["ok", *["\r" * MIB] * 8]), ["ok"]),
        "a long line that is drawn anew": (iter(["x" * MIB, "x" * MIB + "\rshort"]), ["short"]),
    }


@pytest.mark.parametrize("case", long_lines())
def test_a_long_line_is_cut_in_a_time_that_is_bounded(case: str) -> None:
    pieces, shown = long_lines()[case]
    began = time.process_time()
    lines = list(lines_of(pieces))
    assert time.process_time() - began < 8
    assert lines == shown


def test_a_line_takes_no_more_memory_than_is_shown_of_it() -> None:
    tracemalloc.start()
    assert len(list(lines_of("x" * MIB for _ in range(64)))) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


def test_pieces_make_no_difference() -> None:
    text = "".join(random.Random(7).choices(["word ", "\n", "\r", "\b\b", "é", "\r\n"], k=4000))
    whole = [redrawn(line) for line in text.split("\n")]
    cuts = sorted(random.Random(8).sample(range(len(text)), 200))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert list(lines_of(pieces)) == (whole if whole[-1] else whole[:-1])


def texts(lines: Iterator[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_a_log_comes_as_it_grows() -> None:
    store = MemoryStore()
    tail = LogReader(store, "main-0")
    store.put(keys.log_key("main-0", 0), "a\nb é".encode()[:-1])
    assert texts(tail.new()) == ["a"]
    store.put(keys.log_key("main-0", 1), "é".encode()[-1:] + b" c\nd")
    assert texts(tail.new()) == ["b é c"]
    assert texts(tail.rest()) == ["d"]


class Endless(MemoryStore):
    """A store whose log has another chunk whenever one looks."""

    def get(self, key: str) -> bytes | None:
        return f"{key}\n".encode() if key.startswith("logs/") else super().get(key)


def test_a_log_that_grows_faster_than_it_is_read_keeps_nobody_from_looking_elsewhere() -> None:
    tail = LogReader(Endless(), "rank-0")
    first, second = texts(tail.new()), texts(tail.new())
    assert (len(first), second[0]) == (AT_A_TIME, keys.log_key("rank-0", AT_A_TIME))
    assert len(list(tail.rest(AT_THE_END))) == AT_THE_END
