"""Environment and deploy folder of a run, made anew out of its signed evidence, and compared with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.read_evidence import Evidence
from tfinfra.auditing.rebuild.nothing_built import nothing_built, refused_lock
from tfinfra.auditing.rebuild.recipe import NotBuilt, refused
from tfinfra.auditing.rebuild.signed_files import taken, unlike_statement
from tfinfra.auditing.run_files import NAME_A_KEY, in_run
from tfinfra.auditing.signed.signer import signed_by
from tfinfra.errors import DifferenceFound, ManifestError, UsageError
from tfinfra.evidence.names import LOCK
from tfinfra.lifecycle.auditing.rebuild.deploy_folder import deploy_folder
from tfinfra.lifecycle.auditing.rebuild.environment import environment
from tfinfra.lifecycle.auditing.rebuild.in_child import Room
from tfinfra.locking.aliases import Aliases
from tfinfra.locking.read import ReadLock, read_lock
from tfinfra.system.progress import Progress
from tfinfra.version import __version__


def require_signature(evidence: Evidence) -> None:
    """Raises UsageError where no key is trusted, DifferenceFound where none of them has signed: what nobody stands for
    is not built."""
    if not evidence.auditor.keys:
        raise UsageError("--rebuild builds what a key that you trust has signed, and none is named", NAME_A_KEY)
    if signed_by(evidence) is None:
        message = "nothing is built anew: no key that you trust has signed this evidence"
        raise DifferenceFound(message, "run `tfinfra audit` without --rebuild: it says what the signature is")


def rebuild(evidence: Evidence, *, aliases: Aliases, allow_builds: bool, progress: Progress) -> tuple[Finding, ...]:
    """What comes of it. `aliases` are the auditor's own indexes; `allow_builds`: what comes as source is built, which
    runs its code. Raises as `require_signature` does."""
    require_signature(evidence)
    if other := tuple(unlike_statement(evidence)):
        return (*other, *nothing_built(NotBuilt("its files are not those that were signed")))
    made_by = evidence.statement.tfinfra if evidence.statement is not None else None
    if made_by != __version__:
        why = f"tfinfra {made_by} made the run, and this one is {__version__}"
        return tuple(nothing_built(NotBuilt(why, "install that release, and audit with it")))
    files = taken(evidence)
    lock, wrong = _lock(files)
    if wrong:
        return tuple(refused_lock(wrong))
    with TemporaryDirectory(prefix="tfinfra-rebuild-") as folder:
        room = Room.made(Path(folder), os.environ, aliases.default, builds=allow_builds)
        built = environment(evidence.nodes, lock, room, aliases=aliases, allow_builds=allow_builds, progress=progress)
        return (*deploy_folder(files, lock, room), *built)


def _lock(files: Mapping[str, bytes]) -> tuple[ReadLock | None, list[str]]:
    """The lock that the run had, None of a run without one; and what of it no tfinfra writes."""
    if LOCK not in files:
        return None, []
    try:
        read = read_lock(files[LOCK], in_run(LOCK))
    except ManifestError as error:
        return None, [error.message]
    wrong = [each.in_a_line for each in read.found if each.is_error]
    if read.lock is not None:
        wrong += refused(read.lock.environment)
    if read.is_stale:
        wrong.append("its digest is not that of what it holds")
    return read, wrong
