"""Nothing that a user builds on changes unseen."""

from __future__ import annotations

import re

import pytest

import tfinfra
from tests.api.public import FILE, text
from tests.packaging.test_wheel import ROOT
from tfinfra.cli.main import VERBS


def test_the_public_surface_is_what_the_file_beside_this_says(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-goldens"):
        FILE.write_text(text(), encoding="utf-8")
    assert text() == FILE.read_text("utf-8")
    for verb in VERBS:
        assert f"\ntfinfra {verb}\n" in text()


def test_every_public_name_is_there() -> None:
    assert [name for name in tfinfra.__all__ if not hasattr(tfinfra, name)] == []


def test_the_newest_heading_of_the_changelog_is_the_version_of_the_package() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == tfinfra.__version__
