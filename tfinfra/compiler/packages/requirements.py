"""What the environment must hold: requirement lines and conda specs, from the manifest and the files it names."""

from __future__ import annotations

import re

from tfinfra.compiler.packages.channels import channel_url
from tfinfra.compiler.packages.conda_file import CondaFile, read_conda_file
from tfinfra.compiler.project import Project
from tfinfra.environment.requirement import RefusedRequirement, read_requirement
from tfinfra.manifest.manifest import Manifest

_PYTHON = re.compile(r"\s*(\S+::)?python\s*($|[=<>!~\[ ])")


def requirement_lines(text: str) -> tuple[tuple[int, str], ...]:
    """(line number, requirement) of a requirements file: comments and blank lines left out, continuations joined."""
    found: list[tuple[int, str]] = []
    start, held = 0, ""
    for number, raw in enumerate(text.split("\n"), 1):
        start = start if held else number
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        if line.endswith("\\"):
            held += line[:-1].strip() + " "
            continue
        whole, held = (held + line.lstrip()).strip(), ""
        if whole:
            found.append((start, whole))
    return (*found, *([(start, held.strip())] if held.strip() else []))


def all_requirements(manifest: Manifest, project: Project) -> tuple[str, ...]:
    """Every requirement line, those of pip_packages first, those of a conda environment file last."""
    text = project.source.requirements.get(manifest.pip_requirements_file or "", "")
    of_conda = conda_file(manifest, project)
    in_conda = (line for _, line in of_conda.pip) if of_conda else ()
    return (*manifest.pip_packages, *(line for _, line in requirement_lines(text)), *in_conda)


def conda_file(manifest: Manifest, project: Project) -> CondaFile | None:
    """The environment file, None where the manifest names none or it cannot be read."""
    name = manifest.conda_dependencies_file
    text = project.source.requirements.get(name or "")
    return read_conda_file(text, project.source.file(str(name))) if name and text is not None else None


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
