"""`tfinfra report`: where the page goes, what is refused, and that its policy still fits what is printed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.attach.test_resume import found
from tests.lifecycle.fakes import World, succeeding
from tfinfra.cli.main import main
from tfinfra.lifecycle.attach import attached_run, find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.reporting.page import source_hash

RUN, OTHER = "digits-abc123", "digits-xyz789"


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Calls the verb in the folder of a run that is at home, and of another."""
    world = World(tmp_path)
    succeeding(world.store)
    attached_run.fetch(found(world), tmp_path / "runs", lambda text: None)
    folder = run_folder(tmp_path / "state", RUN)
    one = FoundRun(RUN, folder, folder.read(), world.ports, (), None, None)
    assert one.record is not None
    known = {RUN: one, OTHER: replace(one, run=OTHER, record=replace(one.record, run=OTHER))}
    monkeypatch.setattr(find_run, "find_run", lambda run, *_, **__: known[run])
    monkeypatch.chdir(tmp_path)
    return lambda *words: main(["report", *words])


def policy_fits(text: str) -> bool:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    style, script = (re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for tag in ("style", "script"))
    assert style is not None
    assert script is not None
    return all(source_hash(each[1]) in html.unescape(policy) for each in (style, script))


def test_one_run_is_written_beside_its_outputs(report: Callable[..., int], tmp_path: Path, capsys: Any) -> None:
    (tmp_path / f"runs/{RUN}/report.html").unlink()
    assert report(RUN, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["runs"], document["file"]) == ([RUN], str(tmp_path / f"runs/{RUN}/report.html"))
    assert policy_fits((tmp_path / f"runs/{RUN}/report.html").read_text("utf-8"))


def test_several_are_compared_in_the_folder_where_one_is(report: Callable[..., int], tmp_path: Path) -> None:
    assert report(RUN, OTHER) == 0
    text = (tmp_path / "comparison.html").read_text("utf-8")
    assert f'<th scope="col">{RUN}</th><th scope="col">{OTHER}</th>' in text
    assert policy_fits(text)


def test_a_page_on_stdout_is_the_page(report: Callable[..., int], tmp_path: Path, capsys: Any) -> None:
    assert report(RUN, "-o", "-") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("<!doctype html>")
    assert policy_fits(printed)


REFUSED = {
    "a run that is named twice": (RUN, RUN),
    "a document and a page on one stdout": (RUN, "--json", "-o", "-"),
    "a file that cannot be written": (RUN, "-o", "runs"),
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(words: tuple[str, ...], report: Callable[..., int]) -> None:
    assert report(*words) == 2


def test_nothing_is_written_through_a_link(report: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / f"runs/{RUN}").rename(tmp_path / "aside")
    (tmp_path / f"runs/{RUN}").symlink_to(tmp_path / "aside")
    before = (tmp_path / "aside/report.html").stat()
    assert report(RUN) == 2
    assert (tmp_path / "aside/report.html").stat() == before
    assert report(RUN, "-o", "elsewhere.html") == 0
