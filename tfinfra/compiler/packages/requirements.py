"""What the environment must hold: requirement lines and conda specs, from the manifest and the files it names."""

from __future__ import annotations

import re

from tfinfra.compiler.packages.channels import channel_url
from tfinfra.compiler.packages.written import conda_file, written_lines
from tfinfra.compiler.project import Project
from tfinfra.environment.requirements.requirement import RefusedRequirement, read_requirement
from tfinfra.manifest.manifest import Manifest

_PYTHON = re.compile(r"\s*(\S+::)?python\s*($|[=<>!~\[ ])")


def all_requirements(manifest: Manifest, project: Project) -> tuple[str, ...]:
    """Every requirement line, those of pip_packages first, those of a conda environment file last."""
    lines = written_lines(manifest, project)
    return tuple(one.text for one in lines if one.requirement and not one.constraint)


def all_constraints(manifest: Manifest, project: Project) -> tuple[str, ...]:
    """Every line of the files that are named by `-c`."""
    return tuple(one.text for one in written_lines(manifest, project) if one.requirement and one.constraint)


def takes_prereleases(manifest: Manifest, project: Project) -> bool:
    """Whether a requirements file says `--pre`, which then holds for all packages, as it does for pip."""
    return any(one.line.given("--pre") for one in written_lines(manifest, project))


def requirement_name(line: str) -> str:
    """The normalised name of a requirement line, "" where it has none."""
    try:
        return read_requirement(line, _ANY).name
    except RefusedRequirement:
        return ""


class _Any(frozenset[str]):
    """Contains every name: for reading a line's name, whatever may be done with it."""

    def __contains__(self, name: object) -> bool:
        return True


_ANY = _Any()


def conda_specs(manifest: Manifest, project: Project) -> tuple[str, ...]:
    """All conda specs, those of conda_packages first; Python's own is left to python_version."""
    file = conda_file(manifest, project)
    texts = (*manifest.conda_packages, *(text for _, text in file.specs)) if file else manifest.conda_packages
    return tuple(text for text in texts if not _PYTHON.match(text))


def conda_channels(manifest: Manifest, project: Project) -> tuple[str, ...]:
    """The manifest's channels where it names any, else the file's, else the default; folders as URLs."""
    file = conda_file(manifest, project)
    of_file = tuple(name for name in file.channels if name != "nodefaults") if file else ()
    chosen = manifest.conda_channels if "conda_channels" in manifest.given else of_file or manifest.conda_channels
    return tuple(channel_url(channel, project.source.root) for channel in chosen)
