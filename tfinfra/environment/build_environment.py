"""Lock → folder: interpreter, packages, Horovod and bytecode under <cache>/environments/<key>, built once.

The folder is built where it stays, because its programs name it; a marker written last says that it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tfinfra.environment.build_lock import exclusive
from tfinfra.environment.conda.conda_lock import refuse_two_versions
from tfinfra.environment.conda.conda_packages import install_conda
from tfinfra.environment.conda.python_channel import write_channel
from tfinfra.environment.cuda import Driver
from tfinfra.environment.horovod import (
    HorovodBuild,
    WheelSource,
    build_here,
    gpu_ties,
    horovod_wheel,
    refuse_unbuildable,
)
from tfinfra.environment.interpreter import find_same_interpreter, locked_interpreter
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.proof.installed_tree import store_tree
from tfinfra.environment.proof.packages import site_folders
from tfinfra.environment.relocate import copy_interpreter
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.same_bytes.compiled_path import compile_modules, compiled_path
from tfinfra.environment.same_bytes.virtual_environment import make_virtual_environment
from tfinfra.environment.same_bytes.wheel_file import note_of
from tfinfra.environment.uv.package_index import page_options, source_variables
from tfinfra.environment.uv.solve import wheels_only
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import Command, Tools, find_uv, version_of_uv
from tfinfra.environment.whole_environment import MARKER, is_whole
from tfinfra.model import to_json
from tfinfra.system.progress import Progress, say_nothing


def ensure_environment(
    lock: Lock,
    cache: Path,
    progress: Progress | None = None,
    *,
    wheels: WheelSource = build_here,
    conda_files: Path | None = None,
    driver: Driver | None = None,
) -> Path:
    """The whole environment of `lock`: its bin/ holds python and, with Horovod, mpirun.

    Built once; other processes that want the same one meanwhile wait for it. `wheels` is where Horovod's wheel comes
    from, `conda_files` a folder of conda packages that came along, `driver` that of the GPUs it is for, where they are
    known. Raises ProvisioningError with a tool's last lines, NotFeasible where there is no interpreter
    or package index, TfinfraError without a compiler.
    """
    say = progress or say_nothing
    folder = cache / "environments" / "-".join((lock.key, *map(str, gpu_ties(lock, driver))))
    if is_whole(folder):
        return folder
    refuse_unbuildable(lock, cache, wheels, driver)
    _warn_of_little_space(cache, say)
    # Not beside it: machines of the local cloud see that folder, and who may only read a file can lock it for good.
    with exclusive(
        cache / "locks" / f"{folder.name}.building",
        lambda: say("waiting for another run that builds the same environment"),
    ) as held:
        if not is_whole(folder):
            _build(Build(lock, cache, folder, say, wheels, conda_files, driver), held)
    return folder


_LEAST_SPACE = 6 * 2**30
"""Bytes that an environment takes with its downloads, the largest builds included."""


def _warn_of_little_space(cache: Path, say: Progress) -> None:
    nearest = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    if free < _LEAST_SPACE:
        say(f"warning: {nearest} has {free / 2**30:.1f} GiB free; an environment may take {_LEAST_SPACE / 2**30:.0f}")


@dataclass(frozen=True)
class Build:
    """What one build is made from; see `ensure_environment`."""

    lock: Lock
    cache: Path
    folder: Path
    say: Progress
    wheels: WheelSource
    conda_files: Path | None
    driver: Driver | None


def _build(build: Build, held: int) -> None:
    lock, cache, folder = build.lock, build.cache, build.folder
    remove(folder)
    log = cache / "logs" / f"environment-{lock.key}.log"
    log.unlink(missing_ok=True)
    # uv's download cache is the user's, shared with other projects; a node without a home has one of its own.
    has_cache = os.environ.get("HOME") or os.environ.get("UV_CACHE_DIR")
    tools = Tools(find_uv(cache, build.say), log, (held,), {} if has_cache else {"UV_CACHE_DIR": str(cache / "uv")})
    if not lock.has_conda_python:
        _make_interpreter(build, tools)
    if lock.conda:
        _install_conda(build)
    _install_packages(build, tools)
    # An environment that cannot import what it is for is no environment. Tasks do not see the machine's libraries
    # either (agent/tasks/task_variables.py).
    modules = ["tensorflow", *(["horovod.tensorflow"] if lock.horovod else [])]
    build.say(f"checking that {' and '.join(modules)} can be imported")
    check: Command = [folder / "bin/python", "-I", "-B", "-c", f"import {', '.join(modules)}"]
    tools.run(check, "importing TensorFlow", TF_CPP_MIN_LOG_LEVEL="2", LD_LIBRARY_PATH="")
    store_tree(folder, version_of_uv(tools.uv), note_of(folder, "horovod"), _unlike(lock))
    staging = folder / f"{MARKER}.{os.getpid()}"
    with staging.open("w", encoding="utf-8") as file:
        json.dump(to_json(lock), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    staging.rename(folder / MARKER)


def _install_packages(build: Build, tools: Tools) -> None:
    lock, folder = build.lock, build.folder
    count = sum(1 for line in lock.packages.splitlines() if line[:1].isalnum())
    build.say(f"installing {lock.tensorflow} {lock.framework_version} and {count - 1} more")
    requirements = folder / "tfinfra-packages.txt"
    requirements.write_text(lock.packages, "utf-8")
    install: Command = ["pip", "install", "--quiet", "--python", folder / "bin/python"]
    only = [*wheels_only(lock.source_builds), *page_options(lock.sources)]
    # uv's own notes hold the path and the time of what it has installed.
    variables = {**source_variables(lock.sources, tool_environment()), "UV_NO_INSTALLER_METADATA": "1"}
    tools.uv_run([*install, *only, "--no-deps", "-r", requirements], "installing the packages", **variables)
    _compile(build, tools, ["lib", "python"])
    if lock.horovod:
        wheel = horovod_wheel(HorovodBuild(lock, folder, build.cache, tools, build.say, build.wheels, build.driver))
        tools.uv_run([*install, "--no-deps", wheel], "installing Horovod", **variables)
        _compile(build, tools, [f"{site}/horovod" for site in site_folders(folder)])


def _unlike(lock: Lock) -> tuple[str, ...]:
    """Why another build of the same lock, by the same tools, may hold other bytes."""
    reasons = [f"{name} is built from source where it is installed" for name in lock.source_builds]
    if lock.conda:
        reasons.append("conda's packages hold the path and the time of their installation")
    if lock.gpu and lock.horovod:
        reasons.append("Horovod's GPU part is compiled by nvcc, and no two builds of it were compared")
    return tuple(reasons)


def remove(folder: Path) -> None:
    """Removes what is left of an environment, the marker first: a removal that is cut off leaves no whole one."""
    (folder / MARKER).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)


def _make_interpreter(build: Build, tools: Tools) -> None:
    """An environment for nodes that mount it may use a Python that they see. One that a node builds for itself has the
    lock's version: the image's own Python runs the bootstrap and the agent alone."""
    lock, folder = build.lock, build.folder
    find = find_same_interpreter if lock.platform == this_platform() else locked_interpreter
    found = find(tools.uv, lock.python_version, build.cache, build.say)
    if found.version != lock.python_version:
        build.say(f"Python {lock.python_version} is not on this machine; using {found.version}")
    program = found.path
    if not found.on_every_node:
        program = copy_interpreter(found, folder / "python", compiled_path(lock.key) / "python")
    make_virtual_environment(folder, program, found.version)


def _compile(build: Build, tools: Tools, parts: Iterable[str]) -> None:
    """TensorFlow's import takes 5.7 s without bytecode, 2.0 s with it, and nodes mount the folder read-only."""
    for part in (part for part in parts if (build.folder / part).is_dir()):
        program, name = build.folder / "bin/python", compiled_path(build.lock.key) / part
        compile_modules(tools, program, build.folder / part, name)


def _install_conda(build: Build) -> None:
    """Before pip's packages. Where Python is not conda's own, a stand-in tells conda its version."""
    lock, folder = build.lock, build.folder
    build.say(f"installing {len(lock.conda)} conda packages")
    packages = lock.conda
    if not lock.has_conda_python:
        packages = (*packages, write_channel(build.cache / "conda/standalone", lock.python_version))
    install_conda(packages, folder, build.cache / "conda", build.conda_files)
    refuse_two_versions(folder, lock.packages, lock.conda)
