"""Which Python an environment gets, and that a copied one stands on its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tfinfra.environment import interpreter as module
from tfinfra.environment.interpreter import Interpreter, find_interpreter, find_same_interpreter, interpreter_behind
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
    monkeypatch.setattr(module, "_found", lambda uv, version, managed: has.get(version, []))
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


def test_a_python_that_was_built_without_a_library_is_passed_over(
    machine: dict[str, list[Interpreter]], tmp_path: Path
) -> None:
    half = replace(HOME, lacks=("_ctypes", "_ssl"))
    machine["3.11"] = [half, SYSTEM]
    assert find_interpreter("uv", "3.11", tmp_path, say_nothing) == SYSTEM
    machine["3.11"] = [half]
    with pytest.raises(NotFeasible, match=r"3\.11\.9 \(.*\) was built without ctypes and ssl") as caught:
        find_interpreter("uv", "3.11", tmp_path, say_nothing)
    assert "libffi-dev" in str(caught.value.hint)


def _python(folder: Path, lacks: list[str], *, free_threaded: bool) -> Path:
    """A program that answers as such an interpreter would."""
    program = folder / "bin/python3.13"
    program.parent.mkdir(parents=True)
    answer = json.dumps([str(folder), [3, 13, 0], lacks, free_threaded])
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    return program


def test_a_free_threaded_python_is_none_that_can_train(tmp_path: Path) -> None:
    plain = interpreter_behind(_python(tmp_path / "plain", ["zlib"], free_threaded=False))
    assert plain == Interpreter(tmp_path / "plain/bin/python3.13", "3.13.0", tmp_path / "plain", ("zlib",))
    assert interpreter_behind(_python(tmp_path / "free", [], free_threaded=True)) is None


def test_this_python_lacks_nothing() -> None:
    found = interpreter_behind(Path(sys.executable))
    assert found is None or found.lacks == ()


def test_a_standard_library_in_lib64_is_copied_too(tmp_path: Path) -> None:
    prefix = tmp_path / "opt"
    for name in ("bin/python3.11", "lib64/python3.11/os.py", "lib64/libpython3.11.so.1.0"):
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_bytes(f"{prefix}/lib64".encode() + b"\0")
    program = copy_interpreter(Interpreter(prefix / "bin/python3.11", "3.11.9", prefix), tmp_path / "copy")
    assert program.read_bytes().rstrip(b"\0") == b"$ORIGIN/../lib64"
    assert (tmp_path / "copy/lib64/python3.11/os.py").is_file()
    assert (tmp_path / "copy/lib64/libpython3.11.so.1.0").read_bytes().startswith(b"$ORIGIN/../lib64\0")


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
