"""Rules on pip's side of the environment: requirement lines from all files, and what may be built from source."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.packages.requirements import conda_file, requirement_lines
from tfinfra.environment.requirement import RefusedRequirement, normalised, read_requirement, shown
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import KeyPath, error_at

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TENSORFLOW = {"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly", "intel-tensorflow"}


def requirements(facts: Facts) -> Iterator[Diagnostic]:
    """Lines that cannot be locked, and packages that tfinfra brings itself."""
    manifest, project = facts.manifest, facts.project
    builds = {normalised(name) for name in manifest.source_builds}
    for index, line in enumerate(manifest.pip_packages):
        path: KeyPath = ("pip_packages", index)
        for code, message, hint in _faults(line, builds):
            yield error_at(manifest.document, code, path, message, hint)
    name = manifest.pip_requirements_file
    text = project.source.requirements.get(name or "", "")
    lines = text.split("\n")
    for number, line in requirement_lines(text):
        for code, message, hint in _faults(line, builds):
            written = lines[number - 1]
            position = Position(project.source.file(str(name)), number, 1, len(written.rstrip()), written)
            yield Diagnostic(code, Severity.ERROR, message, "pip_requirements_file", position, hint)
    if of_conda := conda_file(manifest, project):
        for path, line in of_conda.pip:
            for code, message, hint in _faults(line, builds):
                yield error_at(of_conda.document, code, path, message, hint)


def _faults(line: str, builds: Collection[str]) -> Iterator[tuple[str, str, str]]:
    try:
        name = read_requirement(line, builds).name
    except RefusedRequirement as why:
        yield "TFI319" if why.builds else "TFI318", why.message, why.hint
        return
    if name in _TENSORFLOW:
        yield "TFI313", f"{shown(line)}: TensorFlow is always installed", "remove it; framework_version says which"
    if name == "horovod":
        yield "TFI313", f"{shown(line)}: Horovod comes with distributed_backend: mpi", "remove it"


def source_builds(facts: Facts) -> Iterator[Diagnostic]:
    """Names alone: a package may be built, not a line."""
    for index, name in enumerate(facts.manifest.source_builds):
        path: KeyPath = ("source_builds", index)
        if not _NAME.fullmatch(name):
            yield error_at(facts.document, "TFI320", path, f"{shown(name)} is no package's name", "write the name")
        elif normalised(name) in _TENSORFLOW | {"horovod"}:
            message = f"{shown(name)} is not built by source_builds"
            yield error_at(facts.document, "TFI320", path, message, "remove it: tfinfra brings it by its own recipe")


RULES: tuple[Rule, ...] = (requirements, source_builds)
