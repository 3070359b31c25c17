"""The documents: lines that fit a screen, links that lead somewhere, files that exist under their names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench" / "README.md")
)
ROOMS = ("tfinfra", "stacks", "templates", "tests", "bench", "tools", "examples", "bin")
HISTORY = ("CHANGELOG.md",)
"""May name files of earlier releases."""
WIDEST = 120


@pytest.mark.parametrize("document", DOCUMENTS)
def test_lines_fit_a_screen(document: str) -> None:
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > WIDEST] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name not in HISTORY])
def test_source_files_have_the_names_that_documents_give_them(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]*\w\.(?:py|j2))`", text))
    files = [f"/{path.relative_to(ROOT).as_posix()}" for room in ROOMS for path in (ROOT / room).rglob("*.*")]
    assert {name for name in named if not any(file.endswith(f"/{name}") for file in files)} == set()
