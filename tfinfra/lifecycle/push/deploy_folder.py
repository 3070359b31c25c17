"""A deploy folder that somebody else runs: whether it still is what its manifest and its code say."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tfinfra.compiler.facts import AtLaunch
from tfinfra.compiler.load import load_project, project_of_text
from tfinfra.compiler.pipeline import Compiled, check_launch, compile_manifest
from tfinfra.compiler.user_paths import read_bounded
from tfinfra.errors import DifferenceFound, ManifestError, UsageError
from tfinfra.lifecycle.locking.check import manifest_of
from tfinfra.lifecycle.locking.run_locked import hold_against_lock, refuse_other_folder
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.locking.read import is_lock
from tfinfra.manifest.reading.reader import MOST_BYTES
from tfinfra.system.progress import Progress

_OF_CODE = ("TFI307", "TFI308", "TFI309")
"""What the code's folder lacks: the entry script, source_directory, a file of requirements."""
_INLINE = "TFI451"
"""The folder's manifest has its target written out, whoever wrote that first."""
_MANIFEST, _PLAN = "manifest.resolved.yaml", "plan.json"


def compiled_again(
    deploy: Path, base: Path | None, guardrails: Path | None = None, target: str | None = None
) -> Compiled:
    """What the folder's own manifest gives now; paths in it start at `base`, None for the folder in which the compiler
    made deploy/<name>; `target` names the target that it was compiled for. Raises UsageError where the folder is none
    of a compile's, ManifestError, and DifferenceFound where the nodes would be given another plan than the stacks were
    made for."""
    for name in (_MANIFEST, _PLAN):
        if not (deploy / name).is_file():
            hint = "`tfinfra compile` writes one: deploy/<name>/"
            raise UsageError(f"'{deploy}' is no deploy folder: it has no {name}", hint=hint)
    folder = base or Path(os.path.relpath(deploy.resolve().parent.parent))
    data = read_bounded(deploy / _MANIFEST, MOST_BYTES) or b""
    project = project_of_text(data, file=str(deploy / _MANIFEST), folder=folder, target=target, guardrails=guardrails)
    project = replace(project, unlocked="a push without --lock is held against no lock")
    try:
        compiled = compile_manifest(project)
    except ManifestError as error:
        raise _saying_how(error, None if base else folder) from None
    if compiled.tree[_PLAN] != (deploy / _PLAN).read_text(encoding="utf-8", errors="replace"):
        message = f"{deploy / _PLAN} is not what the manifest and the code in '{folder}' say now"
        raise DifferenceFound(message, hint="`tfinfra compile` writes it anew; --from names another folder of the code")
    return compiled


def compiled_as_locked(
    deploy: Path, lock: Path, guardrails: Path | None, target: str | None, tell: Progress
) -> tuple[Compiled, HeldLock]:
    """What the manifest of a lock, which lies beside it, gives now, and the lock. Raises UsageError for a file that is
    no lock, DifferenceFound where manifest, code or deploy folder are not as they were locked, ManifestError."""
    if not is_lock(lock.name):
        raise UsageError(f"'{lock}' is no lock by its name", "`tfinfra lock MANIFEST` writes <stem>.lock.yaml")
    manifest = manifest_of(lock)
    compiled = compile_manifest(load_project(manifest, target=target, guardrails=guardrails))
    held = hold_against_lock(compiled, manifest, lock, folder=Path(), deploy=None, progress=tell)
    refuse_other_folder(compiled.tree, deploy)
    return compiled, held


def _saying_how(error: ManifestError, folder: Path | None) -> ManifestError:
    """The error, whose way out is an option where the manifest cannot be changed here: for code that is not in the
    `folder` above deploy/ (None: another was named), and for a target that has a name."""
    hints = {_INLINE: "--target NAME names the target that it was compiled for, of your configuration folder"}
    if folder is not None:
        hints |= dict.fromkeys(_OF_CODE, f"the code is looked for in '{folder}': --from names another folder")
    told = tuple(replace(each, hint=hints.get(each.code, each.hint)) for each in error.diagnostics)
    first = next((each.hint for each in told if each.message == error.message), error.hint)
    return type(error)(error.message, first, told)


def refuse_without_client(compiled: Compiled) -> None:
    """Raises ManifestError for what only a client that stays can hand to the nodes."""
    check_launch(compiled.facts, AtLaunch(unattended=True))
