"""Conda packages by py-rattler: asked for in a child process, because its threads may not outlive an interpreter,
and because repodata takes memory that neither a client nor an agent should keep."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.requirements.requirement import normalised
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.errors import NotFeasible, ProvisioningError, TfinfraError
from tfinfra.model import from_json, to_json
from tfinfra.system.process import child_python
from tfinfra.system.process.commands import finished

_WORKER = "tfinfra.environment.conda.conda_worker"
_WAY_OUT = (
    "name another in conda_channels (a name, a URL, a folder as ./channel), or write the packages in pip_packages"
)


@dataclass(frozen=True)
class CondaSolveRequest:
    """What rattler solves: `specs` are installed, `constraints` hold for what is; `channels` are URLs or names, the
    first that has a package wins; `subdir` is conda's name of the platform; `cuda` its CUDA version, None without."""

    channels: tuple[str, ...]
    specs: tuple[str, ...]
    constraints: tuple[str, ...]
    subdir: str
    cuda: str | None
    cache: str


def subdir_of(platform: str) -> str:
    """Conda's name for a lock's platform. Raises NotFeasible where conda has none."""
    system = "osx" if "darwin" in platform else "linux"
    arm = {"osx": "osx-arm64", "linux": "linux-aarch64"}
    if "x86_64" in platform:
        return f"{system}-64"
    if "arm64" in platform or "aarch64" in platform:
        return arm[system]
    raise NotFeasible(f"conda has no packages for '{platform}'", hint="write the packages in pip_packages")


def solve_conda(request: CondaSolveRequest) -> tuple[CondaPackage, ...]:
    """The packages, sorted by name. Raises ManifestError where there is no solution, NotFeasible where a channel
    cannot be read."""
    answer = _call_worker("solve", to_json(request))
    if error := answer.get("error"):
        raise _refused(error["kind"], error["text"], request)
    return tuple(from_json(CondaPackage, package) for package in answer["packages"])


def install_conda(packages: tuple[CondaPackage, ...], folder: Path, cache: Path, local: Path | None) -> None:
    """Installs `packages` below `folder`, from `local` (a folder of package files) where it has them. Raises
    ProvisioningError where one cannot be had or is not what the lock says."""
    names = [package.file for package in packages] if local else []
    files = {name: (local / name).as_uri() for name in names if local and (local / name).is_file()}
    for package in packages:
        _verify(package, files.get(package.file, package.url))
    payload = {"packages": to_json(packages), "folder": str(folder), "cache": str(cache), "local": files}
    if error := _call_worker("install", payload).get("error"):
        raise ProvisioningError(
            f"installing the conda packages failed:\n{_indented(error['text'])}", hint=_INSTALL_HINT
        )


def _verify(package: CondaPackage, url: str) -> None:
    """A file's digest: rattler verifies what it downloads, and takes a file of this machine as it is."""
    if not url.startswith("file:"):
        return
    path = Path(unquote(urlsplit(url).path))
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ProvisioningError(
            f"the conda package '{path}' cannot be read: {error.strerror}", hint=_INSTALL_HINT
        ) from error
    if digest != package.sha256:
        raise ProvisioningError(f"the conda package '{path}' is not the one that was locked", hint=_INSTALL_HINT)


_INSTALL_HINT = "the lock names each package's URL and digest: a channel must still have it"


def _call_worker(verb: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The worker's answer. Raises TfinfraError where py-rattler is missing or the worker dies."""
    done = finished(
        child_python.module(_WORKER, verb),
        input=json.dumps(payload),
        env=tool_environment(),
        cwd=os.sep,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        if "No module named 'rattler'" in last:
            raise TfinfraError("conda packages need py-rattler, which is not installed", hint=INSTALL)
        raise TfinfraError(f"py-rattler failed with exit status {done.returncode}: {last}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


INSTALL = "install tfinfra's extra `conda` from where tfinfra came from: `pip install '.[conda]'` in a checkout"
"""What a user types who lacks py-rattler."""


def _refused(kind: str, text: str, request: CondaSolveRequest) -> TfinfraError:
    if kind == "channel":
        named = [c for c in request.channels if c.rstrip("/") in text or f"/{c}/" in text]
        which = ", ".join(named or request.channels)
        return NotFeasible(f"conda_channels: '{which}' cannot be read:\n{_indented(text)}", hint=_WAY_OUT)
    if kind == "spec":
        hint = "write a spec like 'pandas>=2,<3' or 'pandas=2.1'"
        return RefusedPackages(f"conda_packages: {text}", hint, key="conda_packages", about=_named(text), code="TFI709")
    words = text.replace("\u2500", " ").split()
    limits = "; ".join(line for line in request.constraints if line.split(maxsplit=1)[0] in words)
    held = f"\n  TensorFlow's own limits: {limits}" if limits else ""
    return RefusedPackages(
        "conda_packages: the packages do not fit TensorFlow, this Python or one another:\n" + _indented(text) + held,
        hint="change conda_packages, conda_channels, framework_version or python_version",
        key="conda_packages",
        about=_named(text),
        code="TFI709",
    )


def _named(text: str) -> tuple[str, ...]:
    """All words of the solver's text that could be a package's name, in its order."""
    return tuple(dict.fromkeys(normalised(word) for word in re.findall(r"[A-Za-z0-9][\w.-]*", text)))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[:_MOST_LINES])


_MOST_LINES = 12
