"""The page of a run: whatever a run says, it is text there; it asks nobody for anything, and has its bound."""

from __future__ import annotations

import dataclasses
import math
import re
import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reporting.pages import filled, read
from tfinfra.model import Point
from tfinfra.reporting.comparison import comparison_page
from tfinfra.reporting.curves import curves_of
from tfinfra.reporting.page import MOST, page, parts, source_hash
from tfinfra.reporting.values import Fact, File, Files, Log, NodeLine, RunPage, Search, TaskLine, TrialLine
from tfinfra.text.cleaning import spelt_out

ATTACKS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</pre></details></main><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "]]>",
    "&lt;b&gt; &amp;",
    "javascript:alert(1)",
    "https://evil.example/x.png",
    "../../../etc/passwd",
    "\u202eexe.txt",
    "\x00\x07\x1b[31m",
    "\ud800",
)


def plain(text: str = "x") -> RunPage:
    run: RunPage = filled(RunPage, text)
    return run


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ATTACKS) | st.lists(st.sampled_from(ATTACKS) | st.text(min_size=1), min_size=1).map("".join))
def test_whatever_a_run_says_the_page_has_the_same_elements(text: str) -> None:
    found = read(page(dataclasses.replace(plain(text), result="failed", state="deleted")))
    expected = read(page(dataclasses.replace(plain(), result="failed", state="deleted")))
    assert [(tag, sorted(a)) for tag, a in found.elements] == [(tag, sorted(a)) for tag, a in expected.elements]
    assert found.sources == expected.sources


@pytest.mark.parametrize("text", ATTACKS)
def test_what_a_run_says_is_there_to_read(text: str) -> None:
    seen = "".join(read(page(plain(text))).text)
    assert seen.count(spelt_out(text).strip()) > 30
    assert not [c for c in seen if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t"]


def test_it_asks_nobody_for_anything_and_runs_nothing_but_its_own_script() -> None:
    found = read(page(plain()))
    policy = next(a["content"] for tag, a in found.elements if a.get("http-equiv") == "Content-Security-Policy")
    (style,), (script,) = found.sources["style"], found.sources["script"]
    assert policy == (
        f"default-src 'none'; style-src '{source_hash(style)}'; script-src '{source_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"url\(|@import|fetch|XMLHttp|import\(|innerHTML|eval", style + script)
    for tag, attributes in found.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset", "action")
        ]
        assert attributes.get("href", "#content") == "#content", tag


def test_a_table_names_its_columns_and_rows_and_a_drawing_says_what_it_shows() -> None:
    elements = read(page(plain())).elements
    ids = {attributes["id"] for _, attributes in elements if "id" in attributes}
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in elements if tag == "th")
    for _, attributes in elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(name) or "").split()) <= ids
    drawings = [attributes for tag, attributes in elements if tag == "svg" and attributes.get("aria-hidden") != "true"]
    assert drawings
    assert all(attributes["role"] == "img" and attributes["aria-labelledby"] for attributes in drawings)


def test_headings_go_down_one_at_a_time() -> None:
    levels = [int(tag[1]) for tag, _ in read(page(plain())).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_run_of_which_nothing_is_known_has_a_page() -> None:
    assert "digits-abc123" in page(RunPage("digits-abc123", "digits", 0.0, "unknown"))


def test_a_rehearsal_is_called_one_alone_and_compared() -> None:
    run = RunPage("digits-abc123", "digits", 0.0, "unknown", where="this machine as D2 in westeurope")
    rehearsal = dataclasses.replace(run, run="digits-xyz789", rehearsal=True)
    assert "rehearsal" not in parts(run).head
    assert "rehearsal, run of digits" in parts(rehearsal).head
    compared = comparison_page([run, rehearsal])
    assert compared.count("this machine as D2 in westeurope (rehearsal)") == 1


def test_200_tasks_with_long_logs_fit() -> None:
    lines = tuple("<&" * 3000 for _ in range(200))
    tasks = tuple(TaskLine(f"rank-{i}", i, "failed", 1, 10.0, 20.0, "&" * 9000) for i in range(200))
    run = dataclasses.replace(
        plain(),
        logs=tuple(Log(task.name, lines, whole=False) for task in tasks),
        tasks=tasks,
        nodes=tuple(NodeLine(i, "&" * 9000, "&" * 9000, 1, 1) for i in range(200)),
        files=Files(tuple(File("&" * 9000, 1) for _ in range(200)), 10**6, 10**9),
    )
    assert len(page(run).encode()) <= MOST


def facts(many: int) -> tuple[Fact, ...]:
    return tuple(Fact(f"layer{i}/<norm>", "&" * 70) for i in range(many))


MANY: dict[str, dict[str, Any]] = {
    "parameters": {"parameters": facts(30_000)},
    "warnings": {"warnings": tuple(f"{i} <{'&' * 70}>" for i in range(30_000))},
    "trials": {
        "search": Search(
            "loss",
            False,
            "random",
            "",
            tuple(TrialLine(i, "failed", {f"p{n}": "&" * 40 for n in range(20)}) for i in range(3000)),
        )
    },
    "packages": {"packages": facts(30_000)},
    "nodes": {"nodes": tuple(NodeLine(i, "&" * 70, "10.0.0.4", 1, 1) for i in range(30_000))},
}


@pytest.mark.parametrize("what", MANY)
def test_of_very_many_a_page_lists_some_and_says_how_many_more(what: str) -> None:
    text = page(dataclasses.replace(plain(), **MANY[what]))
    assert len(text.encode()) <= MOST
    assert re.search(r"and [0-9]{3,} more</p>", text)


def test_a_comparison_of_very_many_names_has_the_same_bound() -> None:
    run = dataclasses.replace(plain(), parameters=facts(20_000), packages=facts(20_000))
    text = comparison_page([run, run])
    assert len(text.encode()) <= MOST
    assert "and 19500 more</p>" in text


def test_200_tasks_of_ordinary_logs_have_all_their_last_lines() -> None:
    lines = tuple(f"Epoch {i}/200 - loss: 0.1234" for i in range(1000))
    run = dataclasses.replace(plain(), logs=tuple(Log(f"rank-{i}", lines, whole=False) for i in range(200)))
    text = page(run)
    assert text.count("Epoch 800/200") == text.count("Epoch 999/200") == 200
    assert "Epoch 799/200" not in text


@pytest.mark.parametrize("share", [1.0, 0.5, 0.05])
def test_a_long_curve_is_drawn_whole_where_texts_are_cut(share: float) -> None:
    points = (Point("rank-0", "loss", math.sin(step), step, float(step)) for step in range(5000))
    trials = tuple(TrialLine(n, "succeeded", {f"--p{i}": float(i * n) for i in range(60)}, float(n)) for n in range(3))
    search = Search("loss", maximize=True, sampling="random", policy="", trials=trials, best=1)
    run = dataclasses.replace(plain(), curves=tuple(curves_of(points)), search=search)
    paths = re.findall(r' d="([^"]*)"', parts(run, share).body)
    assert [path for path in paths if not re.fullmatch(r"[MLHVhv0-9. -]+", path)] == []
    assert max(map(len, paths)) > 1000 * share
