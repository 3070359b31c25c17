"""Code that the documents show is code: Python and shell can read it. The reference shows signatures."""

from __future__ import annotations

import ast
import re
import subprocess
import textwrap

import pytest

from tests.site.test_site import ROOT

DOCUMENTS = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.parent.name != "reference"
]
BLOCK = re.compile(r"^( *)```(python|sh)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SHOWN = [
    (f"{document.relative_to(ROOT)}-{number}", found[2], textwrap.dedent(found[3]))
    for document in DOCUMENTS
    for number, found in enumerate(BLOCK.finditer(document.read_text(encoding="utf-8")))
]


def shown(language: str) -> list[object]:
    return [pytest.param(text, id=where) for where, of, text in SHOWN if of == language]


@pytest.mark.parametrize("text", shown("python"))
def test_python_parses(text: str) -> None:
    assert ast.parse(text).body


@pytest.mark.parametrize("text", shown("sh"))
def test_shell_parses(text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
