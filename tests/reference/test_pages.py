"""docs/reference/ is what the program says of itself, and says all of it."""

from __future__ import annotations

import re

import pytest

import tfinfra
from tfinfra.auditing.rule_table import rules
from tfinfra.cli.main import VERBS
from tfinfra.documents.heading import VERSIONS
from tfinfra.manifest.codes import explanations
from tfinfra.reference.entry import Entry
from tfinfra.reference.exit_codes import exit_codes
from tfinfra.reference.find import entries
from tools.reference.markdown import literal, paragraph
from tools.reference.pages import FOLDER, pages

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_would_be_written_now(name: str) -> None:
    """Where it is not, `python -m tools.reference` writes it anew."""
    assert PAGES[name] == (FOLDER / name).read_text("utf-8")


def test_there_are_no_other_pages() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*PAGES}


def _all(kind: str, of: str = "") -> list[str]:
    return [one.name for one in entries() if _is(one, kind, of)]


def _is(entry: Entry, kind: str, of: str) -> bool:
    return entry.kind == kind and (not of or entry.of == of)


NAMED = {
    "keys of a manifest": ("manifest.md", _all("key", "the manifest"), "`{}`"),
    "keys of a target": ("targets.md", _all("key", "compute_targets.yaml"), "\n## `{}`\n"),
    "keys of indexes.yaml": ("targets.md", _all("key", "indexes.yaml"), "\n## `{}`\n"),
    "guardrails": ("guardrails.md", _all("key", "guardrails.yaml"), "\n## `{}`\n"),
    "exit codes": ("exit-codes.md", [f"{one.name}: {one.title}" for one in exit_codes()], "\n## {}\n"),
    "variables": ("variables.md", _all("variable"), "\n- `{}`: "),
    "verbs": ("verbs.md", [*VERBS], "\n## {}\n"),
    "codes": ("codes.md", [one.code for one in explanations()], "\n### {}: "),
    "rules of an audit": ("codes.md", [rule.code for rule in rules()], "\n### {}: "),
    "documents": ("json.md", [*VERSIONS], "\n## {}\n"),
    "names of the package": ("python.md", [name for name in tfinfra.__all__ if name[0] != "_"], "\n## {}\n"),
}


@pytest.mark.parametrize("what", NAMED)
def test_each_is_there_once_at_least(what: str) -> None:
    page, names, form = NAMED[what]
    assert names
    assert [name for name in names if form.format(name) not in PAGES[page]] == []


TEXTS = {
    "what a browser takes for a tag": ("deploy/<name>/ of <x>", "deploy/\\<name\\>/ of \\<x\\>"),
    "code": ("write `<name>` or `a*b`", "write `<name>` or `a*b`"),
    "stars and brackets": ("NC*_T4* [conda]", "NC\\*_T4\\* \\[conda\\]"),
    "line breaks": ("one\n  two", "one two"),
}


@pytest.mark.parametrize(("text", "markdown"), TEXTS.values(), ids=TEXTS)
def test_text_stays_text(text: str, markdown: str) -> None:
    assert literal(text) == markdown


def test_no_folded_line_begins_a_list() -> None:
    text = paragraph(f"{'a' * 116} - b {'c' * 110} 1. d")
    assert re.findall(r"^[-+#\d]", text, re.MULTILINE) == []
