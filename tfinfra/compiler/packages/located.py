"""A refusal of packages, which the making of a lock knows by their names alone, at the lines that ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tfinfra.compiler.packages.requirements import requirement_name
from tfinfra.compiler.packages.written import conda_file, written_lines
from tfinfra.compiler.project import Project
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.requirements.requirement import normalised, shown
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import Document, KeyPath, dotted
from tfinfra.manifest.manifest import Manifest

_MOST_OTHERS = 4
Place = tuple[str, str, "Position | None"]
"""What is asked for, the path of its key, and where it stands."""


@contextmanager
def refused_at_their_lines(manifest: Manifest, project: Project) -> Iterator[None]:
    """A RefusedPackages that leaves this block has a diagnostic, at the line of the manifest, of a requirements file or
    of an environment file that asks for the first of its packages."""
    try:
        yield
    except RefusedPackages as error:
        raise located(error, manifest, project) from error


def located(error: RefusedPackages, manifest: Manifest, project: Project) -> RefusedPackages:
    """The same error with its diagnostic."""
    by_name = list(
        _conda_places(manifest, project) if error.key == "conda_packages" else _pip_places(manifest, project)
    )
    places = [place for name in error.about for known, place in by_name if known == name]
    message = re.sub(r"^[a-z_]+: ", "", error.message)
    if places:
        (_, path, position), *others = dict.fromkeys(places)
        if others:
            message += "\n  asked for beside it: " + "; ".join(map(_spelt, others[:_MOST_OTHERS]))
    else:
        path, position = error.key, _key_position(error.key, manifest, project)
    found = Diagnostic(error.code, Severity.ERROR, message, path, position, error.hint)
    return replace(error, diagnostics=(found,))


def _pip_places(manifest: Manifest, project: Project) -> Iterator[tuple[str, Place]]:
    for one in written_lines(manifest, project):
        if name := requirement_name(one.requirement):
            yield name, (one.requirement, one.path, one.position)


def _conda_places(manifest: Manifest, project: Project) -> Iterator[tuple[str, Place]]:
    file = conda_file(manifest, project)
    written: list[tuple[Document, KeyPath, str]] = [
        (manifest.document, path, text) for path, text in manifest.items("conda_packages")
    ]
    written += [(file.document, path, text) for path, text in file.specs] if file else []
    for document, path, text in written:
        if name := re.match(r"[A-Za-z0-9._-]+", text.rpartition("::")[2]):
            yield normalised(name.group()), (text, dotted(path), document.value(path))


def _spelt(place: Place) -> str:
    text, path, position = place
    return f"{shown(text)} ({position.file}:{position.line})" if position else f"{shown(text)} ({path})"


def _key_position(key: str, manifest: Manifest, project: Project) -> Position | None:
    """Where the key is written, in the manifest or in its target, or what names packages in its stead; the manifest's
    begin where none is."""
    document, target = manifest.document, project.target or manifest.compute_target
    of_targets = [(other, (str(target), key)) for other in project.targets]
    keys = (key, "pip_requirements_file", "conda_dependencies_file", "framework_version")
    places = [(document, ("compute_target", key)), *of_targets, *((document, manifest.path(one)) for one in keys)]
    found = (one.values.get(path) or one.keys.get(path) for one, path in places)
    return next(filter(None, found), Position(document.file, 1, 1) if document.file else None)
