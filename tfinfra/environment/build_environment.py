"""Lock → folder: interpreter, packages, Horovod and bytecode under <cache>/environments/<key>, built once.

The folder is built where it stays, because its programs name it; a marker written last says that it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tfinfra.environment.build_lock import exclusive
from tfinfra.environment.build_steps import (
    Build,
    install_packages,
    install_packages_of_conda,
    place_interpreter,
    unlike,
)
from tfinfra.environment.cuda import Driver
from tfinfra.environment.horovod import WheelSource, build_here, gpu_ties, refuse_unbuildable
from tfinfra.environment.interpreter import find_same_interpreter, locked_interpreter
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.proof.installed_tree import store_tree
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.same_bytes.wheel_file import note_of
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
        install_packages_of_conda(build)
    install_packages(build, tools)
    # An environment that cannot import what it is for is no environment. Tasks do not see the machine's libraries
    # either (agent/tasks/task_variables.py).
    modules = ["tensorflow", *(["horovod.tensorflow"] if lock.horovod else [])]
    build.say(f"checking that {' and '.join(modules)} can be imported")
    check: Command = [folder / "bin/python", "-I", "-B", "-c", f"import {', '.join(modules)}"]
    tools.run(check, "importing TensorFlow", TF_CPP_MIN_LOG_LEVEL="2", LD_LIBRARY_PATH="")
    store_tree(folder, version_of_uv(tools.uv), note_of(folder, "horovod"), unlike(lock))
    staging = folder / f"{MARKER}.{os.getpid()}"
    with staging.open("w", encoding="utf-8") as file:
        json.dump(to_json(lock), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    staging.rename(folder / MARKER)


def _make_interpreter(build: Build, tools: Tools) -> None:
    """An environment for nodes that mount it may use a Python that they see. One that a node builds for itself has the
    lock's version: the image's own Python runs the bootstrap and the agent alone."""
    lock = build.lock
    find = find_same_interpreter if lock.platform == this_platform() else locked_interpreter
    found = find(tools.uv, lock.python_version, build.cache, build.say)
    if found.version != lock.python_version:
        build.say(f"Python {lock.python_version} is not on this machine; using {found.version}")
    place_interpreter(build, found)


def remove(folder: Path) -> None:
    """Removes what is left of an environment, the marker first: a removal that is cut off leaves no whole one."""
    (folder / MARKER).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
