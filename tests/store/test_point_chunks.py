"""Points as lines: what is written is read again, and what is no point is passed over and counted."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.model import Logged, Point, Remark
from tfinfra.script import LONGEST_NAME, LONGEST_TEXT
from tfinfra.store import chunk_of, logged_in, points_in, reworded

NAMES = st.text(min_size=1, max_size=250).filter(str.isprintable)
TIMES = st.integers(0, 10**12).map(lambda number: number / 1000)
POINTS = st.builds(
    Point,
    st.just("worker-0"),
    NAMES,
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
    TIMES,
    st.sampled_from(["", "a" * 32, "digits-x7k2pq"]),
)
REMARKS = st.builds(
    Remark,
    st.just("worker-0"),
    st.sampled_from(["parameter", "tag"]),
    NAMES,
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    TIMES,
    st.sampled_from(["", "a" * 32]),
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
    "a line without end": FIT.join("{}").encode() + b" " * 65536,
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
    "a remark without a time": b'{"parameter":"lr","text":"0.1"}',
    "a remark whose text is none": b'{"parameter":"lr","text":0.1,"time":5.0}',
    "a remark without end": b'{"tag":"lr","text":"%s","time":5.0}' % (b"x" * 8001),
    "a remark whose name is none": b'{"tag":7,"text":"0.1","time":5.0}',
    "a run that is no text": (FIT + ',"run":7').join("{}").encode(),
}


@given(st.lists(POINTS | REMARKS, max_size=5))
def test_what_is_written_is_read_again(logged: list[Logged]) -> None:
    found, odd = logged_in("worker-0", chunk_of(logged))
    assert odd == 0
    assert [repr(each) for each in found] == [repr(each) for each in logged]  # NaN is not equal to itself
    points = [repr(each) for each in logged if isinstance(each, Point)]
    assert [repr(each) for each in points_in("worker-0", chunk_of(logged))[0]] == points


def test_the_widest_text_of_the_widest_name_is_read_again() -> None:
    widest = Remark("worker-0", "tag", "\U0001f600" * LONGEST_NAME, "\x00" * LONGEST_TEXT, 5.0, "a" * 32)
    assert logged_in("worker-0", chunk_of([widest])) == ([widest], 0)


def test_half_a_character_in_a_text_is_one_that_can_be_written() -> None:
    ((found,), _) = logged_in("worker-0", b'{"tag":"a","text":"x\\ud800","time":5.0}')
    assert isinstance(found, Remark)
    assert found.text == "x?"


@given(st.lists(POINTS | REMARKS, max_size=5))
def test_other_words_change_no_numbers(logged: list[Logged]) -> None:
    found, odd = logged_in("worker-0", reworded(chunk_of(logged), lambda text: "*" * len(text)))
    assert odd == 0
    for before, after in zip(logged, found, strict=True):
        assert set(after.name) == {"*"}
        assert isinstance(after, Point) or set(after.text or "") <= {"*"}
        assert repr(replace(after, name=before.name, **words(before))) == repr(before)


def words(logged: Logged) -> dict[str, Any]:
    return {} if isinstance(logged, Point) else {"text": logged.text}


@pytest.mark.parametrize("line", NONE.values(), ids=NONE.keys())
def test_what_is_no_point_is_passed_over_and_counted(line: bytes) -> None:
    good = chunk_of([Point("worker-0", "loss", math.inf, 1, 2.0)])
    assert points_in("worker-0", good + line + b"\n" + good) == ([Point("worker-0", "loss", math.inf, 1, 2.0)] * 2, 1)


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    points_in("worker-0", data)
