"""Setup scripts as editors on Windows leave them, and first lines that name no program: each by a sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

UNIX = b"#!/bin/sh\nset -e\ncd data\n"
TABLE: dict[str, tuple[str, bytes, list[str]]] = {
    "line ends of Unix": ("prepare.sh", UNIX, []),
    "line ends of Windows": ("prepare.sh", UNIX.replace(b"\n", b"\r\n"), ["error TFI710 prepare.sh:1:1"]),
    "the same without a first line for the kernel": ("p.sh", b"set -e\r\ncd data\r\n", ["error TFI710 p.sh:1:1"]),
    "a last line without an end": ("p.sh", b"set -e\r\ncd data", ["error TFI710 p.sh:1:1"]),
    "a comment that has one, among many lines": ("p.sh", UNIX + b"# so\r\n", ["warning TFI710 p.sh:4:1"]),
    "the first line alone": ("p.sh", b"#!/bin/bash\r\n" + UNIX, ["error TFI710 p.sh:1:1"]),
    "line ends of an old Mac": ("p.sh", UNIX.replace(b"\n", b"\r"), ["error TFI710 p.sh:1:1"]),
    "a mark before the first word": ("p.sh", b"\xef\xbb\xbf" + UNIX, ["error TFI710 p.sh:1:1"]),
    "UTF-16, as PowerShell writes it": ("p.sh", UNIX.decode().encode("utf-16"), ["error TFI710 p.sh:1:1"]),
    "the same without a mark": ("p.sh", UNIX.decode().encode("utf-16-le"), ["error TFI710 p.sh:1:1"]),
    "env with two words": ("p.sh", b"#!/usr/bin/env bash -e\ntrue\n", ["error TFI710 p.sh:1:1"]),
    "env that takes them apart": ("p.sh", b"#!/usr/bin/env -S bash -e\ntrue\n", []),
    "a program with an argument": ("p.sh", b"#!/bin/bash -eu\ntrue\n", []),
    "a script in Python": ("prepare.py", b"import os\r\nos.mkdir('x')\r\n", []),
    "one whose first line is for the kernel": ("p.py", b"#!/usr/bin/python3\r\n1\r\n", ["error TFI710 p.py:1:1"]),
    "a script in Python without an ending": ("prepare", b"#!/usr/bin/env python3\n1\r\n2\r\n", []),
    "a project's setup.py": (
        "setup.py",
        b"# x\nfrom setuptools import setup\nsetup(name='x')\n",
        ["error TFI710 setup.py:2:1"],
    ),
    "a setup.py that prepares a node": ("setup.py", b"import os\nos.makedirs('data')\n", []),
    "a program": ("prepare", b"\x7fELF\x02\x01\x01\0\0\0\r\n\0\0", []),
    "a script of Windows": ("prepare.bat", b"pip install x\n", ["error TFI710 prepare.bat:1:1"]),
    "a script of PowerShell": ("prepare.ps1", b"pip install x\n", ["error TFI710 prepare.ps1:1:1"]),
    "nothing": ("p.sh", b"", []),
}


@pytest.mark.parametrize(("name", "content", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, name: str, content: bytes, expected: list[str]) -> None:
    found = said_of(tmp_path, {name: content, "train.py": "print()\n"}, f"setup_script: {name}\n")
    assert in_short(found) == expected
    assert all(d.hint for d in found)


@pytest.mark.parametrize("sentence", [s for s, row in TABLE.items() if row[0].endswith(".sh") and b"\0" not in row[1]])
def test_a_shell_agrees(tmp_path: Path, sentence: str) -> None:
    """What is an error does not end well, as a program; nothing else does not."""
    name, content, expected = TABLE[sentence]
    path = tmp_path / name
    (tmp_path / "data").mkdir()
    path.write_bytes(content if content.startswith((b"#!", b"\xef", b"\xff")) else b"#!/bin/sh\n" + content)
    path.chmod(0o755)
    try:
        code = subprocess.run([path], cwd=tmp_path, capture_output=True, check=False).returncode
    except OSError:
        code = 126
    assert (code != 0) == any(one.startswith("error") for one in expected)


def test_a_script_elsewhere_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "prepare.sh").write_bytes(b"echo secret\r\n")
    (tmp_path / "train.py").write_text("print()\n")
    manifest = "source_directory: ..\nentry_script: train.py\nsetup_script: prepare.sh\n"
    (found,) = said_of(tmp_path / "project", {}, manifest)
    assert found.code == "TFI710"
    assert found.position is not None
    assert found.position.text is None
    assert "secret" not in found.message
