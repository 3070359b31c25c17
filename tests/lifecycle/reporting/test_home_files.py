"""What a script has left beside its outputs holds nobody up, and fills no memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from tfinfra.lifecycle.reporting.home_files import HomeFiles
from tfinfra.lifecycle.watch.home_points import logged_at_home
from tfinfra.model import Point
from tfinfra.reporting.logs import LAST
from tfinfra.store import LONGEST_LINE, chunk_of

POINT = Point("rank-0", "loss", 0.5, 1, 100.0)


def metrics(results: Path, data: bytes) -> HomeFiles:
    (results / "metrics").mkdir()
    (results / "metrics" / "rank-0.jsonl").write_bytes(data)
    return HomeFiles(results, "rank-0")


@pytest.mark.parametrize("junk", [b"x\n", b"\n", b"x"], ids=["lines that are no points", "empty lines", "one line"])
def test_the_patience_of_who_reads_ends_whatever_the_lines_are(junk: bytes, tmp_path: Path) -> None:
    home = metrics(tmp_path, junk * (5_000_000 // len(junk)))
    looks = 0

    def late() -> bool:
        nonlocal looks
        looks += 1
        return looks > 3

    assert list(home.logged(late)) == []
    assert looks == 4


def test_a_line_without_end_is_counted_once_and_is_held_nowhere(tmp_path: Path) -> None:
    metrics(tmp_path, chunk_of([POINT]) + b"{" * 20_000_000 + b"\n" + chunk_of([POINT]))
    odd = Counter[str]()
    tracemalloc.start()
    try:
        assert list(logged_at_home(tmp_path, "rank-0", odd)) == [POINT, POINT]
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert odd == {"rank-0": 1}


@pytest.mark.parametrize("before", [0, 1, LONGEST_LINE - 1, LONGEST_LINE, (1 << 18) - 5, (1 << 18) - 1, 1 << 18])
def test_a_point_lies_where_it_will_and_is_read(before: int, tmp_path: Path) -> None:
    metrics(tmp_path, b"x" * before + b"\n" + chunk_of([POINT]).rstrip(b"\n"))
    assert list(logged_at_home(tmp_path, "rank-0", Counter())) == [POINT]


@pytest.mark.parametrize(
    ("width", "number", "whole"),
    [(10, LAST, True), (10, LAST + 1, False), (1000, LAST, True), (1000, LAST + 1, False), (10, 100_000, False)],
)
def test_the_last_lines_of_a_log_are_whole_lines(width: int, number: int, whole: bool, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    lines = [f"{place:0{width}}" for place in range(number)]
    (tmp_path / "tasks" / "rank-0.log").write_text("".join(f"{line}\n" for line in lines))
    log = HomeFiles(tmp_path, "rank-0").log("rank-0")
    assert log is not None
    assert (list(log.lines), log.whole) == (lines[-LAST:], whole)
