"""Says what works on this machine: each check is a function that finds one thing out by trying it."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfinfra.clouds import machine_kinds
from tfinfra.errors import TfinfraError, UsageError
from tfinfra.system.installation import ADD_RUN, missing_run_packages
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import cache_folder, state_folder
from tfinfra.system.process.commands import finished
from tfinfra.system.whole_file import write_whole

LEAST_DISK = 10
"""GiB that an environment, its build and a run need."""
_A_PAGE = 4096

DRIVER_PATIENCE = 20.0
"""Seconds: without persistence mode the driver wakes every GPU first."""

_QUERY = ("--query-gpu=name,driver_version", "--format=csv,noheader")


@dataclass(frozen=True)
class CheckResult:
    """One check: `level` is ok, note (something is not there that is not needed) or problem; `hint` is the way out."""

    check: str
    level: str
    text: str
    hint: str | None = None


def examine(kinds: Callable[[], Mapping[str, str | None]] = machine_kinds, *, asking: bool = True) -> list[CheckResult]:
    """All checks, in order; without `asking` none that asks a cloud. `kinds` gives the local cloud's kinds of machines,
    each with why it is not possible."""
    checks: dict[str, Callable[[], list[CheckResult]]] = {
        "python": _python,
        "packages": _packages,
        "pulumi": _pulumi,
        "azure-native plugin": _provider,
        "go": lambda: _tool("go", "not there; only a build of Pulumi needs it"),
        "machines": lambda: _machines(kinds()),
        "cloud-init": lambda: _tool(
            "cloud-init", "not there; namespace machines run it where it is", "install cloud-init"
        ),
        "gpus": _gpus,
        "state folder": lambda: [_folder("state folder", state_folder)],
        "cache folder": lambda: [_folder("cache folder", cache_folder)],
        "disk": _disk,
        **({"runs": _leftovers} if asking and not missing_run_packages() else {}),
    }
    results: list[CheckResult] = []
    for name, check in checks.items():
        try:
            results += check()
        except UsageError as error:  # a folder that the check needs is not the user's own
            results.append(CheckResult(name, "problem", error.message, error.hint))
    return results


def _python() -> list[CheckResult]:
    version = ".".join(str(n) for n in sys.version_info[:3])
    return [CheckResult("python", "ok", f"{version}, {sys.executable}")]


def _packages() -> list[CheckResult]:
    """Whether tfinfra is here with what runs need, or light."""
    missing = missing_run_packages()
    if not missing:
        return [CheckResult("packages", "ok", "the whole install: tfinfra[run]")]
    without = ", ".join(missing)
    light = f"the light install: it validates, compiles and plans, and no run is possible without {without}"
    return [CheckResult("packages", "problem", light, ADD_RUN)]


def _pulumi() -> list[CheckResult]:
    from tfinfra.engine.tool.toolchain import find_cli, source_of

    found = find_cli()
    if found is not None:
        source = source_of(found)
        return [CheckResult("pulumi", "ok", f"{found}, {source}" if source else str(found))]
    if shutil.which("go"):
        return [CheckResult("pulumi", "note", "not there; the first `up` gets it", "`tfinfra setup` gets it now")]
    return [
        CheckResult(
            "pulumi",
            "note",
            "not there, and no Go to build it",
            "`tfinfra setup` gets its vendor's archive, if there is a way",
        )
    ]


def _provider() -> list[CheckResult]:
    from tfinfra.arm.azure_native import VERSION
    from tfinfra.engine.provider.install import GET_IT, trust
    from tfinfra.engine.provider.plugin_folder import find_provider

    found = find_provider()
    if found is None:
        missing = f"{VERSION} is not there; only runs on Azure need it"
        return [CheckResult("azure-native plugin", "note", missing, GET_IT)]
    return [CheckResult("azure-native plugin", "ok", f"{found}, {trust()}")]


def _tool(name: str, missing: str, hint: str | None = None) -> list[CheckResult]:
    """A program that is good to have on PATH."""
    path = shutil.which(name)
    return [CheckResult(name, "ok", path) if path else CheckResult(name, "note", missing, hint)]


def _machines(kinds: Mapping[str, str | None]) -> list[CheckResult]:
    from tfinfra.clouds import boundary_of

    found = [
        CheckResult(f"{kind} machines", "ok" if reason is None else "note", reason or f"possible; {boundary_of(kind)}")
        for kind, reason in kinds.items()
    ]
    if all(reason is not None for reason in kinds.values()):
        found.append(CheckResult("machines", "problem", "the local cloud can boot no machine here"))
    return found


def _gpus() -> list[CheckResult]:
    """Counted as the compiler does, by the driver's device files; named by the driver's own tool, which also shows
    that the driver answers."""
    from tfinfra.compiler.load import machine_gpus

    count = machine_gpus()
    if not count:
        return [CheckResult("gpus", "note", "none; `use_gpu` runs here in a rehearsal only, on the processor")]
    tool = shutil.which("nvidia-smi")
    if not tool:
        return [CheckResult("gpus", "note", f"{count}; there is no nvidia-smi to ask the driver by")]
    hint = "`nvidia-smi` must work before TensorFlow can use a GPU"
    silent = f"{count}, but the driver does not answer"
    try:
        done = finished(
            [tool, *_QUERY],
            timeout=DRIVER_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return [CheckResult("gpus", "problem", f"{silent} within {DRIVER_PATIENCE:g} s", hint)]
    lines = (done.stdout + done.stderr).strip().splitlines()
    if done.returncode or not lines:
        said = lines[-1] if lines else f"exit status {done.returncode}"
        return [CheckResult("gpus", "problem", f"{silent}: {said}", hint)]
    return [CheckResult("gpus", "ok", f"{len(lines)} x {lines[0]}")]


def _folder(name: str, where: Callable[[], Path]) -> CheckResult:
    path = where()
    probe = path / ".doctor"
    try:
        make_private(path)
        write_whole(probe, bytes(_A_PAGE))  # a full disk takes an empty file
        probe.unlink()
    except OSError as error:
        hint = "set TFINFRA_STATE_DIR and TFINFRA_CACHE_DIR"
        hint = f"free some space on its disk, or {hint}" if error.errno in (errno.ENOSPC, errno.EDQUOT) else hint
        return CheckResult(name, "problem", f"{path}: {error.strerror}", hint)
    return CheckResult(name, "ok", str(path))


def _disk() -> list[CheckResult]:
    nearest = next(p for p in (cache_folder(), *cache_folder().parents) if p.exists())
    free = shutil.disk_usage(nearest).free / 2**30
    text = f"{free:.0f} GiB free for environments"
    if free < LEAST_DISK:
        return [CheckResult("disk", "problem", text, f"at least {LEAST_DISK} GiB are needed")]
    return [CheckResult("disk", "ok", text)]


def _leftovers() -> list[CheckResult]:
    """Runs that no client drives any more, and groups that no run explains."""
    from tfinfra.lifecycle.attach.overview import all_statuses

    try:
        states = all_statuses()
    except (TfinfraError, OSError) as error:
        return [CheckResult("runs", "problem", f"the local cloud does not answer: {error}")]
    stale = [s for s in states if s.groups and not s.watched]
    if not stale:
        return [CheckResult("runs", "ok", "nothing is left of any run")]
    hint = "`tfinfra fetch` brings their outputs, `tfinfra down --all` deletes them"
    return [CheckResult("runs", "note", "unwatched: " + ", ".join(f"{s.run} ({s.state})" for s in stale), hint)]
