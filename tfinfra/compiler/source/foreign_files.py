"""Diagnostics on files outside of the manifest's folder: they say where and what kind, and quote nothing of the file.
The manifest may be a stranger's, who reads what a CI system prints of it."""

from __future__ import annotations

from dataclasses import replace

from tfinfra.compiler.project import SourceDirectory
from tfinfra.errors import Diagnostic
from tfinfra.manifest.codes import explanation

_KNOWN_WORDS = frozenset({"TFI502", "TFI503", "TFI504", "TFI505", "TFI506", "TFI507"})
"""These quote only names of TensorFlow, Keras and Horovod."""


def without_foreign_text(diagnostic: Diagnostic, source: SourceDirectory) -> Diagnostic:
    """The diagnostic; without the file's text where `source` lies outside of the manifest's folder."""
    position = diagnostic.position
    if not source.foreign or position is None or position.file not in source.files:
        return diagnostic
    shown = replace(diagnostic, position=replace(position, text=None))
    if diagnostic.code in _KNOWN_WORDS:
        return shown
    known = explanation(diagnostic.code)
    what = known.title if known else "it is wrong"
    message = f"{what}; the file is not in the manifest's folder, so no line of it is shown"
    return replace(shown, message=message, path="", hint=f"`tfinfra explain {diagnostic.code}`")
