"""`audit --full`: the inputs of a run as they lie on this machine now, every byte of them read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tfinfra.auditing.origin.inputs_anew import Here, places
from tfinfra.auditing.origin.seen import CHECKPOINTS
from tfinfra.auditing.read_evidence import Evidence
from tfinfra.auditing.signed.signer import signed_by
from tfinfra.errors import ManifestError
from tfinfra.evidence import names
from tfinfra.system.local_tree import Trust, read_tree
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress

_RUNS = "runs"
_UNSIGNED = "and nobody who is trusted has signed that"


def inputs_here(evidence: Evidence, run: Path, progress: Progress) -> Mapping[str, Here]:
    """By their names in the statement. They are looked for in the current folder and in the one that has the runs/ in
    which `run` lies: a manifest's paths count from its own folder. Where nobody who is trusted has signed, no path and
    no link is followed out of these: whoever wrote it could have a whole disk read."""
    around = run.resolve().parent
    project = (around.parent,) if around.name == _RUNS else ()  # of a folder elsewhere nobody chose what is above it
    bases = tuple(dict.fromkeys([Path.cwd(), *project]))
    is_trusted = signed_by(evidence) is not None
    return {
        name: _here(name, path, bases, is_trusted=is_trusted, progress=progress)
        for name, path in places(evidence).items()
    }


def _here(name: str, path: str, bases: tuple[Path, ...], *, is_trusted: bool, progress: Progress) -> Here:
    found = [place for place in _candidates(name, path, bases) if place.exists()]
    inside = [place for place in found if is_trusted or any(place.resolve().is_relative_to(base) for base in bases)]
    if not found:
        return Here(None, f"there is no '{path}' here; run the audit in the manifest's folder")
    if not inside:
        return Here(None, f"'{path}' leads out of this folder, {_UNSIGNED}")
    if not is_trusted and (link := _link_out(inside[0], bases)) is not None:
        return Here(None, f"'{path}' has a link that leads out of this folder, '{link}', {_UNSIGNED}")
    try:
        return Here(read_tree(inside[0], cache_folder() / "inputs.sqlite3", progress, Trust.NOTHING).sha256)
    except ManifestError as error:
        return Here(None, error.message)


def _link_out(place: Path, bases: tuple[Path, ...]) -> str | None:
    """The first link in a folder, or in one that a link there leads to, which leads out of `bases`."""
    waiting, seen = [place.resolve()], set[Path]()
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError:
            continue  # a file, or what whoever reads it cannot read either
        for entry in found:
            real = Path(os.path.realpath(entry.path))
            if not any(real.is_relative_to(base) for base in bases):
                return entry.path
            if entry.is_dir():
                waiting.append(real)
    return None


def _candidates(name: str, path: str, bases: tuple[Path, ...]) -> Iterator[Path]:
    for base in bases:
        yield base / _RUNS / path / names.SUBJECTS[1] if name == CHECKPOINTS else base / path
