"""Questions that nobody answers, and what looks like one: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of

TABLE: dict[str, tuple[str, str, list[str]]] = {
    "a question": ("import sys\nname = input('name? ')\n", "", ["2:8 `input()`"]),
    "a question in a function that main calls": ("def main():\n    input()\nmain()\n", "", ["2:5 `input()`"]),
    "a question in a function that nobody is sure to call": ("def ask():\n    input()\n", "", []),
    "a question after the end": ("import sys\nprint(1)\nsys.exit(0)\ninput()\n", "", []),
    "a question after main, which exits": (
        "from absl import app\ndef main(argv): pass\nif __name__ == '__main__':\n    app.run(main)\n    input()\n",
        "",
        [],
    ),
    "a question after an end under a condition": (
        "import os, sys\nif not sys.stdin.isatty():\n    sys.exit(0)\ninput()\n",
        "",
        [],
    ),
    "a question after a handler that ends the script": (
        "import sys\ntry:\n    import json\nexcept ImportError:\n    sys.exit(1)\ninput()\n",
        "",
        ["6:1 `input()`"],
    ),
    "an exit that a function would make": ("import sys\nstop = lambda: sys.exit(0)\ninput()\n", "", ["3:1 `input()`"]),
    "an input of Keras": ("from keras import Input as input\ninput((3,))\n", "", []),
    "a password": ("from getpass import getpass\ngetpass()\n", "", ["2:1 `getpass.getpass()`"]),
    "a breakpoint": (
        "breakpoint()\nimport pdb; pdb.set_trace()\n",
        "",
        ["1:1 `breakpoint()`", "2:13 `pdb.set_trace()`"],
    ),
    "a terminal that the script replaces": ("import io, sys as s\ns.stdin = io.StringIO('yes')\ninput()\n", "", []),
    "one that it reads": ("import sys\nread = sys.stdin\ninput()\n", "", ["3:1 `input()`"]),
    "a breakpoint that the script switches off": (
        "import os\nos.environ['PYTHONBREAKPOINT'] = '0'\nbreakpoint()\ninput()\n",
        "",
        ["4:1 `input()`"],
    ),
    "one that goes elsewhere": ("import sys\nsys.breakpointhook = print\nbreakpoint()\n", "", []),
    "a breakpoint that is switched off": ("breakpoint()\n", "environment_variables: {PYTHONBREAKPOINT: '0'}\n", []),
}


@pytest.mark.parametrize(("script", "manifest", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, manifest: str, expected: list[str]) -> None:
    found = [d for d in said_of(tmp_path, {"train.py": script}, manifest) if d.code == "TFI528"]
    said = [f"{d.position.line}:{d.position.column} {d.message.partition(' ends')[0]}" for d in found if d.position]
    assert said == expected
    assert all(d.is_error and d.hint for d in found)
