"""Which files git writes with a machine's own line ends, as .gitattributes says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.travel.line_ends import LineEnds

TEXT, BINARY = b"a\r\nb\r\n", b"a\0\r\nb\r\n"
TABLE: dict[str, tuple[dict[str, str], str, bytes, bool]] = {
    # what: {attributes file: its text}, the file, its bytes, whether its line ends are git's
    "nothing is said": ({}, "a.py", TEXT, False),
    "text": ({".gitattributes": "*.py text\n"}, "a.py", TEXT, True),
    "text of another ending": ({".gitattributes": "*.md text\n"}, "a.py", TEXT, False),
    "text that git guesses": ({".gitattributes": "* text=auto\n"}, "a.py", TEXT, True),
    "bytes where git guesses": ({".gitattributes": "* text=auto\n"}, "a.bin", BINARY, False),
    "bytes that are called text": ({".gitattributes": "*.bin text\n"}, "a.bin", BINARY, True),
    "an end of line alone": ({".gitattributes": "*.py eol=lf\n"}, "a.py", TEXT, True),
    "the last line wins": ({".gitattributes": "* text=auto\n*.py -text\n"}, "a.py", TEXT, False),
    "binary": ({".gitattributes": "* text=auto\n*.py binary\n"}, "a.py", TEXT, False),
    "an attribute of something else": ({".gitattributes": "*.py diff=python\n"}, "a.py", TEXT, False),
    "a comment": ({".gitattributes": "# *.py text\n"}, "a.py", TEXT, False),
    "a folder's own file": ({"inner/.gitattributes": "*.py text\n"}, "inner/a.py", TEXT, True),
    "a folder's own file, elsewhere": ({"inner/.gitattributes": "*.py text\n"}, "a.py", TEXT, False),
    "the nearer file first": (
        {".gitattributes": "*.py text\n", "inner/.gitattributes": "*.py -text\n"},
        "inner/a.py",
        TEXT,
        False,
    ),
    "a path": ({".gitattributes": "inner/*.py text\n"}, "inner/a.py", TEXT, True),
    "above the source directory": ({"../.gitattributes": "source/*.py text\n"}, "a.py", TEXT, True),
    "the repository's own": ({"../.git/info/attributes": "*.py text\n"}, "a.py", TEXT, True),
}


@pytest.mark.parametrize("case", TABLE)
def test_line_ends_are_gits_or_the_files_own(case: str, tmp_path: Path) -> None:
    attributes, name, data, unified = TABLE[case]
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    root = tmp_path / "source"
    for path, text in attributes.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    root.mkdir(exist_ok=True)
    ends = LineEnds(root, frozenset({name, *attributes}))
    assert ends.unified(name, data) == (data.replace(b"\r\n", b"\n") if unified else data)


def test_outside_of_a_repository_no_attribute_counts(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("* text\n")
    assert LineEnds(tmp_path, frozenset({"a.py"})).unified("a.py", TEXT) == TEXT
