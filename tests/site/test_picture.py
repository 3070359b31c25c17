"""The README's picture: what a terminal showed, in its colours, asking nobody for anything."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.site.test_site import ROOT
from tools.picture import drawn, main, screens

SAID = (
    "import sys; assert sys.stdout.isatty();"
    " sys.stdout.write('gone\\x1b[2J\\x1b[H\\x1b[32mgreen\\x1b[0m and \\x1b[1mbold\\x1b[0m')"
)


@pytest.fixture(scope="module")
def picture() -> str:
    return drawn([*screens([sys.executable, "-I", "-c", SAID])][-1], "a title")


def test_it_shows_the_last_screen_in_its_colours(picture: str) -> None:
    shown = re.sub("<[^>]*>", "", picture.replace("&#160;", " "))
    assert ("green" in shown, "bold" in shown, "a title" in shown, "gone" in shown) == (True, True, True, False)
    assert "font-weight: bold }" in picture and "fill: #98a84b" in picture


def test_it_names_no_other_host(picture: str) -> None:
    assert "url(http" not in picture and "@font-face" not in picture


def test_a_text_that_was_never_shown_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-I", "-c", SAID]
    monkeypatch.setattr(sys, "argv", ["picture", str(tmp_path / "a.svg"), "gone", "--", *command])
    assert (main(), [*tmp_path.iterdir()]) == (1, [])
    assert "no screen has shown gone" in capsys.readouterr().err


def test_the_readmes_picture_is_one_of_a_run_and_names_no_folder_of_a_machine() -> None:
    picture = (ROOT / "docs/_site/run.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    assert "docs/_site/run.svg" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert ("2 tasks: 2 running" in picture, "/tmp" in picture, "@font-face" in picture) == (True, False, False)
