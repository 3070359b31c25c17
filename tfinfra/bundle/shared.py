"""The parts of a bundle that runs share: the agent's modules, obstore and pyrage; py-rattler for nodes that install
conda packages. Compressed once, then cached."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tfinfra.bundle.archive import add_file, gzip_member
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.uv.pins import requirements, version_of, write_requirements
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import find_uv
from tfinfra.errors import TfinfraError
from tfinfra.system.ownership import make_private
from tfinfra.system.process.commands import finished

_MODULES = ("__init__.py", "errors.py", "sealing.py", "signing.py", "version.py")
_PACKAGES = ("agent", "backends", "environment", "model", "script", "store", "system", "text", "tracking")
DISTRIBUTIONS = {"obstore": "obstore", "pyrage": "pyrage", "typing_extensions": "typing_extensions"}
CONDA_DISTRIBUTIONS = {"rattler": "py-rattler"}
"""import name → distribution name."""

# obstore's wheels for Linux serve every Python from 3.11 on; this is the Azure image's.
_NODE_PYTHON = "3.12"
_NOT_LOADED = frozenset({".pyc", ".pyi"})

_Files = dict[str, Path]


def shared_member(platform: str, cache: Path) -> Path:
    """A gzip member (a tar stream without its end) for nodes of `platform`, made where `cache` has none."""
    root = Path(__file__).parents[1]
    # What the agent may import, as the import rule for nodes says
    agent = [root / name for name in _MODULES]
    agent += [path for name in _PACKAGES for path in _loaded_below(root / name)]
    files = {f"agent/tfinfra/{path.relative_to(root).as_posix()}": path for path in agent}
    return _member({**files, **_site_files(platform, cache)}, cache)


def conda_member(platform: str, cache: Path) -> Path:
    """The same for what conda packages are installed with."""
    return _member(_site_files(platform, cache, CONDA_DISTRIBUTIONS), cache)


def _member(files: _Files, cache: Path) -> Path:
    """Known by the files' content; a big library by its size and time instead, which no two of its versions share."""
    state = hashlib.sha256()
    for name, file in sorted(files.items()):
        status = file.stat()
        stamp = f"{file} {status.st_size} {status.st_mtime_ns}".encode()
        content = stamp if file.suffix == ".so" else file.read_bytes()
        state.update(f"{name}\0{len(content)}\0".encode() + content)
    path = cache / "bundle-parts" / f"{state.hexdigest()[:20]}.tar.gz"
    if path.exists():
        return path
    make_private(path.parent)
    staging = path.with_suffix(f".{os.getpid()}")
    with staging.open("wb") as out, gzip_member(out) as member:
        for name, file in sorted(files.items()):
            # A wheel does not keep the mode of what it installs as data
            add_file(member, name, file, executable=file.suffix == ".sh" or os.access(file, os.X_OK))
    staging.replace(path)
    return path


def _site_files(platform: str, cache: Path, distributions: Mapping[str, str] = DISTRIBUTIONS) -> _Files:
    """site/…: this client's own obstore for its own kind of machine, else the wheel for `platform`."""
    folder = None if platform == this_platform() else _wheel_folder(platform, cache, distributions)
    files: _Files = {}
    for name in distributions:
        root = folder / name if folder else _installed(name)
        if root.is_dir():
            files |= {f"site/{path.relative_to(root.parent).as_posix()}": path for path in _loaded_below(root)}
        else:
            module = root if root.suffix else root.with_suffix(".py")
            files[f"site/{module.name}"] = module
    return files


def _installed(name: str) -> Path:
    """A package's folder, or the file of a single module. Raises TfinfraError where it is missing."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise TfinfraError(f"this installation of tfinfra lacks '{name}'; reinstall it")
    return Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)


def _loaded_below(folder: Path) -> list[Path]:
    """What Python loads, or a module reads, of a package's folder."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in _NOT_LOADED and not path.name.startswith(".")
    ]


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
    done = finished(
        [find_uv(cache), "pip", "install", "-q", "--target", staging, *wanted, *checked],
        env=tool_environment(),
        cwd=os.sep,
    )
    if done.returncode:
        shutil.rmtree(staging, ignore_errors=True)
        missing = " and ".join(names)
        raise TfinfraError(f"{missing} could not be fetched for the nodes ({platform}):\n{done.stderr.strip()}")
    try:
        staging.rename(folder)
    except OSError:  # another process was quicker with the same
        shutil.rmtree(staging)
    return folder
