"""Rules on what conda is asked for: conda_packages, conda_channels and the environment file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.packages.conda_file import CondaFile
from tfinfra.compiler.packages.requirements import all_requirements, conda_file, requirement_name
from tfinfra.compiler.project import Project
from tfinfra.environment.requirement import normalised, shown
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import Document, KeyPath, error_at
from tfinfra.manifest.manifest import Manifest

_TENSORFLOW = {"tensorflow", "tensorflow-base", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly"}
_HOROVOD = {"horovod": "Horovod", "openmpi": "Open MPI", "mpich": "another MPI"}
_PATCHES = range(60)
_PLACE = re.compile(r"://|\$\{|^\s*[-./~]|\burl\s*=|\.(conda|tar\.bz2)\s*$|[\x00-\x1f\x7f]", re.IGNORECASE)


@dataclass(frozen=True)
class _Spec:
    """A conda spec and where it stands; `match` is rattler's MatchSpec."""

    document: Document
    path: KeyPath
    text: str
    match: Any
    name: str

    def error(self, code: str, message: str, hint: str) -> Diagnostic:
        return error_at(self.document, code, self.path, message, hint)


def conda_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules."""
    manifest, project = facts.manifest, facts.project
    file = conda_file(manifest, project)
    yield from file.faults if file else ()
    yield from _channels(manifest, project, file)
    asked = _asked(manifest, file)
    if not asked:
        return
    try:
        from rattler import MatchSpec
        from rattler.exceptions import InvalidMatchSpecError
    except ImportError:
        yield _missing(asked[0])
        return
    specs: list[_Spec] = []
    for document, path, text in asked:
        if _PLACE.search(text):
            message = f"{shown(text)} names a place, a variable or an option, not a package"
            yield error_at(document, "TFI700", path, message, "write pandas>=2,<3, and its channel in conda_channels")
            continue
        try:
            match = MatchSpec(text)
            specs.append(_Spec(document, path, text, match, normalised(match.name.normalized or "")))
        except (InvalidMatchSpecError, TypeError) as error:
            yield error_at(document, "TFI700", path, f"'{text}' is no conda spec: {error}", "write pandas>=2,<3")
    yield from _python(manifest, specs)
    yield from _not_conda(specs)
    yield from _twice(manifest, project, specs)


def _asked(manifest: Manifest, file: CondaFile | None) -> list[tuple[Document, KeyPath, str]]:
    asked: list[tuple[Document, KeyPath, str]] = [
        (manifest.document, ("conda_packages", index), text) for index, text in enumerate(manifest.conda_packages)
    ]
    return asked + ([(file.document, path, text) for path, text in file.specs] if file else [])


def _missing(first: tuple[Document, KeyPath, str]) -> Diagnostic:
    from tfinfra.environment.conda.conda_packages import INSTALL

    document, path, _ = first
    return error_at(document, "TFI707", path, "conda packages need py-rattler, which is not installed", INSTALL)


def _channels(manifest: Manifest, project: Project, file: CondaFile | None) -> Iterator[Diagnostic]:
    hint = "write conda-forge, or the URL of a channel that you may use"
    for index, name in enumerate(manifest.conda_channels if "conda_channels" in manifest.given else ()):
        path = ("conda_channels", index)
        if name == "defaults":
            yield error_at(manifest.document, "TFI708", path, _DEFAULTS, hint)
        elif fault := _unsafe(name):
            yield error_at(manifest.document, "TFI708", path, fault, hint)
        elif problem := project.source.problems.get(name):
            message = f"the channel '{name}' cannot be used: {problem}"
            yield error_at(manifest.document, "TFI708", path, message, "a folder is relative to source_directory")
    for index, name in enumerate(file.channels if file and "conda_channels" not in manifest.given else ()):
        fault = _DEFAULTS if name == "defaults" else _unsafe(name)
        if file and fault:
            yield error_at(file.document, "TFI708", ("channels", index), fault, hint)
    if "conda_channels" in manifest.given and not manifest.conda_channels and manifest.sound("conda_channels"):
        yield error_at(manifest.document, "TFI708", ("conda_channels",), "there is no channel", hint)


def _unsafe(channel: str) -> str:
    """Why a channel's packages could be anybody's, "" where they could not."""
    if not channel.isprintable() or "${" in channel:
        return f"the channel {shown(channel)} holds a control character or a variable"
    if "@" in channel and "://" not in channel:
        return "a channel without https:// before it is a name, and has no user or password"
    scheme = channel.partition("://")[0].lower() if "://" in channel else "https"
    return "" if scheme in ("https", "file", "oci", "s3") else f"the channel {shown(channel)} is fetched by {scheme}"


_DEFAULTS = "'defaults' is what an installation of conda is configured to, and there is none here"


def _python(manifest: Manifest, specs: list[_Spec]) -> Iterator[Diagnostic]:
    if not manifest.sound("python_version"):
        return
    version, line = manifest.python_version, manifest.document.line(("python_version",))
    for spec in specs:
        if spec.name == "python" and not _fits(spec, version):
            message = f"'{spec.text}' does not fit python_version {version}{line}"
            yield spec.error("TFI704", message, "write python_version alone: the environment's Python is conda's then")


def _fits(spec: _Spec, version: str) -> bool:
    """Does the spec allow any patch release of `version`?"""
    from rattler import Version, VersionSpec

    if spec.match.version is None:
        return True
    exact = version.count(".") > 1
    releases = [version] if exact else [f"{version}.{patch}" for patch in _PATCHES]
    allowed = VersionSpec(str(spec.match.version))
    return any(allowed.matches(Version(release)) for release in releases)


def _not_conda(specs: list[_Spec]) -> Iterator[Diagnostic]:
    for spec in specs:
        if spec.name in _TENSORFLOW:
            message = f"'{spec.text}': TensorFlow is always installed, and comes from pip's index, not from conda"
            yield spec.error("TFI705", message, "remove it; framework_version says which")
        elif spec.name in _HOROVOD:
            message = f"'{spec.text}': {_HOROVOD[spec.name]} would stand in the way of the one that tfinfra brings"
            yield spec.error("TFI705", message, "remove it; distributed_backend: mpi brings Open MPI and Horovod")


def _twice(manifest: Manifest, project: Project, specs: list[_Spec]) -> Iterator[Diagnostic]:
    """One package from both: whichever came last would overwrite the other's files."""
    from_pip = {requirement_name(line): line for line in all_requirements(manifest, project)}
    for spec in specs:
        if spec.name in from_pip:
            message = f"conda's '{spec.text}' and pip's '{from_pip[spec.name]}' name the same package"
            yield spec.error("TFI701", message, "keep one of the two")
