"""`tfinfra audit`: reads what is asked for, and has it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfinfra.auditing.audit import Audited, audited
from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.run_files import Auditor
from tfinfra.lifecycle.auditing.read_run import read_run
from tfinfra.lifecycle.auditing.trusted import trusted_clouds, trusted_keys


@dataclass(frozen=True)
class AuditOptions:
    """What a command line asks of an audit: the files of public keys, whether a signature must be there, whether
    inputs are read whatever their times say."""

    public_keys: tuple[Path, ...] = ()
    require_signature: bool = False
    full: bool = False


def audit_run(folder: Path, options: AuditOptions) -> Audited:
    """The audit of the evidence in a run's folder (find_folder.py). Raises UsageError."""
    auditor = Auditor(
        keys=trusted_keys(options.public_keys, folder),
        clouds=trusted_clouds(),
        require_signature=options.require_signature,
        full=options.full,
    )
    return audited(read_evidence(read_run(folder, str(folder)), auditor))
