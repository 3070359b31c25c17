"""Scripts of several files, checked: what is said of each, in one word a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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
