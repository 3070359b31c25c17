"""Rules on conda_packages, conda_channels and the conda environment file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.packages.requirements import all_requirements, requirement_name
from tfinfra.compiler.packages.written import conda_file
from tfinfra.environment.requirements.requirement import normalised, shown
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import Document, KeyPath, error_at
from tfinfra.manifest.manifest import Manifest

if TYPE_CHECKING:
    from rattler import MatchSpec

_TENSORFLOW = {"tensorflow", "tensorflow-base", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly"}
_HOROVOD = {"horovod": "Horovod", "openmpi": "Open MPI", "mpich": "another MPI"}
_PATCHES = range(60)
_PLACE = re.compile(r"://|\$\{|^\s*[-./~]|\burl\s*=|\.(conda|tar\.bz2)\s*$|[\x00-\x1f\x7f]", re.IGNORECASE)
_DEFAULTS = "'defaults' is what an installation of conda is configured to, and there is none here"


def environment_file(facts: Facts) -> Iterator[Diagnostic]:
    """What the conda environment file says that tfinfra cannot use."""
    file = conda_file(facts.manifest, facts.project)
    yield from file.faults if file else ()


def channels(facts: Facts) -> Iterator[Diagnostic]:
    """Channels of the manifest, or of the file where the manifest names none."""
    manifest, document, file = facts.manifest, facts.document, conda_file(facts.manifest, facts.project)
    hint = "write conda-forge, or the URL of a channel that you may use"
    for path, name in manifest.items("conda_channels"):
        if fault := _unusable_channel(name):
            yield error_at(document, "TFI708", path, fault, hint)
        elif problem := facts.project.source.problems.get(name):
            message = f"the channel '{name}' cannot be used: {problem}"
            yield error_at(document, "TFI708", path, message, "a folder is relative to source_directory")
    if "conda_channels" in manifest.given and not manifest.conda_channels and manifest.sound("conda_channels"):
        yield error_at(document, "TFI708", ("conda_channels",), "there is no channel", hint)
    for index, name in enumerate(file.channels if file and "conda_channels" not in manifest.given else ()):
        if file and (fault := _unusable_channel(name)):
            yield error_at(file.document, "TFI708", ("channels", index), fault, hint)


def _unusable_channel(channel: str) -> str:
    """Why a channel has no meaning here, or anybody could have made its packages; "" where it can be used."""
    if channel == "defaults":
        return _DEFAULTS
    if not channel.isprintable() or "${" in channel:
        return f"the channel {shown(channel)} holds a control character or a variable"
    if "@" in channel and "://" not in channel:
        return "a channel without https:// before it is a name, and has no user or password"
    scheme = channel.partition("://")[0].lower() if "://" in channel else "https"
    return "" if scheme in ("https", "file", "oci", "s3") else f"the channel {shown(channel)} is fetched by {scheme}"


def specs(facts: Facts) -> Iterator[Diagnostic]:
    """Conda specs that cannot be read, or that name what the environment has from elsewhere."""
    manifest, file = facts.manifest, conda_file(facts.manifest, facts.project)
    written: list[tuple[Document, KeyPath, str]] = [
        (manifest.document, path, text) for path, text in manifest.items("conda_packages")
    ]
    written += [(file.document, path, text) for path, text in file.specs] if file else []
    if not written:
        return
    try:
        from rattler import MatchSpec
        from rattler.exceptions import InvalidMatchSpecError
    except ImportError:
        from tfinfra.environment.conda.conda_packages import INSTALL

        document, path, _ = written[0]
        message = "conda packages need py-rattler, which is not installed"
        yield error_at(document, "TFI707", path, message, INSTALL)
        return
    from_pip = {requirement_name(line): line for line in all_requirements(manifest, facts.project)}
    for document, path, text in written:
        if _PLACE.search(text):
            message = f"{shown(text)} names a place, a variable or an option, not a package"
            yield error_at(document, "TFI700", path, message, "write pandas>=2,<3, and its channel in conda_channels")
            continue
        try:
            spec = MatchSpec(text)
            name = normalised(spec.name.normalized or "")
        except (InvalidMatchSpecError, TypeError) as error:
            yield error_at(document, "TFI700", path, f"'{text}' is no conda spec: {error}", "write pandas>=2,<3")
            continue
        for code, message, hint in _not_from_conda(manifest, text, name, spec):
            yield error_at(document, code, path, message, hint)
        if name in from_pip:  # whichever came last would overwrite the other's files
            message = f"conda's '{text}' and pip's '{from_pip[name]}' name the same package"
            yield error_at(document, "TFI701", path, message, "keep one of the two")


def _not_from_conda(manifest: Manifest, text: str, name: str, spec: MatchSpec) -> Iterator[tuple[str, str, str]]:
    """(code, message, hint) for a package that the environment has in another version, or from elsewhere."""
    if name == "python" and manifest.sound("python_version") and not _allows(spec, manifest.python_version):
        line = manifest.document.line(("python_version",))
        message = f"'{text}' does not fit python_version {manifest.python_version}{line}"
        yield "TFI704", message, "write python_version alone: the environment's Python is conda's then"
    if name in _TENSORFLOW:
        message = f"'{text}': TensorFlow is always installed, and comes from pip's index, not from conda"
        yield "TFI705", message, "remove it; framework_version says which"
    elif name in _HOROVOD:
        message = f"'{text}': {_HOROVOD[name]} would conflict with the one that tfinfra brings"
        yield "TFI705", message, "remove it; distributed_backend: mpi brings Open MPI and Horovod"


def _allows(spec: MatchSpec, version: str) -> bool:
    """Whether the spec allows any patch release of `version`."""
    from rattler import Version, VersionSpec

    if spec.version is None:
        return True
    exact = version.count(".") > 1
    releases = [version] if exact else [f"{version}.{patch}" for patch in _PATCHES]
    allowed = VersionSpec(str(spec.version))
    return any(allowed.matches(Version(release)) for release in releases)


RULES: tuple[Rule, ...] = (environment_file, channels, specs)
