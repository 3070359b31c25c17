"""The parts of a bundle that runs share: the agent's modules, obstore and pyrage; py-rattler for nodes that install
conda packages. Compressed once, then cached."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tfinfra.bundle.archive import add_file, gzip_member
from tfinfra.environment.lock_file import this_platform
from tfinfra.environment.pins import requirements, version_of, write_requirements
from tfinfra.environment.tools import find_uv, tool_environment
from tfinfra.errors import TfinfraError
from tfinfra.system.ownership import make_private

MODULES = ("__init__.py", "errors.py", "sealing.py")
PACKAGES = ("agent", "backends", "environment", "model", "store", "system", "text")
DISTRIBUTIONS = {"obstore": "obstore", "pyrage": "pyrage", "typing_extensions": "typing_extensions"}
CONDA_DISTRIBUTIONS = {"rattler": "py-rattler"}
"""import name → distribution name."""

# obstore's wheels for Linux serve every Python from 3.11 on; this is the Azure image's.
_NODE_PYTHON = "3.12"
_NOT_LOADED = frozenset({".pyc", ".pyi"})

Files = dict[str, Path]


def shared_member(platform: str, cache: Path) -> Path:
    """A gzip member (a tar stream without its end) for nodes of `platform`, made where `cache` has none."""
    return _member({**agent_files(), **site_files(platform, cache)}, cache)


def conda_member(platform: str, cache: Path) -> Path:
    """The same for what conda packages are installed with."""
    return _member(site_files(platform, cache, CONDA_DISTRIBUTIONS), cache)


def _member(files: Files, cache: Path) -> Path:
    path = cache / "bundle-parts" / f"{_digest(files)}.tar.gz"
    if not path.exists():
        _write(files, path)
    return path


def agent_files() -> Files:
    """agent/tfinfra/…: what the agent may import, as the import rule for nodes says."""
    root = Path(__file__).parents[1]
    chosen = [root / name for name in MODULES]
    chosen += [path for name in PACKAGES for path in sorted((root / name).rglob("*")) if _is_loaded(path)]
    return {f"agent/tfinfra/{path.relative_to(root).as_posix()}": path for path in chosen}


def site_files(platform: str, cache: Path, distributions: Mapping[str, str] = DISTRIBUTIONS) -> Files:
    """site/…: this client's own obstore for its own kind of machine, else the wheel for `platform`."""
    folder = None if platform == this_platform() else _wheel_folder(platform, cache, distributions)
    roots = (folder / name if folder else _module_path(name) for name in distributions)
    return {f"site/{name}": path for root in roots for name, path in _files_of(root)}


def _module_path(name: str) -> Path:
    """A package's folder, or the file of a module that is none."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise TfinfraError(f"this installation of tfinfra lacks '{name}'; reinstall it")
    return Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)


def _files_of(root: Path) -> Iterator[tuple[str, Path]]:
    if not root.is_dir():
        module = root if root.suffix else root.with_suffix(".py")
        yield module.name, module
        return
    for path in sorted(root.rglob("*")):
        if _is_loaded(path):
            yield path.relative_to(root.parent).as_posix(), path


def _is_loaded(path: Path) -> bool:
    return path.is_file() and path.suffix not in _NOT_LOADED and not path.name.startswith(".")


def _is_program(path: Path) -> bool:
    """A wheel does not keep the mode of what it installs as data."""
    return path.suffix == ".sh" or os.access(path, os.X_OK)


def _wheel_folder(platform: str, cache: Path, distributions: Mapping[str, str]) -> Path:
    """The versions of tfinfra's own lock, by their hashes, unpacked for other machines, where root runs them."""
    names = sorted(distributions.values())
    named = "-".join(f"{name}-{version_of(name)}" for name in names)
    digest = hashlib.sha256(requirements(names).encode()).hexdigest()[:12]
    folder = cache / "bundle-site" / f"{platform}-{named}-{digest}"
    if folder.is_dir():
        return folder
    staging = folder.with_name(f"{folder.name}.{os.getpid()}")
    wanted = ["--python-platform", platform, "--python-version", _NODE_PYTHON, "--only-binary", ":all:", "--no-deps"]
    checked: list[str | Path] = ["--require-hashes", "-r", write_requirements(names, staging)]
    done = subprocess.run(
        [find_uv(cache), "pip", "install", "-q", "--target", staging, *wanted, *checked],
        capture_output=True,
        text=True,
        check=False,
        env=tool_environment(),
        cwd=os.sep,
    )
    if done.returncode:
        shutil.rmtree(staging, ignore_errors=True)
        told = " and ".join(names)
        raise TfinfraError(f"{told} could not be fetched for the nodes ({platform}):\n{done.stderr.strip()}")
    return _settle(staging, folder)


def _settle(staging: Path, folder: Path) -> Path:
    """Puts a finished folder in its place, or drops it where another process was quicker with the same."""
    try:
        staging.rename(folder)
    except OSError:
        shutil.rmtree(staging)
    return folder


def _digest(files: Files) -> str:
    """By content; a big library by its size and time instead, which no two of its versions share."""
    state = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = _stamp(path) if path.suffix == ".so" else path.read_bytes()
        state.update(f"{name}\0{len(content)}\0".encode() + content)
    return state.hexdigest()[:20]


def _stamp(path: Path) -> bytes:
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}".encode()


def _write(files: Files, path: Path) -> None:
    make_private(path.parent)
    staging = path.with_suffix(f".{os.getpid()}")
    with staging.open("wb") as out, gzip_member(out) as member:
        for name, file in sorted(files.items()):
            add_file(member, name, file, executable=_is_program(file))
    staging.replace(path)
