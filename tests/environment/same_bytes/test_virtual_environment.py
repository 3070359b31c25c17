"""An environment's own folder finds its interpreter and packages wherever it is, and says nothing of where that is."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tfinfra.environment.interpreter import Interpreter
from tfinfra.environment.proof.tree import LINK, read_tree
from tfinfra.environment.relocate import copy_interpreter
from tfinfra.environment.same_bytes.virtual_environment import make_virtual_environment

VERSION = platform.python_version()
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
ASK = "import json, sys, one; print(json.dumps([sys.prefix, sys.base_prefix, one.__file__, json.__file__]))"


def _asked(environment: Path) -> list[Path]:
    program = environment / "bin/python"
    done = subprocess.run([program, "-I", "-c", ASK], capture_output=True, text=True, check=True)
    return [Path(path).resolve() for path in json.loads(done.stdout)]


def test_one_around_a_python_that_every_node_has_uses_that(tmp_path: Path) -> None:
    program = Path(sys.base_prefix) / "bin" / f"python{MINOR}"
    environment = tmp_path / "environment"
    make_virtual_environment(environment, program, VERSION)
    (environment / f"lib/python{MINOR}/site-packages/one.py").touch()
    prefix, base, one, _ = _asked(environment)
    assert (prefix, base) == (environment.resolve(), Path(sys.base_prefix).resolve())
    assert one.is_relative_to(prefix)


def test_one_with_a_python_of_its_own_may_be_moved(tmp_path: Path) -> None:
    prefix = Path(sys.base_prefix)
    if not (prefix / "bin" / f"python{MINOR}").exists():
        pytest.skip("this Python is not laid out as an installation that can be copied")
    environment = tmp_path / "environment"
    source = Interpreter(prefix / "bin" / f"python{MINOR}", VERSION, prefix)
    make_virtual_environment(environment, copy_interpreter(source, environment / "python"), VERSION)
    (environment / f"lib/python{MINOR}/site-packages/one.py").touch()
    moved = tmp_path / "elsewhere/moved"
    moved.parent.mkdir()
    environment.rename(moved)
    assert _asked(moved)[:2] == [moved.resolve(), (moved / "python").resolve()]
    assert all(path.is_relative_to(moved.resolve()) for path in _asked(moved))


def test_two_of_them_are_equal(tmp_path: Path) -> None:
    trees = []
    for name in ("a", "b/longer"):
        environment = tmp_path / name
        (environment / "python/bin").mkdir(parents=True)
        program = environment / "python/bin/python3.11"
        shutil.copy("/bin/sh", program)
        make_virtual_environment(environment, program, "3.11.9")
        trees.append(read_tree(environment))
    assert trees[0] == trees[1]
    assert {path for path, entry in trees[0].entries.items() if entry.mode == LINK} == {
        *("bin/python", "bin/python3", "bin/python3.11", "lib64"),
    }
