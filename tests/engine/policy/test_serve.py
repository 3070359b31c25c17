"""What the process of a pack notes where the pack cannot be served."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.engine.policy.packs import HEAD, write_pack
from tfinfra.engine.policy import serve
from tfinfra.engine.policy.environment import pack_python
from tfinfra.engine.policy.pack import read_pack
from tfinfra.engine.policy.staging import stage
from tfinfra.system.progress import say_nothing

BOUNDED = """\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("serve", {serve!r})
serve = importlib.util.module_from_spec(spec)
spec.loader.exec_module(serve)
serve.LOADING, serve.GRACE = 1.0, 1.0
serve.main()
"""
"""The same program, less patient."""
HANGING = {
    "code that sleeps": ("import time\n\ntime.sleep(600)\n", "loading it took longer than 1 seconds", 3),
    "code that lets no other run": (
        "import re\nre.match('(a+)+$', 'a' * 60 + 'b')\n",
        "it took too long, and nothing else of it could run meanwhile",
        2,
    ),
    "a program of its own that hangs": (
        "import subprocess\nsubprocess.run(['sleep', '600'])\n",
        "loading it took longer than 1 seconds",
        2,
    ),
}


@pytest.mark.parametrize("case", HANGING)
def test_a_pack_that_hangs_is_ended_with_all_that_it_started_and_named_with_its_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, why, line = HANGING[case]
    folder = write_pack(tmp_path / "pack", text=text)
    (tmp_path / "staged").mkdir()
    bounded = tmp_path / "bounded.py"
    bounded.write_text(BOUNDED.format(serve=serve.__file__))
    monkeypatch.setattr(serve, "__file__", str(bounded))
    pack = read_pack(folder)
    staged = stage([(pack, pack_python(pack, say_nothing))], tmp_path / "staged")
    # communicate ends when nobody holds the pipe any more: no child is left
    done = subprocess.run(
        ["/bin/sh", "./start"],
        cwd=staged.folders[0],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    (note,) = staged.notes()
    assert (note["kind"], note["why"], note["line"]) == ("failure", why, line)
    assert note["file"] == str(folder / "__main__.py")
    assert done.returncode != 0
    staged.forget_notes()
    assert list(staged.notes()) == []


FAILING = {
    "no Python": ("def (:\n", "SyntaxError: ", 1),
    "a module that is not there": ("import pandas_of_the_house\n", "its environment has no module 'pandas_of", 1),
    "a module beside it that fails": ("import beside\n", "KeyError: 'x'", 2),
    "no pack is made": ("print('7')\n", "it has made no PolicyPack", 0),
    "it ends": ("import sys\nsys.exit(3)\n", "it ended itself (3)", 0),
    "it makes a pack of nothing": (f"{HEAD}PolicyPack('house', [])\n", "TypeError: Missing policies argument", 2),
}


@pytest.mark.parametrize("case", FAILING)
def test_why_a_pack_cannot_be_served_is_noted_with_its_own_line(case: str, tmp_path: Path) -> None:
    text, why, line = FAILING[case]
    folder = write_pack(tmp_path / "pack", text=text)
    (folder / "beside.py").write_text("\n{}['x']\n")
    (tmp_path / "staged").mkdir()
    pack = read_pack(folder)
    staged = stage([(pack, pack_python(pack, say_nothing))], tmp_path / "staged")
    done = subprocess.run(
        ["/bin/sh", "./start"], cwd=staged.folders[0], capture_output=True, text=True, timeout=60, check=False
    )
    (note,) = staged.notes()
    assert note["kind"] == "failure"
    assert why in note["why"]
    assert note["line"] == line
    assert not line or Path(note["file"]).parent == folder
    assert done.returncode == 1
    assert done.stdout == ""  # on which the engine waits for a port
    assert not list(folder.rglob("__pycache__"))
