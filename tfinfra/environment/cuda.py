"""The compiler of Horovod's GPU part: which CUDA toolkit builds it, and where that comes from.

TensorFlow's own CUDA packages hold libraries and no compiler. What has one: conda's cuda-nvcc in the environment, a
toolkit of the machine (the HPC image has one), and the wheels of CUDA 13 that the lock's tools name.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfinfra.errors import ProvisioningError

_VERSION = re.compile(r"#define\s+CUDART_VERSION\s+(\d+)")
_SYSTEM = Path("/usr/local")
_WITHOUT_VOLTA, _TURING = 13, 75


@dataclass(frozen=True)
class Toolkit:
    """`home` holds bin/nvcc; `version` is (major, minor); `source` is how messages name it."""

    home: Path
    version: tuple[int, int]
    source: str

    @property
    def spelt(self) -> str:
        return ".".join(map(str, self.version))


@dataclass(frozen=True)
class Driver:
    """Of the GPUs that a build is for: the newest CUDA that their driver serves (12020 for 12.2), and their lowest
    compute capability (80 for 8.0; 0 where it is not known)."""

    serves: int
    capability: int = 0

    def takes(self, toolkit: Toolkit) -> bool:
        """Whether what the toolkit compiles runs on these GPUs: a driver serves its own major version and older ones
        (NVIDIA's CUDA compatibility guide), and CUDA 13 has nothing below capability 7.5 (its release notes)."""
        too_old_gpu = toolkit.version[0] >= _WITHOUT_VOLTA and 0 < self.capability < _TURING
        return toolkit.version[0] <= self.serves // 1000 and not too_old_gpu


def cuda_of(packages: str) -> tuple[int, int] | None:
    """The CUDA version that TensorFlow's packages of a lock are built for."""
    found = re.search(r"^nvidia-cuda-runtime(?:-cu\d+)?==(\d+)\.(\d+)", packages, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None


def find_toolkit(
    environment: Path, tools: Path, cuda: tuple[int, int], system: Path = _SYSTEM, driver: Driver | None = None
) -> Toolkit:
    """The toolkit to build with: of TensorFlow's own major version where there is one, else the first that is newer (a
    process may load several CUDA runtimes, and a driver serves older ones: NVIDIA's CUDA compatibility guide). Where
    the `driver` is known, only one whose code it takes.

    Raises ProvisioningError that says what was found and what is missing.
    """
    found = list(_toolkits(environment, tools, system))
    usable = [toolkit for toolkit in found if driver is None or driver.takes(toolkit)]
    same = [toolkit for toolkit in usable if toolkit.version[0] == cuda[0]]
    newer = [toolkit for toolkit in usable if toolkit.version[0] > cuda[0]]
    if same or newer:
        return (same or newer)[0]
    seen = "; ".join(f"CUDA {toolkit.spelt} in {toolkit.home}" for toolkit in found) or "none"
    major, minor = cuda
    limits = f"CUDA {major} or newer"
    if found and driver:
        served = f"{driver.serves // 1000}.{driver.serves % 1000 // 10}"
        limits = f"a CUDA that this machine's driver serves: {served} or older"
        if 0 < driver.capability < _TURING:
            limits += f", and 12 or older for its GPUs of capability {driver.capability / 10:.1f}"
    raise ProvisioningError(
        f"Horovod's GPU part needs the compiler (nvcc) and headers of {limits}; found: {seen}",
        hint=f"write conda_packages: [cuda-nvcc={major}.{minor}, cuda-cudart-dev={major}.{minor}], or take an image "
        f"with CUDA {major} in /usr/local/cuda",
    )


def _toolkits(environment: Path, tools: Path, system: Path) -> Iterator[Toolkit]:
    named = os.environ.get("CUDA_HOME")
    on_path = shutil.which("nvcc")
    candidates = [(environment, "conda's cuda-nvcc")]
    candidates += [(folder, "the lock's nvidia-cuda-nvcc") for folder in sorted(tools.glob("nvidia/cu*"))]
    candidates += [(Path(named), "CUDA_HOME")] if named else []
    candidates += [(folder, "this machine's toolkit") for folder in (*sorted(system.glob("cuda-*")), system / "cuda")]
    candidates += [(Path(on_path).resolve().parents[1], "nvcc on PATH")] if on_path else []
    for home, source in candidates:
        version = _version(home)
        if version and (home / "bin/nvcc").exists():
            yield Toolkit(home, version, source)


def _version(home: Path) -> tuple[int, int] | None:
    """From the runtime's header, which a build needs anyway: CUDART_VERSION is 1000 * major + 10 * minor."""
    headers = (home / "include/cuda_runtime_api.h", *home.glob("targets/*/include/cuda_runtime_api.h"))
    for header in headers:
        if header.is_file() and (found := _VERSION.search(header.read_text(encoding="utf-8", errors="replace"))):
            number = int(found[1])
            return number // 1000, number % 1000 // 10
    return None


def make_usable(tools: Path) -> None:
    """Adds what the wheels' layout lacks: programs' modes, and the names that CMake looks for."""
    for home in tools.glob("nvidia/cu*"):
        for program in (*home.glob("bin/*"), *home.glob("nvvm/bin/*")):
            program.chmod(program.stat().st_mode | 0o111)
        for library in home.glob("lib/*.so.*"):
            _link(home / "lib" / f"{library.name.partition('.so.')[0]}.so", library.name)
        _link(home / "lib64", "lib")


def stage_nccl(environment: Path, folder: Path) -> Path | None:
    """NCCL of TensorFlow's packages with the library under the name that a linker looks for; None without NCCL."""
    found = next(environment.glob("lib/python3*/site-packages/nvidia/nccl"), None)
    library = next(found.glob("lib/libnccl.so.*"), None) if found else None
    if found is None or library is None:
        return None
    (folder / "lib").mkdir(parents=True, exist_ok=True)
    _link(folder / "include", str(found / "include"))
    _link(folder / "lib/libnccl.so", str(library))
    return folder


def _link(path: Path, target: str) -> None:
    if not path.exists():
        path.symlink_to(target)
