"""`tfinfra audit`: reads what is asked for, and has it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfinfra.auditing.audit import Audited, audited
from tfinfra.auditing.findings import Finding
from tfinfra.auditing.origin.inputs_anew import compared
from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.rule_table import OFFLINE, READ_ANEW, REBUILT
from tfinfra.auditing.run_files import NAME_A_KEY, Auditor
from tfinfra.errors import UsageError
from tfinfra.evidence import names
from tfinfra.lifecycle.auditing.inputs_here import inputs_here
from tfinfra.lifecycle.auditing.read_run import read_run
from tfinfra.lifecycle.auditing.trusted import trusted_clouds, trusted_keys
from tfinfra.system.progress import Progress, say_nothing


@dataclass(frozen=True)
class AuditOptions:
    """What a command line asks of an audit: the files of public keys, whether a signature must be there, whether
    inputs are read whatever their times say; whether environment and deploy folder are built anew, and, with
    `allow_builds`, also what comes as source, which runs its code."""

    public_keys: tuple[Path, ...] = ()
    require_signature: bool = False
    full: bool = False
    rebuild: bool = False
    allow_builds: bool = False


def audit_run(
    folder: Path, options: AuditOptions, progress: Progress = say_nothing, *, asked: str | None = None
) -> Audited:
    """The audit of the evidence in a run's folder, which must be that of the run `asked` (find_folder.py). Raises
    UsageError; of a rebuild also what `require_signature` there raises, and ManifestError for the auditor's own file of
    indexes."""
    auditor = Auditor(
        keys=trusted_keys(options.public_keys, folder),
        clouds=trusted_clouds(),
        require_signature=options.require_signature,
        full=options.full,
    )
    evidence = read_evidence(read_run(folder, str(folder), asked), auditor)
    if options.require_signature and not auditor.keys and names.SIGNED_STATEMENT in evidence.files.evidence:
        raise UsageError(
            "--require-signature asks for the signature of a key that you trust, and none is named", NAME_A_KEY
        )
    found = list[Finding]()
    parts: tuple[str, ...] = (*OFFLINE, READ_ANEW) if options.full else OFFLINE
    if options.full:
        found += compared(evidence, inputs_here(evidence, folder, progress))
    if not options.rebuild:
        return audited(evidence, found, parts)
    from tfinfra.compiler.load import known_aliases
    from tfinfra.lifecycle.auditing.rebuild.rebuild import rebuild

    found += rebuild(evidence, aliases=known_aliases(), allow_builds=options.allow_builds, progress=progress)
    return audited(evidence, found, (*parts, REBUILT))
