"""Files that Python refuses to read, against what Pythons make of them: each by a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of
from tfinfra.compiler.source.syntax import syntax_fault

DEEP = ["warning TFI501 train.py:1:1"]
E_ACUTE = b"print('caf\xe9')\n"
TABLE: dict[str, tuple[dict[str, str | bytes], str, list[str]]] = {
    "latin-1 without a word": ({"train.py": b"\n" + E_ACUTE}, "", ["error TFI501 train.py:2:11"]),
    "latin-1 that says so": ({"train.py": b"# coding: latin-1\n" + E_ACUTE}, "", []),
    "latin-1 that says so in the second line": (
        {"train.py": b"#!python\n# -*- coding: latin-1 -*-\n" + E_ACUTE},
        "",
        [],
    ),
    "latin-1 in a comment": ({"train.py": b"x = 1\r\n# caf\xe9\r\n"}, "", ["error TFI501 train.py:2:6"]),
    "latin-1 in a comment of a module, which Python does not decode": (
        {"train.py": "import a\n", "a.py": b"x = 1\n# caf\xe9\n"},
        "",
        [],
    ),
    "latin-1 in a module's text": ({"train.py": "import a\n", "a.py": E_ACUTE}, "", ["error TFI501 a.py:1:11"]),
    "latin-1 in a comment of a script that is run as a module": (
        {"train.py": b"x = 1\n# caf\xe9\n"},
        "entry_script: -m train\n",
        [],
    ),
    "UTF-8 with a mark": ({"train.py": b"\xef\xbb\xbfprint('caf\xc3\xa9')\n"}, "", []),
    "a mark and another encoding": (
        {"train.py": b"\xef\xbb\xbf# coding: latin-1\nx = 1\n"},
        "",
        ["error TFI501 train.py:1:1"],
    ),
    "an encoding that is none": ({"train.py": b"#!python\n# coding: nosuch\n"}, "", ["error TFI501 train.py:2:1"]),
    "an encoding that is no text's": ({"train.py": b"# coding: rot13\nx = 1\n"}, "", ["error TFI501 train.py:1:1"]),
    "a byte that cp1252 has not": (
        {"train.py": b"# vim: set fileencoding=cp1252 :\nprint('\x81')\n"},
        "",
        ["error TFI501 train.py:2:8"],
    ),
    "UTF-16": ({"train.py": "print('é')\n".encode("utf-16")}, "", ["error TFI501 train.py:1:1"]),
    "UTF-16 without a mark": ({"train.py": "print('a')\n".encode("utf-16-le")}, "", ["error TFI501 train.py:1:1"]),
    "a NUL in a module": ({"train.py": "import a\n", "a.py": b"x = 1\ny = '\0'\n"}, "", ["error TFI501 a.py:2:6"]),
    "a NUL in a script, for a Python that may not mind": (
        {"train.py": b"x = 1\n# \0\n"},
        "",
        ["warning TFI501 train.py:2:3"],
    ),
    "more signs than a parser can nest": ({"train.py": "x = " + "-" * 100_000 + "1"}, "", DEEP),
    "a parenthesis too many": ({"train.py": "x = 1\ny = 2)\n"}, "", ["error TFI501 train.py:2:6"]),
    "a module of Python 2": ({"train.py": "import a\n", "a.py": "print 1\n"}, "", ["error TFI501 a.py:1:1"]),
    "a module of Python 2 that is tried": (
        {"train.py": "try:\n    import a\nexcept ImportError:\n    pass\n", "a.py": "print 1\n"},
        "",
        ["warning TFI501 a.py:1:1"],
    ),
    "a return that is in no function": ({"train.py": "x = 1\nreturn x\n"}, "", ["error TFI501 train.py:2:1"]),
    "a future that is none": ({"train.py": "from __future__ import braces\n"}, "", ["error TFI501 train.py:1:1"]),
    "an invalid escape is the script's own affair": ({"train.py": "x = '\\d'\n"}, "", []),
}


@pytest.mark.parametrize(("files", "manifest", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said(tmp_path: Path, files: dict[str, str | bytes], manifest: str, expected: list[str]) -> None:
    found = said_of(tmp_path, files, manifest)
    assert in_short(found) == expected
    assert all(d.hint and d.message.rstrip()[-1] != ":" for d in found)


@pytest.mark.parametrize("sentence", [s for s, row in TABLE.items() if not any("warning" in one for one in row[2])])
def test_python_agrees(tmp_path: Path, sentence: str) -> None:
    files, manifest, expected = TABLE[sentence]
    said_of(tmp_path, files, manifest)
    words = ["-m", "train"] if "-m" in manifest else ["train.py"]
    done = subprocess.run([sys.executable, "-B", *words], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode == 0) == (not expected), done.stderr
    assert b"Error" in done.stderr or not expected


OLDER = {
    "match": "match 1:\n    case _: pass\n",
    "groups of exceptions": "try:\n    pass\nexcept* ValueError:\n    pass\n",
}


@pytest.mark.parametrize("text", OLDER.values(), ids=OLDER.keys())
def test_what_an_older_python_does_not_know(tmp_path: Path, text: str) -> None:
    """Where this Python itself does not know it either, it says the same by itself."""
    found = said_of(tmp_path, {"train.py": text}, "python_version: '3.9'\n")
    assert [" ".join(one.split()[:2]) for one in in_short(found)] == ["error TFI501"]


FSTRINGS = {
    "its own quotes": ('f"{x["a"]}"', True),
    "its own quotes, deeper": ('f"{f"{1}"}"', True),
    "a backslash": ("f'{\"\\n\".join([])}'", True),
    "a comment": ('f"""{\n1 # c\n}"""', True),
    "other quotes": ("f\"{x['a']}\"", False),
    "other quotes, deeper": ("f\"{f'{1}'}\"", False),
    "one of three quotes": ('f"""{x["a"]}"""', False),
    "formats, braces and backslashes outside": ('f"{1:>{2}} {{}} \\n {3!r}"', False),
    "raw": ('rf"\\d{1}"', False),
    "neighbours": ('f"a" "b" f\'{1}\' "it\'s"', False),
}


@pytest.mark.parametrize(("text", "refused"), FSTRINGS.values(), ids=FSTRINGS.keys())
def test_what_python_before_3_12_refuses_in_an_f_string(text: str, refused: bool) -> None:
    """Whichever this Python is: before 3.12 it is its own parser that says so."""
    assert (syntax_fault(f"{text}\n", (3, 11)) is not None) == refused


def test_a_file_elsewhere_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "train.py").write_bytes(b"secret = '\xe9'\n")
    (found,) = said_of(tmp_path / "project", {}, "source_directory: ..\nentry_script: train.py\n")
    assert found.position is not None
    assert found.position.text is None
    assert "secret" not in found.message


@pytest.mark.parametrize("line", ["%matplotlib inline", "  !pip install pandas"])
def test_a_notebooks_command(tmp_path: Path, line: str) -> None:
    (found,) = said_of(tmp_path, {"train.py": f"{line}\n"})
    assert (found.code, found.is_error) == ("TFI501", True)
    assert found.hint and found.hint.startswith("it is a notebook's command")


def test_a_lambda_of_python_2(tmp_path: Path) -> None:
    (found,) = said_of(tmp_path, {"train.py": "f = lambda (k, v): k\n"})
    assert found.hint == "Python 2? `2to3` translates it"


@pytest.mark.parametrize("line", ['print("fixed', "print(1", "printed = (", "exec(a", "except (A, B:"])
def test_what_python_2_refuses_too_is_no_script_of_it(line: str, tmp_path: Path) -> None:
    (found,) = [one for one in said_of(tmp_path, {"train.py": f"{line}\n"}, "") if one.code == "TFI501"]
    assert found.hint == "correct it here"


@pytest.mark.parametrize("first", ["#!/bin/bash", "#!/usr/bin/env Rscript"])
def test_a_script_for_another_program(tmp_path: Path, first: str) -> None:
    (found,) = said_of(tmp_path, {"train.py": f"{first}\npython main.py\n"})
    assert (found.code, found.is_error) == ("TFI501", True)
    assert found.hint == "name the Python script that it starts; what it does before belongs in setup_script"
