"""A signature that comes later than its evidence: of a run that is gone from its cloud, and that nobody could sign
then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tfinfra.errors import first_line
from tfinfra.evidence import names
from tfinfra.evidence.build import all_sums, signatures
from tfinfra.evidence.dsse import Signer
from tfinfra.evidence.sums import read_sums, sha256
from tfinfra.guardrails.values import Audit
from tfinfra.lifecycle.evidence.audit_folder import write_folder
from tfinfra.lifecycle.evidence.gather import Digests
from tfinfra.lifecycle.evidence.signing import signer_of
from tfinfra.lifecycle.record.evidence_state import EvidenceState
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.system.progress import Progress, say_nothing

_BESIDE = (*names.SUBJECTS, *names.LOGS)


class Changed(Exception):
    """What lies there is not what was written; the text names the file."""


def sign_late(
    folder: RunFolder,
    record: RunRecord,
    audit: Audit,
    reach: Callable[[], Ports],
    say: Progress,
) -> RunRecord:
    """Signs the evidence beside the run's outputs as it lies there, where somebody is to sign and all of it is as this
    machine wrote it; `reach` asks for the cloud, whose caller a vault knows. The record as it is then; what keeps the
    signature away is said."""
    if not audit.signs:
        return record
    results, state = Path(record.results), record.evidence or EvidenceState("none")
    try:
        signer = signer_of(audit, lambda: reach().cloud)
        assert signer is not None  # noqa: S101 - the audit signs
        sums = _sign(results, record.run, signer, state.sums)
    except Exception as error:  # noqa: BLE001 - a key, a vault, a disk: whatever it is, it is not yet signed
        say(f"warning: the evidence is not yet signed: {first_line(error)}")
        return folder.update(evidence=replace(state, signature="not_yet", key=None, why=first_line(error)))
    say("its evidence is signed now")
    return folder.update(evidence=replace(state, signature="made", key=signer.fingerprint, why=None, sums=sums))


def _sign(results: Path, run: str, signer: Signer, sums: str | None) -> str:
    """The digest of the sums with the signatures; `sums` is that of those that were written. Raises Changed,
    OSError, BadSums, Unplaceable, and what the signer raises."""
    digests = _unchanged_sums(results / names.FOLDER / names.SUMS, sums)
    made = {name.removeprefix("../"): digest for name, digest in digests.items() if _is_outside(name)}
    files = {name: _unchanged(results, name, digest) for name, digest in digests.items() if not _is_outside(name)}
    _refuse_other_files(results, made)
    if names.STATEMENT not in files:
        raise Changed(f"{names.SUMS} names no {names.STATEMENT}")
    unsigned = {name: data for name, data in files.items() if name not in names.SIGNATURES}
    signed = {**unsigned, **signatures(unsigned[names.STATEMENT], made, run, signer).files}
    written = all_sums(signed, made, {})
    write_folder(results, {**signed, names.SUMS: written})
    return sha256(written)


def _unchanged_sums(path: Path, sums: str | None) -> dict[str, str]:
    """Who changes a file can write its sum anew: the list counts where its digest is the one in the run's record."""
    if sums is None:
        raise Changed(f"the run's record does not say which {names.SUMS} was written")
    data = _read(path, names.SUMS)
    if sha256(data) != sums:
        raise Changed(f"{names.SUMS} is not what it was when the evidence was written")
    return read_sums(data)


def _is_outside(name: str) -> bool:
    """Whether it names a file of the run beside audit/. Raises Changed where it names none there and none in audit/."""
    beside, parts = name.startswith("../"), name.removeprefix("../").split("/")
    if {"", ".", ".."} & set(parts) or (beside and (parts[0] not in _BESIDE or len(parts) == 1)):
        raise Changed(f"{names.SUMS} names {name!r}, which is no file of the evidence")
    return beside


def _unchanged(results: Path, name: str, digest: str) -> bytes:
    """The bytes of a file of audit/: those that are held against the sums are those that are signed."""
    data = _read(results / names.FOLDER / name, name)
    if sha256(data) != digest:
        raise Changed(f"{names.FOLDER}/{name} is not what it was when the evidence was written")
    return data


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Changed(f"{names.FOLDER}/{name} cannot be read: {error.strerror}") from error


def _refuse_other_files(results: Path, made: Mapping[str, str]) -> None:
    """Raises Changed where the files beside audit/ are not those whose digests are `made`; a log more is no matter."""
    there = Digests().below(results, _BESIDE, say_nothing)
    for name, digest in made.items():
        if there.get(name) != digest:
            raise Changed(f"{name} is not what it was when the evidence was written")
    for name in sorted(there.keys() - made.keys()):
        if name.partition("/")[0] in names.SUBJECTS:
            raise Changed(f"{name} was not there when the evidence was written")
