"""Marked code runs as its source does, and says which of its lines ran, from every thread and process."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import marked_imports
from bench.marking import marked

SOURCE = '''\
"""A module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import decimal


class Way:
    """A class."""

    steps: int = 2

    def walk(self, far: bool) -> str: ...


def walk(far: bool) -> str:
    """A function."""
    global LAST
    try:
        if far:
            LAST = "far"
        elif LAST:
            raise OSError(LAST)
    except OSError:
        return "torn"
    else:
        return "near"
    finally:
        LAST = ""
    return "after"


LAST = ""
'''
FUNCTION = [21, 22, 23, 24, 25, 26, 28, 30, 32, 33]
NOT_FAR = [25, 26, 28, 33]
# What a process runs before it is over, and the lines of SOURCE that it leaves without a mark.
RUNS: dict[str, tuple[str, list[int]]] = {
    "imported": ("", FUNCTION),
    "ran one way": ("assert way.walk(True) == 'near'", NOT_FAR),
    "ran in a thread": (
        "import threading; t = threading.Thread(target=way.walk, args=(True,)); t.start(); t.join()",
        NOT_FAR,
    ),
    "killed": ("import os; way.walk(True); os.kill(os.getpid(), 9)", NOT_FAR),
    "ran in a forked process": (
        "import os; os.fork() and (os.wait(), os._exit(0)); way.walk(True); os._exit(0)",
        NOT_FAR,
    ),
    "ran as a program": ("import runpy; runpy.run_module('way', run_name='__main__')", FUNCTION),
    "every way": ("way.walk(True); way.LAST = 'x'; assert way.walk(False) == 'torn'", [33]),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "code").mkdir(parents=True)
    source = tmp_path / "way.py"
    source.write_text(SOURCE)
    code, lines = marked(SOURCE, str(source), 1)
    (folder / "code" / "way").write_bytes(marshal.dumps((SOURCE.encode(), code)))
    (folder / "lines").write_text(" ".join(map(str, lines)))
    (folder / "ran").write_bytes(bytes(1 + len(lines)))
    return folder


def python(data: Path, words: str) -> subprocess.CompletedProcess[str]:
    """A process without the environment's own .pth files: these tests may be counted themselves."""
    program = f"{Path(marked_imports.__file__).read_text()}\ninstall({str(data)!r})\nimport way\n{words}\n"
    return subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=data.parent,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )


def left(data: Path) -> list[int]:
    ran = (data / "ran").read_bytes()
    assert ran[0] == 0  # another module's
    lines = map(int, (data / "lines").read_text().split())
    return sorted(line for line, mark in zip(lines, ran[1:], strict=True) if not mark)


@pytest.mark.parametrize(("words", "expected"), RUNS.values(), ids=RUNS.keys())
def test_a_mark_is_left_by_whoever_runs_a_line(data: Path, words: str, expected: list[int]) -> None:
    done = python(data, words)
    assert (done.returncode in (0, -9), done.stderr) == (True, "")
    assert left(data) == expected


def test_a_module_of_another_source_is_imported_as_it_is(data: Path) -> None:
    (data.parent / "way.py").write_text("def walk(far):\n    return 'another'\n")
    done = python(data, "print(way.walk(True))")
    assert (done.stdout, done.stderr) == ("another\n", "")
    assert not any((data / "ran").read_bytes())


def test_a_process_after_the_counting_runs_as_ever(data: Path) -> None:
    (data / "ran").unlink()
    done = python(data, "print(way.walk(True))")
    assert (done.stdout, done.stderr) == ("near\n", "")
