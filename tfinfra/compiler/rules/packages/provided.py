"""Rules on what comes by itself: TensorFlow and Horovod may be required beside it, as nearly every project's
requirements do, where they meet what is required."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfinfra.backends.registry import backend
from tfinfra.catalog.images import AZURE_NODES
from tfinfra.catalog.tensorflow import frameworks, full_version, numbers
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.packages.options import Finding
from tfinfra.compiler.packages.written import Written, written_lines
from tfinfra.environment.recipe import HOROVOD_HASHES, HOROVOD_VERSION
from tfinfra.environment.requirements.markers import applies, this_platform
from tfinfra.environment.requirements.requirement import RefusedRequirement, normalised, read_requirement, shown
from tfinfra.errors import Diagnostic, Severity
from tfinfra.text.credentials import in_urls

if TYPE_CHECKING:
    from packaging.requirements import Requirement

TENSORFLOW = frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu"})
OTHER_BUILDS = frozenset(
    {"tf-nightly", "tf-nightly-cpu", "tf-nightly-gpu", "intel-tensorflow", "intel-tensorflow-avx512"}
    | {"tensorflow-rocm", "tensorflow-intel", "tensorflow-macos", "tensorflow-cpu-aws", "tensorflow-aarch64"}
)
_OWN = TENSORFLOW | OTHER_BUILDS | {"horovod"}
_HOROVOD_EXTRAS = frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "keras", "dev", "test"})


def what_comes_by_itself(facts: Facts) -> Iterator[Diagnostic]:
    """Requirements of TensorFlow and Horovod: a notice where they are met, an error where they cannot be."""
    for one in written_lines(facts.manifest, facts.project):
        required = None if in_urls(one.line.text) else _required(one, facts)
        for found in _findings(required, one, facts) if required else ():
            if found.severity is Severity.ERROR or not one.constraint:
                yield Diagnostic(found.code, found.severity, found.message, one.path, one.position, found.hint)


def _required(one: Written, facts: Facts) -> Requirement | None:
    """The requirement, None where it is none, is of another package, or does not count for the Python and the platform
    of the run."""
    if _name(one) not in _OWN:
        return None
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        required = Requirement(one.requirement)
    except InvalidRequirement:  # a wheel's URL alone
        return None
    on_azure = facts.chosen.target is not None and facts.chosen.target.cloud == "azure"
    platform = AZURE_NODES if on_azure else this_platform()
    return required if applies(required.marker, facts.manifest.python_version, platform) else None


def _findings(required: Requirement, one: Written, facts: Facts) -> Iterator[Finding]:
    name = normalised(required.name)
    if name in TENSORFLOW and facts.manifest.sound("framework_version"):
        yield _tensorflow(required, one, facts)
    elif name in OTHER_BUILDS and not one.constraint:
        message = f"{shown(one.requirement)}: another build of TensorFlow, beside the one that is always installed"
        yield Finding("TFI324", message, "remove it; framework_version says which TensorFlow is installed")
    elif name == "horovod":
        yield _horovod(required, one, facts)


def _tensorflow(required: Requirement, one: Written, facts: Facts) -> Finding:
    manifest = facts.manifest
    version = full_version(manifest.framework_version)
    comes = f"framework_version {version}{manifest.document.line(('framework_version',))}"
    if required.url:
        message = f"{shown(one.requirement)}: TensorFlow comes from an index, by {comes}"
        return Finding("TFI324", message, "remove the line")
    if not required.specifier.contains(version, prereleases=True):
        other = _nearest(required, version)
        hint = f"write framework_version: {other}, or change this line" if other else "change or remove this line"
        return Finding("TFI324", f"{shown(one.requirement)} contradicts {comes}", hint)
    package = "tensorflow" if manifest.use_gpu else "tensorflow-cpu"
    if one.hashes and normalised(required.name) not in (package, "tensorflow"):
        message = f"{shown(one.requirement)} has hashes of another package than {package}, which is installed"
        return Finding("TFI328", message, "remove the line, or its hashes")
    message = f"{shown(one.requirement)} is met: TensorFlow {version} is always installed"
    return Finding("TFI313", message, None, Severity.NOTICE)


def _nearest(required: Requirement, version: str) -> str | None:
    """The known release that meets the requirement and is nearest to `version`, the newest patch of its minor version;
    None where there is none."""
    known = [release for one in frameworks() for release in one.releases if required.specifier.contains(release)]
    here = numbers(version)[1]
    return min(known, key=lambda one: (abs(numbers(one)[1] - here), [-part for part in numbers(one)]), default=None)


def _horovod(required: Requirement, one: Written, facts: Facts) -> Finding:
    manifest = facts.manifest
    by_backend = backend(manifest.distributed_backend).horovod
    line = manifest.document.line(("distributed_backend",))
    comes = f"distributed_backend: mpi{line} brings it" if by_backend else "it is built for this environment"
    if required.url or not required.specifier.contains(HOROVOD_VERSION, prereleases=True):
        message = f"{shown(one.requirement)} contradicts Horovod {HOROVOD_VERSION}, the one that tfinfra builds"
        return Finding("TFI324", message, f"write horovod=={HOROVOD_VERSION}, or remove the line: {comes}")
    if one.hashes and not set(one.hashes) & HOROVOD_HASHES:
        message = f"{shown(one.requirement)} has no hash of Horovod {HOROVOD_VERSION}'s source package"
        return Finding("TFI328", message, f"it is {', '.join(HOROVOD_HASHES)}")
    if others := sorted(set(map(normalised, required.extras)) - _HOROVOD_EXTRAS):
        message = f"{shown(one.requirement)}: Horovod is built for TensorFlow alone, without {', '.join(others)}"
        return Finding("TFI324", message, "a script that uses them fails on import", Severity.WARNING)
    message = f"{shown(one.requirement)} is met by Horovod {HOROVOD_VERSION}: {comes}"
    return Finding("TFI313", message, None, Severity.NOTICE)


def required_hashes(facts: Facts) -> Iterator[Diagnostic]:
    """With --require-hashes each requirement of the files has one, of its own or by a constraint."""
    lines = [one for one in written_lines(facts.manifest, facts.project) if one.file]
    asking = next((one for one in lines if one.line.given("--require-hashes")), None)
    hashed = {_name(one) for one in lines if one.hashes}
    for one in lines if asking else ():
        if one.requirement and not one.constraint and _name(one) not in hashed:
            message = f"{shown(one.requirement)} has no hash, and --require-hashes wants one of each requirement"
            yield Diagnostic(
                "TFI328", Severity.ERROR, message, one.path, one.position, "write --hash=sha256:…, or drop the option"
            )


def _name(one: Written) -> str:
    try:
        return read_requirement(one.requirement, ()).name
    except RefusedRequirement:
        return one.requirement


RULES: tuple[Rule, ...] = (what_comes_by_itself, required_hashes)
