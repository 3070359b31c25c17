"""An empty machine of a CI system: a home without credentials, a place for temporary files, a shell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Done = subprocess.CompletedProcess


@dataclass(frozen=True)
class Machine:
    """`folder` is made, and is all that the machine has of its own; `variables` are what its owner has set on it. Jobs
    find the repository under test in `work`: a folder of its own, or the one that is given."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    given: Path | None = None

    def __post_init__(self) -> None:
        for each in (self.home, self.temp, self.kept, *([self.work] if self.given is None else [])):
            each.mkdir(parents=True)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    @property
    def work(self) -> Path:
        return self.given or self.folder / "work"

    @property
    def kept(self) -> Path:
        """What jobs leave to their system: artifacts."""
        return self.folder / "kept"

    def shell(self, script: str, folder: Path, variables: Mapping[str, str]) -> Done[str]:
        return shell(script, self.home, folder, {**self.variables, **variables})

    def clone(self, repository: Path, folder: Path, ref: str | None = None) -> None:
        """A commit of a repository, as a system's own step brings it: the branch `main` where no other is named."""
        subprocess.run(["git", "clone", "-q", repository, folder], check=True, capture_output=True)
        subprocess.run(["git", "-C", folder, "checkout", "-q", ref or "main"], check=True, capture_output=True)


def shell(script: str, home: Path, folder: Path, variables: Mapping[str, str]) -> Done[str]:
    """bash as a runner starts it, with a home of its own: no credentials, and nothing that this machine has cached."""
    own = {
        "HOME": str(home),
        "PATH": f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "CI": "true",
    }
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**own, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
