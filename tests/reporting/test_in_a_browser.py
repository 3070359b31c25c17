"""The page in a browser: nothing is wider than the screen, nothing is asked for, nothing of a run is obeyed."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, browsing, needs_chromium
from tests.reporting.pages import filled
from tfinfra.model import Point
from tfinfra.reporting.comparison import comparison_page
from tfinfra.reporting.curves import curves_of
from tfinfra.reporting.page import page
from tfinfra.reporting.values import Log, Phase, RunPage, TaskLine
from tools.page_picture import main

pytestmark = needs_chromium
HOSTILE = (
    "</script><script>document.title='owned'</script>"
    "<img src=https://evil.example/x onerror=\"document.title='owned'\">"
)
WIDTHS = (390, 1440)


def a_run(hostile: str = HOSTILE) -> RunPage:
    points = [
        Point(task, name, math.exp(-step / 20), step, 1000.0 + step)
        for task in ("rank-0", "rank-1")
        for name in ("loss", hostile)
        for step in range(100)
    ]
    run: RunPage = filled(RunPage, hostile)
    return dataclasses.replace(
        run,
        run="digits-abc123",
        result="failed",
        state="deleted",
        primary="loss",
        at=2000.0,
        started=1000.0,
        ended=1900.0,
        leader="rank-0",
        phases=(Phase("train", 1000.0, 500.0), Phase(hostile, 1500.0, 1.0, failed=True)),
        tasks=tuple(TaskLine(f"rank-{i}", i, "failed", 1, 1000.0, 1500.0, hostile) for i in range(20)),
        curves=tuple(curves_of(points)),
        logs=tuple(Log(f"rank-{i}", tuple(f"{hostile} {n}" for n in range(50)), whole=False) for i in range(3)),
    )


PAGES = {
    "a run": lambda: page(a_run()),
    "runs compared": lambda: comparison_page([a_run(), dataclasses.replace(a_run("other"), run="digits-xyz789")]),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture(scope="module", params=PAGES)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(PAGES[request.param](), "utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_the_screen_asks_for_nothing_and_obeys_nothing(width: int, browser: Browser, url: str) -> None:
    browser.open(url, width)
    browser.value("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert browser.fits
    assert browser.complaints == []
    assert browser.asked == [url]
    assert "owned" not in browser.value("document.title").split(":")[0]
    assert browser.value("document.images.length + document.scripts.length") == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_can_be_read_on_what_is_behind_it(dark: bool, browser: Browser, url: str) -> None:
    browser.open(url, 1440, dark=dark)
    browser.value("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert browser.faint == []


def test_without_javascript_all_text_is_there(browser: Browser, url: str) -> None:
    browser.open(url, 1440, script=False)
    for wanted in ("digits-abc123", "<table", "loss in numbers", "<title id="):
        assert wanted in browser.html


def test_the_pointer_shows_values_and_the_legend_hides_a_curve(browser: Browser, url: str) -> None:
    browser.open(url, 1440)
    browser.value("document.querySelector('[data-across=step]').scrollIntoView()")
    box = browser.value(
        "JSON.parse(JSON.stringify(document.querySelector('[data-across=step] .drawing').getBoundingClientRect()))"
    )
    browser.point_at(box["x"] + 10, box["y"] + box["height"] / 2)
    assert "step" in browser.value("document.querySelector('[data-across=step] .values').textContent")
    assert browser.value("document.querySelector('[data-across=step] .values').hidden") is False
    browser.value("document.querySelector('[data-across=step] .legend button').click()")
    assert browser.value("document.querySelectorAll('.line[hidden]').length") == 1
    assert browser.complaints == []


def test_the_readmes_picture_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.html").write_text(page(a_run()), "utf-8")
    monkeypatch.setattr(sys, "argv", ["page_picture", str(tmp_path / "report.html"), str(tmp_path / "a.webp")])
    assert main() == 0
    assert (tmp_path / "a.webp").read_bytes()[8:12] == b"WEBP"


def test_a_log_can_be_filtered(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(a_run()), "utf-8")
    browser.open(path.as_uri(), 1440)
    browser.value(
        "const input = document.querySelector('.filter input');"
        " input.value = ' 49'; input.dispatchEvent(new Event('input'))"
    )
    assert browser.value("document.querySelector('.log pre').textContent").count("\n") == 0
    assert browser.value("document.querySelector('.filter span').textContent") == "1 of 50"
