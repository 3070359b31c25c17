"""Horovod's wheel: no package index has one, so it is compiled once per TensorFlow, Python, Open MPI and kind of GPU
support, against the environment that it is for, and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tfinfra.environment import recipe
from tfinfra.environment.exclusive import exclusive
from tfinfra.environment.lock import Lock
from tfinfra.environment.tools import Command, Progress, Tools
from tfinfra.errors import ProvisioningError, TfinfraError

# From TensorFlow 2.19 on, a header of xla_mpi_ops.cc is not shipped any more; that file serves XLA-compiled steps only.
_FIRST_WITHOUT_XLA_HEADERS = 19
_XLA_SOURCE = "xla_mpi_ops.cc"


@dataclass(frozen=True)
class Bench:
    """What a build works with: `environment` holds TensorFlow and Open MPI already; `cache` keeps the wheels."""

    lock: Lock
    environment: Path
    cache: Path
    tools: Tools
    progress: Progress

    @property
    def python(self) -> Path:
        return self.environment / "bin/python"


def horovod_wheel(bench: Bench) -> Path:
    """The wheel for this environment, from the cache or built. Raises TfinfraError where a compiler is missing,
    ProvisioningError with the compiler's last lines."""
    if not bench.lock.gpu or cuda_home() is None:
        return _wheel(bench, nccl=False)
    try:
        return _wheel(bench, nccl=True)
    except ProvisioningError as error:
        bench.progress(f"Horovod without NCCL: gradients will pass through the hosts' memory ({error.hint})")
        return _wheel(bench, nccl=False)


def cuda_home() -> Path | None:
    """Where a whole CUDA toolkit stands: pip's CUDA packages hold no compiler that Horovod could use."""
    nvcc = shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
    return Path(nvcc).resolve().parents[1] if Path(nvcc).exists() else None


def _wheel(bench: Bench, *, nccl: bool) -> Path:
    folder = bench.cache / "wheels" / f"horovod-{wheel_key(bench.lock, nccl=nccl)}"
    say = bench.progress
    with exclusive(folder.with_suffix(".lock"), lambda: say("waiting for another run that builds Horovod")) as held:
        if not folder.is_dir():
            _require_compiler()
            tools = replace(bench.tools, inherited=(*bench.tools.inherited, held))
            say(f"building Horovod {bench.lock.horovod} (about 90 s, once)")
            _build(replace(bench, tools=tools), folder, nccl=nccl)
    return next(folder.glob("*.whl"))


def wheel_key(lock: Lock, *, nccl: bool) -> str:
    """Of everything that Horovod's binary is tied to."""
    minor = ".".join(lock.python_version.split(".")[:2])
    ties = [recipe.RECIPE, lock.horovod, lock.tensorflow, lock.framework_version, minor, lock.openmpi, lock.platform]
    return hashlib.sha256(repr([*ties, lock.tools, nccl]).encode()).hexdigest()[:20]


def _require_compiler() -> None:
    missing = [tool for tool in ("g++", "make") if not shutil.which(tool)]
    if missing:
        raise TfinfraError(
            f"Horovod is compiled on first use, and {' and '.join(missing)} cannot be found",
            hint="install a C++ compiler and make (Debian, Ubuntu: apt install g++ make)",
        )


def _build(bench: Bench, folder: Path, *, nccl: bool) -> None:
    """Into a folder beside, renamed when it is whole."""
    staging = folder.with_suffix(".build")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    environment = _build_environment(bench, staging / "tools", nccl=nccl)
    _install_tools(bench, staging)
    source = _fetch_source(bench, staging, environment)
    if recipe.minor_version(bench.lock.framework_version) >= _FIRST_WITHOUT_XLA_HEADERS:
        _drop_xla_source(source)
    pip: Command = [bench.python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    bench.tools.run([*pip, "-w", staging / "wheel", source], "building Horovod", **environment)
    (staging / "wheel").rename(folder)
    shutil.rmtree(staging)


def _install_tools(bench: Bench, staging: Path) -> None:
    (staging / "tools.txt").write_text(bench.lock.tools)
    arguments: Command = ["pip", "install", "-q", "--target", staging / "tools", "--python", bench.python, "--no-deps"]
    bench.tools.uv_run([*arguments, "-r", staging / "tools.txt"], "installing what Horovod is built with")


def _fetch_source(bench: Bench, staging: Path, environment: dict[str, str]) -> Path:
    """Horovod's source package, its digest checked, unpacked."""
    (staging / "horovod.txt").write_text(recipe.HOROVOD_SOURCE)
    pip: Command = [bench.python, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    arguments: Command = [*pip, "--require-hashes", "-d", staging / "sdist", "-r", staging / "horovod.txt"]
    bench.tools.run(arguments, "fetching Horovod's source", **environment)
    (archive,) = (staging / "sdist").iterdir()
    with tarfile.open(archive) as tar:
        tar.extractall(staging / "source", members=_plain(tar))  # noqa: S202 - its digest is ours
    (source,) = (staging / "source").iterdir()
    return source


def _plain(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members owned by whoever unpacks them."""
    for member in tar:
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def _drop_xla_source(source: Path) -> None:
    lists = source / "horovod/tensorflow/CMakeLists.txt"
    lines = lists.read_text().splitlines(keepends=True)
    lists.write_text("".join(line for line in lines if _XLA_SOURCE not in line))


def _build_environment(bench: Bench, tools: Path, *, nccl: bool) -> dict[str, str]:
    path = f"{tools}/bin:{bench.environment}/bin:{os.environ.get('PATH', os.defpath)}"
    made = {
        "PYTHONPATH": str(tools),
        "PATH": path,
        "LDFLAGS": "-s",
        "MAKEFLAGS": f"-j{(os.cpu_count() or 1) + 1}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "HOROVOD_WITH_MPI": "1",
        "HOROVOD_WITH_TENSORFLOW": "1",
        "HOROVOD_WITHOUT_GLOO": "1",
        "HOROVOD_WITHOUT_PYTORCH": "1",
        "HOROVOD_WITHOUT_MXNET": "1",
    }
    return {**made, **_nccl_environment(bench)} if nccl else made


def _nccl_environment(bench: Bench) -> dict[str, str]:
    nccl = next(bench.environment.glob("lib/python3*/site-packages/nvidia/nccl"), None)
    found = {"HOROVOD_GPU_OPERATIONS": "NCCL", "HOROVOD_CUDA_HOME": str(cuda_home())}
    return {**found, "HOROVOD_NCCL_HOME": str(nccl)} if nccl else found
