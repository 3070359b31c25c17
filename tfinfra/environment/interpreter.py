"""The environment's own Python: one that uv manages where it can be downloaded, else one of this machine.

Nodes see the host's /usr, but no home of any user: an interpreter that lies elsewhere is copied into the environment,
so that nodes need the environment's folder alone.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import Command, run_quietly
from tfinfra.errors import ManifestError, NotFeasible
from tfinfra.system.ownership import make_private
from tfinfra.system.progress import Progress

_DOWNLOAD_SECONDS = 300.0
_SYSTEM_PREFIXES = (Path("/usr"), Path("/usr/local"))
# Where version managers keep installations: what they put on PATH is slow, and leads nowhere for most of them.
_VERSION_FOLDERS = (
    "~/.pyenv/versions",
    "~/.asdf/installs/python",
    "~/.local/share/mise/installs/python",
    "~/.local/share/uv/python",
)
# What TensorFlow imports, or Horovod's build fetches its source with: a Python that was compiled without the headers of
# libffi, zlib or OpenSSL has not got them. A free-threaded build needs wheels of its own, which TensorFlow has not.
_NEEDED = ("_ctypes", "zlib", "_ssl")
_ASK = f"""
import importlib.util, json, sys, sysconfig
lacks = [name for name in {_NEEDED} if importlib.util.find_spec(name) is None]
threads = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([sys.base_prefix, list(sys.version_info[:3]), lacks, threads]))
"""


@dataclass(frozen=True)
class Interpreter:
    """`path` is the program itself, never a shim or a virtual environment's; `prefix` the installation it belongs to;
    `version` has three parts; `lacks` modules that a training environment needs."""

    path: Path
    version: str
    prefix: Path
    lacks: tuple[str, ...] = ()

    @property
    def minor(self) -> str:
        """The version that names its library folder: lib/python3.11."""
        return ".".join(self.version.split(".")[:2])

    @property
    def on_every_node(self) -> bool:
        """Whether a node on this machine sees it, too."""
        return self.prefix in _SYSTEM_PREFIXES


def find_interpreter(uv: str, version: str, cache: Path, progress: Progress) -> Interpreter:
    """An interpreter of `version` ("3.11" or exact). Raises NotFeasible where there is none and none can be had."""
    managed = cache / "python"
    found = _installed(uv, version, managed)
    if any(managed in i.path.parents for i in found):
        return _preferred(found, managed)
    refusal = _download(uv, version, managed, progress)
    if refusal is None:
        return _preferred(_installed(uv, version, managed), managed)
    if not found:
        if half := _found(uv, version, managed):
            lacks = " and ".join(name.strip("_") for name in half[0].lacks)
            raise NotFeasible(
                f"Python {half[0].version} ({half[0].path}) was built without {lacks}, which training needs",
                hint="install the headers (Debian, Ubuntu: apt install libffi-dev zlib1g-dev libssl-dev) and build it "
                "again, or choose another python_version",
            )
        here = {i.minor for i in _installed(uv, "", managed)}
        minors = sorted(here, key=lambda minor: [int(part) for part in minor.split(".")])
        raise NotFeasible(
            f"Python {version} is not on this machine and could not be downloaded: {refusal}",
            hint=f"install it (apt install python{version}, or pyenv install {version}), or choose a python_version "
            f"that is here: {', '.join(minors)}",
        )
    best = _preferred(found, managed)
    progress(f"Python {version} could not be downloaded; using this machine's {best.version} ({best.path})")
    return best


def find_same_interpreter(uv: str, version: str, cache: Path, progress: Progress) -> Interpreter:
    """The interpreter that a lock names; another patch release where that one has gone meanwhile."""
    found = _installed(uv, version, cache / "python")
    if found:
        return _preferred(found, cache / "python")
    try:
        return find_interpreter(uv, version, cache, progress)
    except NotFeasible:
        return find_interpreter(uv, ".".join(version.split(".")[:2]), cache, progress)


def interpreter_here(uv: str, version: str, platform: str, cache: Path) -> Interpreter | None:
    """Exactly `version`, as a build of a lock for `platform` takes it, where this machine has it already: nothing is
    fetched."""
    managed = cache / "python"
    found = _installed(uv, version, managed) if platform == this_platform() else _of_uv(uv, version, managed)
    return _preferred(found, managed) if found else None


def locked_interpreter(uv: str, version: str, cache: Path, progress: Progress) -> Interpreter:
    """Exactly this version, as uv brings it: never one of the machine, whose image decides about its own. Raises
    NotFeasible where it cannot be fetched."""
    managed = cache / "python"
    refusal = None if _of_uv(uv, version, managed) else _download(uv, version, managed, progress)
    found = _of_uv(uv, version, managed)
    if not found:
        raise NotFeasible(
            f"the lock's Python {version} could not be downloaded: {refusal or 'uv did not install it'}",
            hint="a node must reach the server that uv downloads it from: UV_PYTHON_INSTALL_MIRROR names another one",
        )
    return found[0]


def _of_uv(uv: str, version: str, managed: Path) -> list[Interpreter]:
    return [i for i in _installed(uv, version, managed) if managed in i.path.parents]


def downloadable_version(uv: str, version: str) -> str:
    """The exact version that uv would download for `version`, as uv knows it without any network."""
    rows = _listed(uv, version, "--only-downloads")
    if not rows:
        raise ManifestError(f"python_version: there is no Python {version}", hint="write it like 3.11")
    return str(rows[0]["version"])


def _download(uv: str, version: str, folder: Path, progress: Progress) -> str | None:
    """Why it failed, None where it did not."""
    make_private(folder)
    quick = {"UV_HTTP_RETRIES": "0", "UV_HTTP_CONNECT_TIMEOUT": "5", **tool_environment()}
    arguments: Command = [uv, "python", "install", version, "--install-dir", folder, "--no-bin", "--no-progress"]
    progress(f"fetching Python {version}")
    try:
        done = run_quietly(arguments, quick, _DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no end after {_DOWNLOAD_SECONDS:.0f} s"
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip().removeprefix("cause: ")


def _installed(uv: str, version: str, managed: Path) -> list[Interpreter]:
    """All CPython installations of `version` ("": of any) that can train, each once."""
    return [i for i in _found(uv, version, managed) if not i.lacks]


def _found(uv: str, version: str, managed: Path) -> list[Interpreter]:
    """The same, with those that lack modules."""
    rows = _listed(uv, version, "--only-installed", UV_PYTHON_INSTALL_DIR=str(managed))
    programs = [Path(row["path"]) for row in rows if row["implementation"] == "cpython"]
    for folder in _VERSION_FOLDERS:
        programs += Path(folder).expanduser().glob(f"*{version}*/bin/python3")
    found = {i.path: i for i in map(interpreter_behind, programs) if i}
    return [i for i in found.values() if f"{i.version}.".startswith(f"{version}." if version else "")]


def interpreter_behind(program: Path) -> Interpreter | None:
    """The installation behind a program, a shim or a virtual environment; None where it does not run, and for a
    free-threaded one."""
    try:
        done = run_quietly([program, "-I", "-c", _ASK], os.environ)
    except OSError:
        return None
    if done.returncode:
        return None
    prefix, version, lacks, free_threaded = json.loads(done.stdout)
    path = Path(prefix) / "bin" / f"python{version[0]}.{version[1]}"
    if free_threaded or not path.exists():
        return None
    return Interpreter(path, ".".join(map(str, version)), Path(prefix), tuple(lacks))


def _preferred(found: list[Interpreter], managed: Path) -> Interpreter:
    """uv's own, else one that every node sees, else any; the newest patch release of those."""
    return min(found, key=lambda i: (managed not in i.path.parents, not i.on_every_node, -int(i.version.split(".")[2])))


def _listed(uv: str, version: str, which: str, **more: str) -> list[dict[str, Any]]:
    """uv's list of interpreters."""
    arguments = [uv, "python", "list", *filter(None, [version]), which, "--output-format", "json", "--no-config"]
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder).name != "shims")
    variables = {**tool_environment(), "PATH": path, **more}
    done = run_quietly(arguments, variables)
    rows: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 and done.stdout else []
    return rows
