"""Whether what the run made is what the statement is about: outputs, checkpoints, logs of the script, left files; and
whether the names in it can be files of a run at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping, text
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names
from tfinfra.evidence.names import in_json
from tfinfra.text.file_names import folded

_FILE = in_run(names.STATEMENT)
_NOTHING_MADE = in_run(names.RUN)
"""The only subject of a run that made no file."""


def about_something(evidence: Evidence) -> Iterator[Finding]:
    """A statement has subjects, each once."""
    statement = evidence.statement
    if statement is None:
        return
    if not statement.subjects:
        yield Finding("TFA131", Verdict.MISSING, _FILE, f"{_FILE} is about nothing: it has no subject", _FILE)
    for name in statement.twice:
        yield Finding("TFA131", Verdict.FOREIGN, name, f"{_FILE} names '{name}' twice", _FILE)


def inside(evidence: Evidence) -> Iterator[Finding]:
    """No name leads out of the run's folder."""
    statement = evidence.statement
    if statement is None:
        return
    for name in statement.subjects:
        if name != _NOTHING_MADE and not _is_inside(name, names.SUBJECTS):
            yield _outside(name, f"which is no file in {', '.join(f'{each}/' for each in names.SUBJECTS)}")
    for name in statement.byproducts:
        if not _is_inside(name):
            yield _outside(name, f"which is no file in {names.FOLDER}/")


def _outside(name: str, why: str) -> Finding:
    return Finding("TFA130", Verdict.FOREIGN, name, f"{_FILE} names '{name}', {why}", _FILE)


def _is_inside(name: str, folders: Iterable[str] = ()) -> bool:
    parts = name.split("/")
    if {"", ".", ".."} & set(parts) or "\0" in name or "\\" in parts[0]:
        return False
    return not folders or (parts[0] in folders and len(parts) > 1)


def alike(evidence: Evidence) -> Iterator[Finding]:
    """No name that the run has not made is one of its own to a system that knows no case, or writes é in another form.
    Two that the statement has are both the run's."""
    statement = evidence.statement
    if statement is None:
        return
    found = defaultdict[str, list[str]](list)
    for name in {*statement.subjects, *map(in_json, evidence.files.digests)}:
        found[folded(name)].append(name)
    for same in found.values():
        own = sorted(name for name in same if name in statement.subjects)
        for second in sorted(set(same) - set(own)) if own else ():
            first = own[0]
            sentence = f"'{first}' and '{second}' differ in case or in the form of their letters alone"
            yield Finding("TFA132", Verdict.FOREIGN, second, sentence, _FILE, was=first, now=second)


def as_made(evidence: Evidence) -> Iterator[Finding]:
    """What lies there is what the run made, no file more and no file less."""
    statement, files = evidence.statement, evidence.files
    if statement is None:
        return
    there = {
        in_json(name): digest for name, digest in files.digests.items() if name.partition("/")[0] in names.SUBJECTS
    }
    if files.alone:
        if not there and set(statement.subjects) != {_NOTHING_MADE}:
            sentence = "what the run made does not lie beside its evidence, and could not be held against it"
            yield Finding("TFA122", Verdict.UNVERIFIABLE, names.OUTPUTS, sentence)
        return
    for name, digest in sorted(statement.subjects.items()):
        if name == _NOTHING_MADE or not _is_inside(name, names.SUBJECTS) or name in files.unread:
            continue
        if name not in there:
            yield Finding("TFA141", Verdict.MISSING, name, f"{name}, which the run made, is gone", name, was=digest)
        elif there[name] != digest:
            sentence = f"{name} is not the file that the run made"
            yield Finding("TFA140", Verdict.CHANGED, name, sentence, name, was=digest, now=there[name])
    for name in sorted(set(there) - set(statement.subjects)):
        sentence = f"{name} is there, and the statement does not name it among what the run made"
        yield Finding("TFA142", Verdict.FOREIGN, name, sentence, name, now=there[name])


def one_digest(evidence: Evidence) -> Iterator[Finding]:
    """What the statement names in two places has one digest there: its parameter, which is the lock or the manifest,
    and how the run ended, where that is its subject."""
    statement = evidence.statement
    if statement is None:
        return
    given = mapping(statement.given)
    named = {text(given.get("name")): text(mapping(given.get("digest")).get("sha256"))} if given else {}
    if _NOTHING_MADE in statement.subjects:
        named[names.RUN] = statement.subjects[_NOTHING_MADE]
    for name, digest in named.items():
        if statement.byproducts.get(name) != digest:
            sentence = f"{_FILE} has two digests of {in_run(name)}"
            yield Finding("TFA114", Verdict.CHANGED, in_run(name), sentence, _FILE)


CHECKS: tuple[Check, ...] = (about_something, inside, alike, as_made, one_digest)
