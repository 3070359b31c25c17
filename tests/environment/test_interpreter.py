"""Which Python an environment gets, and that a copied one stands on its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfinfra.environment import interpreter as module
from tfinfra.environment.interpreter import Interpreter, find_interpreter, find_same_interpreter
from tfinfra.environment.relocate import copy_interpreter
from tfinfra.errors import NotFeasible

SYSTEM = Interpreter(Path("/usr/bin/python3.11"), "3.11.2", Path("/usr"))
HOME = Interpreter(
    Path("/home/ann/.pyenv/versions/3.11.9/bin/python3.11"), "3.11.9", Path("/home/ann/.pyenv/versions/3.11.9")
)

ASK = """
import ctypes, hashlib, json, os, ssl, sys
mapped = {line.split()[-1] for line in open("/proc/self/maps")} if os.path.exists("/proc/self/maps") else set()
print(json.dumps([sys.base_prefix, json.__file__, *(path for path in mapped if "python" in path)]))
"""


def say_nothing(text: str) -> None:
    del text


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, list[Interpreter]]:
    """What this machine has, by the version asked for; nothing can be downloaded."""
    has: dict[str, list[Interpreter]] = {}
    monkeypatch.setattr(module, "_installed", lambda uv, version, managed: has.get(version, []))
    monkeypatch.setattr(module, "_download", lambda *_: "no route to host")
    return has


def test_where_none_can_be_fetched_one_that_every_node_sees_is_preferred(
    machine: dict[str, list[Interpreter]], tmp_path: Path
) -> None:
    machine["3.11"] = [HOME, SYSTEM]
    said: list[str] = []
    assert find_interpreter("uv", "3.11", tmp_path, said.append) == SYSTEM
    assert "using this machine's 3.11.2 (/usr/bin/python3.11)" in said[-1]


def test_one_that_uv_manages_comes_first(machine: dict[str, list[Interpreter]], tmp_path: Path) -> None:
    own = Interpreter(
        tmp_path / "python/cpython-3.11.18/bin/python3.11", "3.11.18", tmp_path / "python/cpython-3.11.18"
    )
    machine["3.11"] = [SYSTEM, own]
    assert find_interpreter("uv", "3.11", tmp_path, say_nothing) == own
    assert not own.on_every_node


def test_no_python_at_all_is_an_error_with_the_ways_out(machine: dict[str, list[Interpreter]], tmp_path: Path) -> None:
    machine[""] = [SYSTEM]
    with pytest.raises(NotFeasible, match=r"3\.13 is not on this machine.*no route to host") as caught:
        find_interpreter("uv", "3.13", tmp_path, say_nothing)
    assert str(caught.value.hint).endswith("that is here: 3.11")


def test_a_patch_release_that_is_gone_is_replaced_by_its_successor(
    machine: dict[str, list[Interpreter]], tmp_path: Path
) -> None:
    machine["3.11"] = [SYSTEM]
    assert find_same_interpreter("uv", "3.11.1", tmp_path, say_nothing) == SYSTEM


def test_the_locks_interpreter_is_uvs_own_even_where_the_image_has_the_version(
    machine: dict[str, list[Interpreter]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Interpreter(Path("/usr/bin/python3.12"), "3.12.3", Path("/usr"))
    own = Interpreter(tmp_path / "python/cpython-3.12.3/bin/python3.12", "3.12.3", tmp_path / "python/cpython-3.12.3")
    machine["3.12.3"] = [image]
    with pytest.raises(NotFeasible, match=r"the lock's Python 3\.12\.3 could not be downloaded: no route to host"):
        module.locked_interpreter("uv", "3.12.3", tmp_path, say_nothing)
    monkeypatch.setattr(module, "_download", lambda *_: machine["3.12.3"].append(own))
    assert module.locked_interpreter("uv", "3.12.3", tmp_path, say_nothing) == own


def test_a_copied_interpreter_needs_nothing_of_where_it_came_from(tmp_path: Path) -> None:
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    prefix = Path(sys.base_prefix)
    if not (prefix / "bin" / f"python{minor}").exists():
        pytest.skip("this Python is not laid out as an installation that can be copied")
    source = Interpreter(prefix / "bin" / f"python{minor}", f"{minor}.0", prefix)
    program = copy_interpreter(source, tmp_path / "python")
    done = subprocess.run([program, "-I", "-c", ASK], capture_output=True, text=True, check=True)
    places = json.loads(done.stdout)
    assert len(places) >= 2
    assert all(Path(place).is_relative_to(tmp_path / "python") for place in places)
