"""What is wished of one `up`: one value from the command line to the run's first record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.environment.lock_file import Lock
from tfinfra.lifecycle.record.run_ids import new_letters
from tfinfra.lifecycle.run.terms import Consent, Terms, agreed
from tfinfra.model import Locked
from tfinfra.money.budget import FREE, Burn
from tfinfra.system.paths import state_folder


@dataclass(frozen=True)
class HeldLock:
    """The lock that a run was held against: its text, its digest, the environment lock that it holds, and what its
    nodes check before their tasks start. `source` has the FileText of each file that travels (locking/document.py),
    `inputs` the digest of each input that has one, and, by no name, that of the checkpoints."""

    text: str
    digest: str
    environment: Lock
    nodes: Locked
    source: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UpOptions:
    """`folder` is where deploy/ and runs/ are made, `own_state` a state folder that is not the user's usual one;
    `target` goes before the manifest's; `machines` and `store` are wishes for the local cloud; `guardrails` is a file
    that holds beside the usual ones; `locked`: the run is what the manifest's lock holds, or, where there is no
    manifest's file, what `lock_file` holds; `letters` are the run id's end.

    `on` is the run on whose nodes it is to run, None of one that makes its own. `tune`: it is a tune, which goes on
    with what the tune `resume` has left, where that is one. `manifest` is the path from `folder` to the file that it is
    read from, None where it is of no file.

    `held` is the lock of a locked run, once it was held against it. Once the cloud is known, `machines` is the kind
    that it has, `burn` what the run costs there, and `terms` what `consent` is asked for before the first write, None
    where nothing is charged."""

    folder: Path
    target: str | None = None
    rehearse: bool = False
    detach: bool = False
    keep: bool = False
    on: str | None = None
    tune: bool = False
    resume: str | None = None
    manifest: str | None = None
    machines: str | None = None
    store: str | None = None
    consent: Consent = agreed
    guardrails: Path | None = None
    locked: bool = False
    lock_file: Path | None = None
    letters: str = field(default_factory=new_letters)
    own_state: Path | None = None
    burn: Burn = FREE
    terms: Terms | None = None
    held: HeldLock | None = None

    @property
    def state(self) -> Path:
        """The state folder. Raises UsageError where it cannot be used: whoever asks has looked at the manifest."""
        return self.own_state or state_folder()

    @property
    def results(self) -> Path:
        """The folder of all runs' outputs."""
        return self.folder / "runs"
