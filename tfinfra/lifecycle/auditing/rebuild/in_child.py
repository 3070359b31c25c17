"""The empty folder that a rebuild has, and the processes that work in it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.lifecycle.auditing.rebuild.surroundings import make_folders, surroundings
from tfinfra.system.process import child_python
from tfinfra.system.process.commands import finished_with_all

_WORKER = "tfinfra.lifecycle.auditing.rebuild.worker"
SECONDS = {"deploy": 60.0, "environment": 3600.0}
"""How long each part may take."""


@dataclass(frozen=True)
class Room:
    """`folder` is the rebuild's own; `variables` are all that its processes have."""

    folder: Path
    variables: Mapping[str, str]

    @classmethod
    def made(cls, folder: Path, given: Mapping[str, str], index: str, *, builds: bool) -> Room:
        """In an empty folder; `index` is the auditor's usual index."""
        make_folders(folder)
        return cls(folder, surroundings(given, folder, index, builds=builds))

    def asks(self, part: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the worker answers: {"refused": why} too where it ended in another way."""
        worker, given = child_python.module(_WORKER, part), json.dumps(asked)
        try:
            done = finished_with_all(worker, input=given, env=self.variables, cwd=self.folder, timeout=SECONDS[part])
        except subprocess.TimeoutExpired:
            return {"refused": f"it took longer than {SECONDS[part]:.0f} s"}
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return {"refused": f"it ended with exit status {done.returncode}: {last}"}
        return answer if isinstance(answer, dict) else {"refused": "it answered nothing"}
