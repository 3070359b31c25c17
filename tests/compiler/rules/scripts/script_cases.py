"""Scripts of several files, checked: what is said of each, in one word a line."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import Diagnostic, TfinfraError


def said_of(
    folder: Path, files: Mapping[str, str | bytes], manifest: str = "", at: str = "m.yaml"
) -> tuple[Diagnostic, ...]:
    """All diagnostics of the manifest `at`, whose entry script is train.py where it names no other."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    entry = "" if "entry_script" in manifest else "entry_script: train.py\n"
    (folder / at).write_text(entry + manifest)
    try:
        return check_manifest(load_project(folder / at)).diagnostics
    except TfinfraError as error:
        return error.diagnostics


def in_short(found: tuple[Diagnostic, ...]) -> list[str]:
    """Of each "error TFI501 train.py:3:1"."""
    at = [(d, d.position) for d in found]
    return [f"{d.severity.value} {d.code} {Path(p.file).name}:{p.line}:{p.column}" for d, p in at if p]


def status_of(script: Path, words: Sequence[str]) -> int:
    """The exit status of a script that imports nothing of its own, run by this Python with these words: a process of
    its own for each case would take most of the tests' time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(script.parent)
        patch.setattr(sys, "argv", [script.name, *words])
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0
