"""Words for people: durations, sizes, counts, lists, and texts cut short."""

from __future__ import annotations

import pytest

from tfinfra.text.wording import (
    apart,
    by_number,
    count,
    first_few,
    listed,
    ranges,
    shortened,
    spell_bytes,
    spell_seconds,
)


def test_durations_are_spelt_for_people() -> None:
    spelt = [spell_seconds(s) for s in (0.84, 42, 200, 7500, 7 * 86400)]
    assert spelt == ["0.8 s", "42 s", "3 min 20 s", "2 h 5 min", "7 d"]


def test_sizes_are_spelt_for_people() -> None:
    assert [spell_bytes(n) for n in (512, 14_000_000, 3_200_000_000)] == ["512 bytes", "14 MB", "3.2 GB"]


def test_one_is_singular_and_more_are_plural() -> None:
    assert [count(n, "node") for n in (0, 1, 2)] == ["0 nodes", "1 node", "2 nodes"]
    assert listed("zone", ("1",)) == "zone 1"
    assert listed("zone", ("1", "2", "3")) == "zones 1, 2 and 3"


def test_of_many_names_the_first_few_are_shown() -> None:
    assert first_few(["a", "b"], 2) == "a, b"
    assert first_few({"a": 1, "b": 2, "c": 3}, 2) == "a, b and 1 more"
    assert first_few([], 2) == ""


def test_a_long_text_is_cut_and_says_so() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"


RANGES = {
    "a row": ([f"worker-{n}" for n in range(14)], "worker-0..13"),
    "holes and others": (
        ["chief", "ps-0", "worker-2", "worker-0", "worker-1", "worker-9"],
        "chief, ps-0, worker-0..2, worker-9",
    ),
    "one": (["rank-3"], "rank-3"),
    "none": ([], ""),
}


@pytest.mark.parametrize(("names", "told"), RANGES.values(), ids=RANGES)
def test_numbered_names_are_told_in_few_words(names: list[str], told: str) -> None:
    assert ranges(names) == told


def test_names_are_sorted_by_their_numbers() -> None:
    names = ["worker-10", "worker-2", "ps-1", "chief", "worker-0"]
    assert sorted(names, key=by_number) == ["chief", "ps-1", "worker-0", "worker-2", "worker-10"]


@pytest.mark.parametrize(
    ("one", "other", "seen"),
    [
        ("abc", "abd", ("abc", "abd")),
        ("a" * 9 + "b", "x", ("aaaaaaa…", "x")),
        ("a" * 20 + "b" + "c" * 9, "a" * 20 + "x", ("…aaaabc…", "…aaaax")),
        ("a" * 20, "a" * 20 + "x", ("…aaaa", "…aaaax")),
        ("a" * 7 + "bb", "a" * 7 + "cc", ("…aaaabb", "…aaaacc")),
    ],
)
def test_two_texts_that_differ_are_cut_so_that_it_is_seen(one: str, other: str, seen: tuple[str, str]) -> None:
    assert apart(one, other, 8) == seen
