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


@dataclass(frozen=True)
class Toolkit:
    """`home` holds bin/nvcc; `version` is (major, minor); `source` is how messages name it."""

    home: Path
    version: tuple[int, int]
    source: str

    @property
    def spelt(self) -> str:
        return ".".join(map(str, self.version))


def cuda_of(packages: str) -> tuple[int, int] | None:
    """The CUDA version that TensorFlow's packages of a lock are built for."""
    found = re.search(r"^nvidia-cuda-runtime(?:-cu\d+)?==(\d+)\.(\d+)", packages, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None


def find_toolkit(environment: Path, tools: Path, wanted: tuple[int, int], system: Path = _SYSTEM) -> Toolkit:
    """The one to build with: of TensorFlow's own major version where there is one, else the first that is newer (a
    process may hold several CUDA runtimes, and a driver serves older ones: NVIDIA's CUDA compatibility guide).

    Raises ProvisioningError that says what was found and what is missing.
    """
    found = list(_toolkits(environment, tools, system))
    same = [toolkit for toolkit in found if toolkit.version[0] == wanted[0]]
    newer = [toolkit for toolkit in found if toolkit.version[0] > wanted[0]]
    if same or newer:
        return (same or newer)[0]
    seen = "; ".join(f"CUDA {toolkit.spelt} in {toolkit.home}" for toolkit in found) or "none"
    major, minor = wanted
    raise ProvisioningError(
        f"Horovod's GPU part needs the compiler (nvcc) and headers of CUDA {major} or newer; found: {seen}",
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
        if header.is_file() and (found := _VERSION.search(header.read_text(errors="replace"))):
            number = int(found[1])
            return number // 1000, number % 1000 // 10
    return None


def make_usable(tools: Path) -> None:
    """What the wheels' layout lacks of a toolkit's: programs' modes, and the names that CMake looks for."""
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
