"""Rules on what travels to the nodes: what of the source directory stays behind, or cannot be carried."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Position, Severity, in_one_line
from tfinfra.manifest.document import error_at
from tfinfra.text.wording import first_few, spell_bytes
from tfinfra.travel.ignore_file import Line, taking_back
from tfinfra.travel.survey import NO_FILE, OWN, PRIVATE_KEY, SECRET, Reason

LARGE, MANY = 10**9, 100_000
"""Bytes and files that are worth a word before they are sent."""
_MOST_TOLD, _NAMED = 20, 5


def secrets_stay(facts: Facts) -> Iterator[Diagnostic]:
    """What looks like a secret and no ignore file names."""
    left = facts.project.travels.left.items()
    names = [name for name, reason in left if reason.what in (SECRET, PRIVATE_KEY)]
    if names:
        which = "looks like a secret and stays" if len(names) == 1 else "look like secrets and stay"
        message = f"{first_few(list(map(repr, names)), _NAMED)} {which} on this machine"
        hint = f"where the nodes need it: `{taking_back(names[0])}` in {OWN}"
        yield _at_source(facts, "TFI335", message, hint, Severity.NOTICE)


def named_files_stay(facts: Facts) -> Iterator[Diagnostic]:
    """Files that the manifest names, and that the nodes would not have."""
    manifest, source = facts.manifest, facts.project.source
    for key, name in (("entry_script", source.entry), ("setup_script", manifest.setup_script)):
        if name and manifest.sound(key) and name not in source.problems:
            reason = facts.project.travels.why_not(posixpath.normpath(name))
            if reason is not None:
                message = f"{key} '{name}' does not travel to the nodes: {because(facts, reason)}"
                yield error_at(facts.document, "TFI336", manifest.path(key), message, way_back(name))


def what_cannot_travel(facts: Facts) -> Iterator[Diagnostic]:
    """Links that leave the source directory, unreadable files and folders: all of them at once, but for those that the
    manifest names, which are told at their own line."""
    told = {posixpath.normpath(name) for name in facts.project.source.problems}
    obstacles = [one for one in facts.project.travels.obstacles if one.name not in told]
    for one in obstacles[:_MOST_TOLD]:
        message = f"source_directory: '{one.name}' {one.why}, so it cannot be copied to the nodes"
        hint = f"put what it stands for in its place, give data as an input (`inputs`), or name it in {OWN}"
        yield _at_source(facts, "TFI340", message, hint)
    if len(obstacles) > _MOST_TOLD:
        names = first_few([repr(one.name) for one in obstacles[_MOST_TOLD:]], _NAMED)
        yield _at_source(facts, "TFI340", f"source_directory: nor can {names} be copied", f"name them in {OWN}")


def ignore_files(facts: Facts) -> Iterator[Diagnostic]:
    """Ignore files that cannot be read as their authors mean them. git goes on without a word, and so its own are worth
    a warning; tfinfra's own was written for this."""
    for bad in facts.project.travels.bad_ignore_files:
        file = _shown(facts, bad.file)
        text = bad.text if bad.text and _may_be_quoted(facts, bad.file) else None
        position = Position(file, max(bad.number, 1), 1, len(text) if text else 1, text)
        own = bad.file.rpartition("/")[2] == OWN
        severity = Severity.ERROR if own and not bad.number else Severity.WARNING
        hint = "save it as UTF-8" if "UTF" in bad.problem else "git would pass over it; make it a readable file"
        yield Diagnostic("TFI339", severity, f"{file}: {bad.problem}", "source_directory", position, hint)


def large_source(facts: Facts) -> Iterator[Diagnostic]:
    """Much to send to each node."""
    files, size = facts.project.travels.files, facts.project.travels.size
    if size > LARGE or len(files) > MANY:
        largest = max(files, key=lambda file: file.size)
        message = f"source_directory sends {len(files):,} files, {spell_bytes(size)}, to every node"
        most = (
            f"; the largest is '{in_one_line(largest.name)}' with {spell_bytes(largest.size)}" if size > LARGE else ""
        )
        hint = f"name in {OWN} what the nodes do not need; data goes as an input (`inputs`)"
        yield _at_source(facts, "TFI341", message + most, hint, Severity.WARNING)


def pointers_travel(facts: Facts) -> Iterator[Diagnostic]:
    """Files that Git LFS keeps elsewhere, and that were not fetched."""
    if names := facts.project.pointers:
        what = "is a pointer of Git LFS" if len(names) == 1 else "are pointers of Git LFS"
        told = first_few(list(map(repr, names)), _NAMED)
        message = f"{told} {what}: the nodes get a text of three lines, not the file"
        yield _at_source(facts, "TFI342", message, "`git lfs pull` fetches what it stands for", Severity.WARNING)


def because(facts: Facts, reason: Reason) -> str:
    """Why something stays behind, as the end of a sentence."""
    if reason.line is not None:
        return f"{spelt(facts, reason.line)} keeps it here"
    is_sentence = reason.what in (SECRET, PRIVATE_KEY) or reason.what.startswith(NO_FILE)
    return f"it {reason.what}" if is_sentence else f"it belongs to {reason.what}"


def spelt(facts: Facts, line: Line) -> str:
    """A line of an ignore file as messages write it; one of a file elsewhere is not quoted."""
    place = f"{_shown(facts, line.file)}:{line.number}"
    return f"{place} `{line.text}`" if _may_be_quoted(facts, line.file) else place


def way_back(name: str) -> str:
    """What a user writes who wants the nodes to have a file."""
    return f"`{taking_back(posixpath.normpath(name))}` in {OWN} takes it along"


def _shown(facts: Facts, file: str) -> str:
    return posixpath.normpath(posixpath.join(facts.project.source.shown, file))


def _may_be_quoted(facts: Facts, file: str) -> bool:
    """A manifest may be a stranger's: it shows nothing of what lies outside of its folder."""
    given = PurePosixPath(posixpath.normpath(facts.manifest.source_directory))
    inside = not given.is_absolute() and ".." not in given.parts
    return not facts.project.source.foreign and file.count("../") <= (len(given.parts) if inside else 0)


def _at_source(facts: Facts, code: str, message: str, hint: str, severity: Severity = Severity.ERROR) -> Diagnostic:
    """At the source directory where the manifest names it, else at the script that lies in it, at last at the first
    line."""
    named = (key for key in ("source_directory", "entry_script") if key in facts.document.data)
    path = next(((key,) for key in named), ())
    return error_at(facts.document, code, path, message, hint, severity=severity)


RULES: tuple[Rule, ...] = (
    secrets_stay,
    named_files_stay,
    what_cannot_travel,
    ignore_files,
    large_source,
    pointers_travel,
)
