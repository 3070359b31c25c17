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
ROOMS = ("tfinfra", "stacks", "templates", "tests", "bench", "tools", "examples", "bin", "ci")
HISTORY = ("CHANGELOG.md",)
"""May name files of earlier releases."""
WIDEST = 120
BLOCK = re.compile(r"^```(\w*)\n.*?^```$", re.MULTILINE | re.DOTALL)
FROM_INDEX = re.compile(
    r"\b(?:pip|pipx|uv|uvx)\b[^`]*\binstall\b[^`]*[\s'\"]tfinfra(?:\[[\w,]+\])?(?:==[\w.]+)?['\"]?(?:[\s`]|$)(?!@)"
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_lines_fit_a_screen(document: str) -> None:
    """What a program has printed, a block without a language, stands as it was printed."""
    text = (ROOT / document).read_text(encoding="utf-8")
    lines = BLOCK.sub(lambda block: block[0] if block[1] else "\n" * block[0].count("\n"), text).splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > WIDEST] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_nothing_is_installed_from_an_index_by_a_name_that_is_not_ours(document: str) -> None:
    """A wheel's path, a Git URL (`tfinfra @ git+https://…`) and the checkout are ours."""
    text = (ROOT / document).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if FROM_INDEX.search(line)] == []


@pytest.mark.parametrize(
    ("line", "is_from_index"),
    [
        ("pip install tfinfra", True),
        ("`pipx install 'tfinfra[run]==0.1.0'`", True),
        ("uv tool install -q tfinfra[run]", True),
        ("pip install 'tfinfra[run] @ git+https://example.com/platform/tfinfra@v1'", False),
        ("pip install './tfinfra-0.1.0-py3-none-any.whl[run]'", False),
        ("pip install '/opt/tfinfra[run]'", False),
    ],
)
def test_what_is_an_install_from_an_index(line: str, is_from_index: bool) -> None:
    assert bool(FROM_INDEX.search(line)) is is_from_index


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name not in HISTORY])
def test_source_files_have_the_names_that_documents_give_them(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]*\w\.(?:py|j2))`", text))
    files = [f"/{path.relative_to(ROOT).as_posix()}" for room in ROOMS for path in (ROOT / room).rglob("*.*")]
    assert {name for name in named if not any(file.endswith(f"/{name}") for file in files)} == set()
