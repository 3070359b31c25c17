"""Requirement lines: those of pip_packages and of a requirements file, as the lock takes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tfinfra.catalog.tensorflow import framework, frameworks, full_version, minor_of
from tfinfra.compiler.conda_file import CondaFile, read_conda_file
from tfinfra.compiler.inputs import Inputs
from tfinfra.environment.requirement import Refused, normalised, read_requirement, shown
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.manifest.manifest import Manifest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TENSORFLOW = {"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly", "intel-tensorflow"}


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


def all_requirements(manifest: Manifest, inputs: Inputs) -> tuple[str, ...]:
    """Every requirement line, those of pip_packages first, those of a conda environment file last."""
    text = inputs.source.requirements.get(manifest.pip_requirements_file or "", "")
    of_conda = conda_file(manifest, inputs)
    in_conda = (line for _, line in of_conda.pip) if of_conda else ()
    return (*manifest.pip_packages, *(line for _, line in requirement_lines(text)), *in_conda)


def conda_file(manifest: Manifest, inputs: Inputs) -> CondaFile | None:
    """The environment file, None where the manifest names none or it cannot be read."""
    name = manifest.conda_dependencies_file
    text = inputs.source.requirements.get(name or "")
    return read_conda_file(text, inputs.source.file(str(name))) if name and text is not None else None


def requirement_findings(manifest: Manifest, inputs: Inputs) -> Iterator[Diagnostic]:
    """What no lock could be made of, and what tfinfra brings itself."""
    builds = {normalised(name) for name in manifest.source_builds}
    for index, line in enumerate(manifest.pip_packages):
        path: KeyPath = ("pip_packages", index)
        for code, message, hint in _faults(line, builds):
            yield error_at(manifest.document, code, path, message, hint)
    name = manifest.pip_requirements_file
    text = inputs.source.requirements.get(name or "", "")
    lines = text.split("\n")
    for number, line in requirement_lines(text):
        for code, message, hint in _faults(line, builds):
            written = lines[number - 1]
            position = Position(inputs.source.file(str(name)), number, 1, len(written.rstrip()), written)
            yield Diagnostic(code, Severity.ERROR, message, "pip_requirements_file", position, hint)
    if of_conda := conda_file(manifest, inputs):
        for place, line in of_conda.pip:
            for code, message, hint in _faults(line, builds):
                yield error_at(of_conda.document, code, place, message, hint)


def requirement_name(line: str) -> str:
    """The normalised name of a requirement line, "" where it has none."""
    try:
        return read_requirement(line, _ANY).name
    except Refused:
        return ""


class _Any(frozenset[str]):
    """Every name: where a line's name is asked for and not what may be done with it."""

    def __contains__(self, name: object) -> bool:
        return True


_ANY = _Any()


def _faults(line: str, builds: Collection[str]) -> Iterator[tuple[str, str, str]]:
    try:
        name = read_requirement(line, builds).name
    except Refused as why:
        yield "TFI319" if why.builds else "TFI318", why.message, why.hint
        return
    if name in _TENSORFLOW:
        yield "TFI313", f"{shown(line)}: TensorFlow is always installed", "remove it; framework_version says which"
    if name == "horovod":
        yield "TFI313", f"{shown(line)}: Horovod comes with distributed_backend: mpi", "remove it"


def source_build_findings(manifest: Manifest) -> Iterator[Diagnostic]:
    """Names alone: a package may be built, not a line."""
    for index, name in enumerate(manifest.source_builds):
        path: KeyPath = ("source_builds", index)
        if not _NAME.fullmatch(name):
            yield error_at(manifest.document, "TFI320", path, f"{shown(name)} is no package's name", "write the name")
        elif normalised(name) in _TENSORFLOW | {"horovod"}:
            message = f"{shown(name)} is not built by source_builds"
            yield error_at(manifest.document, "TFI320", path, message, "remove it: tfinfra brings it by its own recipe")


def framework_findings(manifest: Manifest) -> Iterator[Diagnostic]:
    """TensorFlow's and Python's versions against what is known to go together."""
    if not manifest.sound("framework_version"):
        return
    version, document = manifest.framework_version, manifest.document
    here, python_line = document.line(("framework_version",)), document.line(("python_version",))
    known = framework(version)
    if known is None:
        yield _unknown_framework(manifest, version)
    elif manifest.sound("python_version") and minor_of(manifest.python_version) not in known.python:
        python, path = (
            manifest.python_version,
            "python_version" if "python_version" in manifest.given else "framework_version",
        )
        message = f"TensorFlow {full_version(version)}{here} has no build for Python {python}{python_line}"
        yield error_at(
            document, "TFI408", (path,), message, f"it has them for python_version {', '.join(known.python)}"
        )
    elif known.estimator is False and manifest.tf_config == "estimator" and manifest.distributed_backend == "ps":
        dialect = f"tf_config: estimator{document.line(('tf_config',))}"
        ended = f"ended with TensorFlow 2.15; framework_version is {version}{here}"
        message = f"{dialect} needs tf.estimator, which {ended}"
        yield error_at(
            document,
            "TFI410",
            ("tf_config",),
            message,
            "write framework_version: 2.15.1, or use ParameterServerStrategy with tf_config: coordinator",
        )


def _unknown_framework(manifest: Manifest, version: str) -> Diagnostic:
    oldest, newest = frameworks()[0], frameworks()[-1]
    numbers = tuple(int(part) for part in minor_of(version).split("."))
    if numbers > tuple(int(part) for part in newest.minor.split(".")):
        message = f"TensorFlow {version} is newer than this tfinfra, which knows up to {newest.minor}"
        return error_at(
            manifest.document,
            "TFI415",
            ("framework_version",),
            message,
            "it may work; 2.15.1 is proven",
            severity=Severity.WARNING,
        )
    hint = (
        f"the oldest is {oldest.minor}; TensorFlow 1 scripts run on 2.15.1 through `import tensorflow.compat.v1 as tf`"
    )
    return error_at(manifest.document, "TFI407", ("framework_version",), f"TensorFlow {version} is not supported", hint)
