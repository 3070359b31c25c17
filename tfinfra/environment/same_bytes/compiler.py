"""What compiles C++ on this machine, and the flags by which it leaves no path and no time in what it makes."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import run_quietly

_FLAGS = ("CFLAGS", "CPPFLAGS", "CXXFLAGS")
FIRST_TIME = "315532800"
"""1980-01-01, the first moment that a zip file knows (reproducible-builds.org, "SOURCE_DATE_EPOCH")."""


def pathless_flags(folders: Mapping[Path, str]) -> dict[str, str]:
    """Variables by which compilers call each of `folders` by the name given, after the flags that the caller has set
    (gcc.gnu.org, "Overall Options": -ffile-prefix-map)."""
    flags = [f"-ffile-prefix-map={folder}={name}" for folder, name in folders.items()]
    given = tool_environment()
    variables = {name: " ".join([*filter(None, [given.get(name)]), *flags]) for name in ("CFLAGS", "CXXFLAGS")}
    return {**variables, "SOURCE_DATE_EPOCH": FIRST_TIME, "ZERO_AR_DATE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def compiler_here() -> str:
    """The compiler, its linker and its C library in one line, with the flags that the caller has set: two that say the
    same make the same of the same source."""
    given = tool_environment()
    command = shlex.split(given.get("CXX", "")) or [shutil.which("c++") or "g++"]
    parts = [_first_line([*command, "--version"]), _first_line(["ld", "--version"]), " ".join(platform.libc_ver())]
    parts += [f"{name}={given[name]}" for name in _FLAGS if given.get(name)]
    return "; ".join(filter(None, parts))


def _first_line(command: list[str]) -> str:
    try:
        done = run_quietly(command, {**os.environ, "LC_ALL": "C"})
    except OSError:
        return ""
    return next(iter(done.stdout.splitlines()), "").strip()
