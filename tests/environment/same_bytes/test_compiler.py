"""What a compiler is told so that it leaves no path, and what is said of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tfinfra.environment.same_bytes.compiler import compiler_here, pathless_flags

SOURCE = '#include "where.h"\nconst char *here() { return __FILE__; }\nconst char *there() { return where(); }\n'
HEADER = "inline const char *where() { return __FILE__; }\n"


@pytest.mark.parametrize("more", [[], ["-g"]])
def test_what_is_compiled_in_two_folders_is_the_same(tmp_path: Path, more: list[str]) -> None:
    made = []
    for name in ("a", "b/longer"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "one.cc").write_text(SOURCE)
        (folder / "where.h").write_text(HEADER)
        variables = pathless_flags({folder: "/tfinfra/build"})
        compiler = shutil.which("c++") or shutil.which("g++")
        assert compiler, "the suite needs a C++ compiler, as Horovod does"
        flags = variables["CXXFLAGS"].split()
        arguments = [compiler, *flags, *more, "-c", str(folder / "one.cc"), "-o", "one.o"]
        subprocess.run(arguments, cwd=folder, check=True, capture_output=True)
        made.append((folder / "one.o").read_bytes())
    assert made[0] == made[1]
    assert b"/tfinfra/build/one.cc" in made[0] and str(tmp_path).encode() not in made[0]


def test_flags_that_the_caller_has_set_stay_and_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CFLAGS", raising=False)
    plain = compiler_here()
    monkeypatch.setenv("CXXFLAGS", "-O3 -DX")
    variables = pathless_flags({Path("/home/ann/build"): "/tfinfra/build"})
    assert variables["CXXFLAGS"] == "-O3 -DX -ffile-prefix-map=/home/ann/build=/tfinfra/build"
    assert variables["CFLAGS"] == "-ffile-prefix-map=/home/ann/build=/tfinfra/build"
    assert compiler_here() == f"{plain}; CXXFLAGS=-O3 -DX"


def test_a_compiler_that_the_caller_has_set_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other++"
    other.write_text("#!/bin/sh\necho other++ 1.0; echo more\n")
    other.chmod(0o755)
    monkeypatch.setenv("CXX", f"{other} -m64")
    assert compiler_here().startswith("other++ 1.0; ")
