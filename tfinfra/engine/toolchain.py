"""Finds the Pulumi command line tool, or gets it: from the vendor's installer, else from its tagged Go module."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tfinfra.errors import TfinfraError
from tfinfra.paths import cache_folder

VERSION = "3.258.0"
"""The Python SDK's own version; the newest whose checksum the Go checksum database serves."""

_MODULE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_STAMP = f"-w -s -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
_INSTALL = 180.0  # seconds
_WAY_OUT = (
    f"install Pulumi {VERSION} so that `pulumi` is on PATH (pulumi.com/docs/install), or install Go 1.25 or newer"
    " (go.dev/dl) and run `tfinfra setup` again"
)


def find_cli() -> Path | None:
    """The tool: tfinfra's own, else one on PATH that is no older; None where it has to be made.

    Its own comes first, because asking a strange one for its version takes longer than `tfinfra --help`.
    """
    cached = _cached()
    if cached.is_file():
        return cached
    found = shutil.which("pulumi")
    return Path(found) if found and _new_enough(_version(found)) else None


def ensure_cli(progress: Callable[[str], None]) -> Path:
    """The tool, made first where there is none (built from source: about four minutes on two cores, once a machine).

    `progress` gets one line for each step. Raises TfinfraError with the way out where it cannot be built.
    """
    found = find_cli()
    if found is not None:
        return found
    from filelock import FileLock, Timeout

    target = _cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.parent.parent / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("another tfinfra is making the Pulumi command line tool: waiting for it")
        lock.acquire()
    try:
        return target if target.is_file() else _make(target, progress)
    finally:
        lock.release()


def _cached() -> Path:
    return cache_folder() / "pulumi" / VERSION / "bin" / "pulumi"


def _version(command: str) -> str | None:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        said = subprocess.run(
            [command, "version"], capture_output=True, text=True, timeout=30, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip().removeprefix("v")


def _new_enough(version: str | None) -> bool:
    """Whether the tool is of the SDK's major version and not older than the SDK."""
    parts = (version or "").split("-")[0].split(".")
    numbers = tuple(int(part) for part in parts if part.isdigit())
    wanted = tuple(int(part) for part in VERSION.split("."))
    return len(numbers) == 3 and numbers[0] == wanted[0] and numbers >= wanted


def _make(target: Path, progress: Callable[[str], None]) -> Path:
    """Puts the tool in its place by a rename: a half-made one is never found."""
    with tempfile.TemporaryDirectory(dir=target.parent.parent) as work:
        progress(f"fetching Pulumi {VERSION} with its vendor's installer")
        draft = _install(Path(work)) or _build(Path(work), progress)
        if _version(str(draft)) != VERSION:
            raise TfinfraError(f"the Pulumi that was just made does not answer as {VERSION}", _WAY_OUT)
        draft.replace(target)
    return target


def _install(folder: Path) -> Path | None:
    """The vendor's build, None where its site cannot be reached. In a process: the installer has no timeout."""
    program = (
        "import sys; from pulumi.automation import PulumiCommand; from semver import VersionInfo; "
        "PulumiCommand.install(sys.argv[1], VersionInfo.parse(sys.argv[2]))"
    )
    command = [sys.executable, "-I", "-c", program, str(folder / "vendor"), VERSION]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_INSTALL, check=False)
    except subprocess.TimeoutExpired:
        return None
    tool = folder / "vendor" / "bin" / "pulumi"
    return tool if done.returncode == 0 and tool.is_file() else None


def _build(work: Path, progress: Callable[[str], None]) -> Path:
    """Builds the tool with Go. Raises TfinfraError where there is no Go, or it fails."""
    go = shutil.which("go")
    if go is None:
        raise TfinfraError(f"Pulumi {VERSION} is not on this machine, cannot be fetched, and there is no Go", _WAY_OUT)
    folder, draft = work / "source", work / "pulumi"
    folder.mkdir()
    (folder / "go.mod").write_text("module tfinfra.local/pulumi-cli\n\ngo 1.25\n", encoding="utf-8")
    progress(f"the vendor's site does not give it; downloading the source of Pulumi {VERSION} for Go to build")
    _go([go, "get", "-tool", f"{_MODULE}@v{VERSION}"], folder, progress)
    progress(f"building Pulumi {VERSION}: a few minutes, once on this machine")
    tags = ["-tags", "osusergo,grpcnotrace"]
    _go([go, "build", "-trimpath", *tags, "-ldflags", _STAMP, "-o", str(draft), _MODULE], folder, progress)
    return draft


def _go(command: list[str], folder: Path, progress: Callable[[str], None]) -> None:
    """Runs Go with caches of its own below `folder`: 2.5 GB that go with it. Raises TfinfraError with its last line."""
    caches = {name: str(folder / name.lower()) for name in ("GOPATH", "GOMODCACHE", "GOCACHE")}
    flags = f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip()
    environment = {**os.environ, **caches, "GOFLAGS": flags, "CGO_ENABLED": "0"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = _output(process, progress)
    if process.returncode != 0:
        last = (said.strip().splitlines() or ["no output"])[-1]
        raise TfinfraError(f"Go could not build the Pulumi command line tool: {last}", _WAY_OUT)


def _output(process: subprocess.Popen[str], progress: Callable[[str], None]) -> str:
    """What the process says until its end; each minute, that it still works."""
    minutes = 0
    while True:
        try:
            return process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            minutes += 1
            progress(f"Go still works, for {minutes} min now")
        except BaseException:
            process.kill()
            raise
