"""The folder that packages are installed into, around an interpreter: as Python's venv lays it out (docs.python.org,
"How venvs work"), with nothing in it that depends on where it is or on who made it."""

from __future__ import annotations

import os
from pathlib import Path

_SETTINGS = "pyvenv.cfg"


def make_virtual_environment(folder: Path, program: Path, version: str) -> None:
    """`program` is an interpreter of exactly `version` ("3.11.9"): one that every node has where it is now, or one
    below `folder`, which is found again wherever the folder goes."""
    minor = ".".join(version.split(".")[:2])
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / f"lib/python{minor}/site-packages").mkdir(parents=True, exist_ok=True)
    _link(folder / "lib64", "lib")  # some builds of Python look for extension modules there
    settings = ["include-system-site-packages = false", f"version = {version}"]
    target = str(program)
    if program.is_relative_to(folder):
        # Without a home, Python looks for its library around the program that the link leads to.
        target = os.path.relpath(program, folder / "bin")
    else:
        settings.insert(0, f"home = {program.parent}")
    _link(folder / f"bin/python{minor}", target)
    for name in ("python", "python3"):
        _link(folder / "bin" / name, f"python{minor}")
    # uv's own word: programs then look for the interpreter beside them.
    (folder / _SETTINGS).write_text("\n".join([*settings, "relocatable = true", ""]), "utf-8")


def _link(path: Path, target: str) -> None:
    if not path.is_symlink():
        path.symlink_to(target)
