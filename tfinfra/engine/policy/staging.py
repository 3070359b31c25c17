"""Packs as Pulumi's engine finds them. It would start a pack by its language's own host, which is no part of a Pulumi
that is built from its Go module; for a runtime without one it looks for an analyzer "policy-<runtime>", and finds ours
(pulumi/pulumi, sdk/go/common/resource/plugin/analyzer_plugin.go, NewPolicyAnalyzer)."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.engine.policy import serve
from tfinfra.engine.policy.pack import PROJECT, Pack

_RUNTIME = "tfinfra"
_ANALYZER = f"policy-{_RUNTIME}"
_START, _NOTES, _STUCK, _PACK = "start", "notes", "stuck", "pack"
_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in ', re.MULTILINE)
"""A line of faulthandler's tracebacks, the innermost call first."""


@dataclass(frozen=True)
class StagedPacks:
    """Packs in `folder`, numbered; `stage` makes them. `analyzer` is the folder of the program that starts them."""

    folder: Path
    analyzer: Path

    @property
    def folders(self) -> list[Path]:
        """What `--policy-pack` takes, in the order of the packs."""
        return sorted((f for f in self.folder.iterdir() if f.name.isdigit()), key=lambda f: int(f.name))

    @property
    def plugins(self) -> str:
        """The lines of a Pulumi.yaml by which the engine finds the analyzer."""
        analyzer = {"name": _ANALYZER, "path": str(self.analyzer)}
        return f"\nplugins: {json.dumps({'analyzers': [analyzer]})}\n"

    def copied_to(self, folder: Path) -> StagedPacks:
        """The same packs with notes of their own, for one engine: several may run beside each other."""
        for staged in self.folders:
            shutil.copytree(staged, folder / staged.name)
        return StagedPacks(folder, self.analyzer)

    def forget_notes(self) -> None:
        for folder in self.folders:
            for name in (_NOTES, _STUCK):
                (folder / name).unlink(missing_ok=True)

    def notes(self) -> Iterator[dict[str, Any]]:
        """What the packs' processes have noted since (serve.py), each with its pack's folder as `folder`."""
        for folder in self.folders:
            yield from ({**note, "folder": self.pack_in(folder)} for note in self.notes_in(folder))

    @staticmethod
    def notes_in(folder: Path) -> list[dict[str, Any]]:
        """Those of the pack that is staged in `folder`."""
        file = folder / _NOTES
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [*map(json.loads, lines), *_stuck(folder)]

    @staticmethod
    def pack_in(folder: Path) -> str:
        """The folder of the pack that is staged in `folder`."""
        return (folder / _PACK).read_text(encoding="utf-8")

    def in_words(self, said: str) -> str:
        """What Pulumi `said`, of the packs' own folders; a connection that ends is a process that has."""
        if said.endswith("EOF"):
            return "its process ended before it had answered"
        said = said.partition("could not be updated: ")[2] or said
        for folder in self.folders:
            said = said.replace(str(folder), self.pack_in(folder))
        return said


def _stuck(folder: Path) -> Iterator[dict[str, Any]]:
    """What there is to note of a pack that was ended without a word of its own."""
    file = folder / _STUCK
    said = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    if said:
        pack = (folder / _PACK).read_text(encoding="utf-8")
        own = next((found for found in _FRAME.finditer(said) if Path(found["file"]).is_relative_to(pack)), None)
        place = {"file": own["file"] if own else "", "line": int(own["line"]) if own else 0}
        yield {"kind": "failure", "why": "it took too long, and nothing else of it could run meanwhile", **place}


def stage(packs: Sequence[tuple[Pack, Path]], folder: Path) -> StagedPacks:
    """Writes the packs, each with the interpreter that runs it, into the empty `folder`, an absolute path from which
    programs may be started."""
    analyzer = folder / f"pulumi-analyzer-{_ANALYZER}"
    analyzer.write_text(f"#!/bin/sh\nexec /bin/sh ./{_START}\n", encoding="utf-8")  # it is started in the pack's folder
    analyzer.chmod(0o755)
    for number, (pack, python) in enumerate(packs):
        staged = folder / str(number)
        staged.mkdir()
        project = {"runtime": _RUNTIME, "version": pack.version}
        (staged / PROJECT).write_text(json.dumps(project), encoding="utf-8")
        # isolated: neither a PYTHONPATH nor the folder that serve.py is in may stand in for the pack's own modules
        command = [python, "-I", "-u", serve.__file__, pack.entry, pack.folder, _NOTES, _STUCK]
        (staged / _START).write_text(f"exec {shlex.join(map(str, command))}\n", encoding="utf-8")
        (staged / _PACK).write_text(str(pack.folder), encoding="utf-8")
    return StagedPacks(folder, folder)
