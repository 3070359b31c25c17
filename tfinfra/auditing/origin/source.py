"""The source directory: what travelled, by the list of its files and by the statement, against the lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.loosely import mapping, text
from tfinfra.auditing.origin.seen import BUNDLE, SOURCE, Dependency, dependencies, lock_of
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.told import changed, foreign, missing
from tfinfra.evidence import names
from tfinfra.evidence.names import in_json
from tfinfra.evidence.sums import sha256
from tfinfra.locking.trees import spelt
from tfinfra.text.file_names import folded


def is_the_statements(evidence: Evidence) -> Iterator[Finding]:
    """The list of its files is the one that the statement names."""
    source, data = dependencies(evidence).get(SOURCE), evidence.files.evidence.get(names.SOURCE_SUMS)
    if source is not None and data is not None and source.sha256 != sha256(data):
        sentence = "is another list than the one that the statement calls the source"
        yield changed("TFA310", names.SOURCE_SUMS, "", sentence, was=source.sha256, now=sha256(data))


def is_the_locks(evidence: Evidence) -> Iterator[Finding]:
    """Each file that travelled is the one in the lock, with its executable bit; so is each link."""
    lock, source = lock_of(evidence), dependencies(evidence).get(SOURCE)
    if lock is None or source is None or evidence.source_sums is None:
        return
    went = _as_locked(evidence.source_sums, source)
    for name in sorted({*went, *lock.source.files}):
        was, now = lock.source.files.get(name), went.get(name)
        if was is None:
            yield foreign("TFA311", names.SOURCE_SUMS, f"'{name}'", "travelled, and is not in the lock")
        elif now is None:
            yield missing("TFA311", names.SOURCE_SUMS, f"'{name}'", "did not travel, and is in the lock")
        elif was != now:
            sentence = "is not what the lock has under this name"
            yield changed("TFA311", names.SOURCE_SUMS, f"'{name}'", sentence, was=was, now=now)


def _as_locked(sums: Mapping[str, str], source: Dependency) -> dict[str, str]:
    """{name: FileText} of what travelled, as a lock spells both."""
    listed = source.annotations.get("executable")
    runs = {one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, str)}
    ends = mapping(source.annotations.get("line_ends"))
    links = mapping(source.annotations.get("links"))
    files = {
        spelt(name): f"sha256:{text(ends.get(in_json(name))) or digest}{' executable' * (in_json(name) in runs)}"
        for name, digest in sums.items()
    }
    return {**files, **{spelt(name): f"link {spelt(text(target))}" for name, target in links.items()}}


def names_differ(evidence: Evidence) -> Iterator[Finding]:
    """Two names that differ in case or Unicode form alone are one file on some machines."""
    seen: dict[str, str] = {}
    for name in sorted(evidence.source_sums or ()):
        same = folded(name)
        if same in seen:
            sentence = f"and '{seen[same]}' differ in case or in the form of their letters alone"
            yield foreign("TFA312", names.SOURCE_SUMS, f"'{name}'", sentence)
        seen[same] = name


def links_stay_inside(evidence: Evidence) -> Iterator[Finding]:
    """No link that leads out of the source directory travels: what is behind it is in no digest."""
    source = dependencies(evidence).get(SOURCE)
    for name, target in mapping(source.annotations.get("links") if source else None).items():
        if _leads_out(name, text(target)):
            sentence = "leads out of the source directory, and no such link travels"
            yield foreign("TFA313", names.STATEMENT, f"the link '{name}'", sentence, now=text(target))


def _leads_out(name: str, target: str) -> bool:
    depth = 0
    for part in (*PurePosixPath(name).parent.parts, *PurePosixPath(target).parts):
        depth += {"..": -1, ".": 0}.get(part, 1)
        if depth < 0 or part == "/":
            return True
    return False


def clean_is_clean(evidence: Evidence) -> Iterator[Finding]:
    """A lock calls the source clean, and the run's client saw it dirty, both of one commit."""
    lock, source = lock_of(evidence), dependencies(evidence).get(SOURCE)
    git = lock.source.git if lock is not None else None
    if git is None or source is None or source.commit != git.commit:
        return
    if not git.dirty and source.annotations.get("dirty") is True:
        sentence = f"is clean in the lock, and when it travelled a file was not as commit {git.commit[:12]} has it"
        yield changed("TFA314", names.LOCK, "the source", sentence)


def bundle_is_one(evidence: Evidence) -> Iterator[Finding]:
    """The archive with source, plan and agent, as the statement, the event log and each node have it."""
    sent = dependencies(evidence).get(BUNDLE)
    if sent is None:
        return
    for event in evidence.called("bundle.begin"):
        if event.fields.get("sha256") != sent.sha256:
            sentence = "names another bundle than the statement"
            yield changed("TFA318", names.EVENTS, "", sentence, was=sent.sha256, now=text(event.fields.get("sha256")))
    for node in evidence.nodes:
        if node.evidence is not None and node.evidence.bundle != sent.sha256:
            sentence = "was sent another bundle than the statement names"
            yield changed("TFA318", node.file, "", sentence, was=sent.sha256, now=node.evidence.bundle)


CHECKS: tuple[Check, ...] = (
    is_the_statements,
    is_the_locks,
    names_differ,
    links_stay_inside,
    clean_is_clean,
    bundle_is_one,
)
