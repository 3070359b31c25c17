"""A signature that comes later than its evidence: of a run that is gone from its cloud, and that nobody could sign
then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tfinfra.errors import first_line
from tfinfra.evidence import names
from tfinfra.evidence.build import all_sums, signatures
from tfinfra.evidence.dsse import Signer
from tfinfra.guardrails.values import Audit
from tfinfra.lifecycle.evidence.audit_folder import listed, write_folder
from tfinfra.lifecycle.evidence.signing import signer_of
from tfinfra.lifecycle.record.evidence_state import EvidenceState
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.progress import Progress


class Changed(Exception):
    """What lies there is not what its sums say; the text names the file."""


def sign_late(
    folder: RunFolder,
    record: RunRecord,
    audit: Audit,
    reach: Callable[[], Ports],
    say: Progress,
) -> RunRecord:
    """Signs the evidence beside the run's outputs as it lies there, where somebody is to sign and all of it is as its
    sums have it; `reach` asks for the cloud, whose caller a vault knows. The record as it is then; what keeps the
    signature away is said."""
    if not audit.signs:
        return record
    results, copies = Path(record.results), record.evidence.copies if record.evidence else ()
    try:
        signer = signer_of(audit, lambda: reach().cloud)
        assert signer is not None  # noqa: S101 - the audit signs
        _sign(results, record.run, signer)
    except Exception as error:  # noqa: BLE001 - a key, a vault, a disk: whatever it is, it is not yet signed
        say(f"warning: the evidence is not yet signed: {first_line(error)}")
        return folder.update(evidence=EvidenceState("not_yet", why=first_line(error), copies=copies))
    say("its evidence is signed now")
    return folder.update(evidence=EvidenceState("made", key=signer.fingerprint, copies=copies))


def _sign(results: Path, run: str, signer: Signer) -> None:
    """Raises Changed, OSError, and what the signer raises."""
    audit = results / names.FOLDER
    digests = listed(results)
    for name, digest in digests.items():
        if sha256_of(audit / name) != digest:
            raise Changed(f"{name.removeprefix('../')} is not what it was when the evidence was written")
    made = {name.removeprefix("../"): digest for name, digest in digests.items() if name.startswith("../")}
    own = [name for name in digests if not name.startswith("../") and name not in names.SIGNATURES]
    files: Mapping[str, bytes] = {name: (audit / name).read_bytes() for name in own}
    signed = {**files, **signatures(files[names.STATEMENT], made, run, signer).files}
    write_folder(results, {**signed, names.SUMS: all_sums(signed, made, {})})
