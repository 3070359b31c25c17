"""What only works where somebody sits, and what looks like it: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.script_cases import said_of

TABLE: dict[str, tuple[str, str, list[str]]] = {
    "a notebook that was made a script": (
        "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().system('ls')\n",
        "",
        ["1:1 `get_ipython()`"],
    ),
    "what a notebook shows": ("display(1)\n", "", ["1:1 `display()`"]),
    "a function of one's own that is called so": ("def display(x): pass\ndisplay(1)\n", "", []),
    "one of another module": ("from IPython.display import *\ndisplay(1)\n", "pip_packages: [ipython]\n", []),
    "where it is looked for first": ("if 'get_ipython' in globals():\n    get_ipython()\n", "", []),
    "where it is tried": ("try:\n    get_ipython()\nexcept NameError:\n    pass\n", "", []),
    "a question": ("import sys\nname = input('name? ')\n", "", ["2:8 `input()`"]),
    "a question in a function that main calls": ("def main():\n    input()\nmain()\n", "", ["2:5 `input()`"]),
    "a question in a function that nobody is sure to call": ("def ask():\n    input()\n", "", []),
    "an input of Keras": ("from keras import Input as input\ninput((3,))\n", "", []),
    "a password": ("from getpass import getpass\ngetpass()\n", "", ["2:1 `getpass.getpass()`"]),
    "a breakpoint": (
        "breakpoint()\nimport pdb; pdb.set_trace()\n",
        "",
        ["1:1 `breakpoint()`", "2:13 `pdb.set_trace()`"],
    ),
    "a breakpoint that is switched off": ("breakpoint()\n", "environment_variables: {PYTHONBREAKPOINT: '0'}\n", []),
}


@pytest.mark.parametrize(("script", "manifest", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, manifest: str, expected: list[str]) -> None:
    found = [d for d in said_of(tmp_path, {"train.py": script}, manifest) if d.code == "TFI528"]
    said = [f"{d.position.line}:{d.position.column} {d.message.partition(' ends')[0]}" for d in found if d.position]
    assert said == expected
    assert all(d.is_error and d.hint for d in found)
