"""Points as lines: what is written is read again, and what is no point is passed over and counted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.model import Point
from tfinfra.store import chunk_of, points_in

NAMES = st.text(min_size=1, max_size=250).filter(str.isprintable)
POINTS = st.builds(
    Point,
    st.just("worker-0"),
    NAMES,
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 10**12).map(lambda number: number / 1000),
    st.sampled_from(["", "a" * 32, "digits-x7k2pq"]),
)
FIT = '"name":"loss","value":1.0,"step":3,"time":5.0'
NONE = {
    "no JSON": b"loss 1.0",
    "no object": b"[1, 2]",
    "bytes that are no text": b'{"name":"\xff"}',
    "nested without end": b"[" * 4000,
    "half of a point": b'{"name":"loss","value":1.0}',
    "a name that a terminal obeys": FIT.replace("loss", "\\u001b[2J").join("{}").encode(),
    "a name with a line break": FIT.replace("loss", "a\\nb").join("{}").encode(),
    "a name of half a character": FIT.replace("loss", "\\ud800").join("{}").encode(),
    "a name without letters": FIT.replace("loss", "").join("{}").encode(),
    "a name without end": FIT.replace("loss", "x" * 251).join("{}").encode(),
    "a line without end": FIT.join("{}").encode() + b" " * 4096,
    "a value that is no number": FIT.replace("1.0", '"much"').join("{}").encode(),
    "a value of true": FIT.replace("1.0", "true").join("{}").encode(),
    "a value beyond all": FIT.replace("1.0", "1e999").join("{}").encode(),
    "a value of 400 digits": FIT.replace("1.0", "9" * 400).join("{}").encode(),
    "a value of 3,900 digits": FIT.replace("1.0", "9" * 3900).join("{}").encode(),
    "a step that is no whole number": FIT.replace("3", "3.5").join("{}").encode(),
    "a step beyond 64 bits": FIT.replace("3", str(2**63)).join("{}").encode(),
    "a time before all": FIT.replace("5.0", "-1").join("{}").encode(),
    "a time that is no number": FIT.replace("5.0", '"NaN"').join("{}").encode(),
    "a run that is a path": (FIT + ',"run":"../x"').join("{}").encode(),
    "a run that is no text": (FIT + ',"run":7').join("{}").encode(),
}


@given(st.lists(POINTS, max_size=5))
def test_what_is_written_is_read_again(points: list[Point]) -> None:
    found, odd = points_in("worker-0", chunk_of(points))
    assert odd == 0
    assert [repr(point) for point in found] == [repr(point) for point in points]  # NaN is not equal to itself


@pytest.mark.parametrize("line", NONE.values(), ids=NONE.keys())
def test_what_is_no_point_is_passed_over_and_counted(line: bytes) -> None:
    good = chunk_of([Point("worker-0", "loss", math.inf, 1, 2.0)])
    assert points_in("worker-0", good + line + b"\n" + good) == ([Point("worker-0", "loss", math.inf, 1, 2.0)] * 2, 1)


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    points_in("worker-0", data)
