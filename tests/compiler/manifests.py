"""Manifests on disk for the tests of this room."""

from __future__ import annotations

from pathlib import Path

from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import CheckedManifest, check_manifest
from tfinfra.errors import Diagnostic, TfinfraError

HOROVOD = "import horovod.tensorflow.keras as hvd\n\nhvd.init()\n"


def checked(
    folder: Path, text: str, script: str = "print()\n", *, target: str | None = None, rehearse: bool = False
) -> CheckedManifest:
    """The manifest `text` (entry_script is added) with its train.py, checked."""
    (folder / "train.py").write_text(script)
    (folder / "digits.yaml").write_text(f"entry_script: train.py\n{text}")
    return check_manifest(load_project(folder / "digits.yaml", target=target, rehearse=rehearse))


def said(folder: Path, text: str, script: str = "print()\n", *, rehearse: bool = False) -> tuple[Diagnostic, ...]:
    """All diagnostics, in their order, whether or not the manifest is refused."""
    try:
        return checked(folder, text, script, rehearse=rehearse).diagnostics
    except TfinfraError as error:
        return error.diagnostics


def codes(folder: Path, text: str, script: str = "print()\n", *, rehearse: bool = False) -> list[str]:
    """Their codes."""
    return [d.code for d in said(folder, text, script, rehearse=rehearse)]
