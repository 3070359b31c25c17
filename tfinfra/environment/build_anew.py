"""A lock's environment built once more, to be compared: around an interpreter that is here, without running anything
of what is installed."""

from __future__ import annotations

from pathlib import Path

from tfinfra.environment.build_steps import Build, install_packages, place_interpreter, unlike
from tfinfra.environment.interpreter import Interpreter
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.proof.installed_tree import store_tree
from tfinfra.environment.same_bytes.wheel_file import note_of
from tfinfra.environment.uv.tools import Tools, find_uv, version_of_uv
from tfinfra.model import InstalledTree
from tfinfra.system.progress import Progress, say_nothing


def build_anew(
    lock: Lock, folder: Path, cache: Path, interpreter: Interpreter, progress: Progress = say_nothing
) -> InstalledTree:
    """What the environment of `lock`, which has no conda packages, is in `folder`; downloads go to `cache`. Raises
    ProvisioningError with a tool's last lines, TfinfraError where Horovod is to be compiled without a compiler."""
    tools = Tools(find_uv(cache, progress), cache / "logs/rebuild.log")
    build = Build(lock, cache, folder, progress, compiles=interpreter.path)
    place_interpreter(build, interpreter)
    install_packages(build, tools)
    return store_tree(folder, version_of_uv(tools.uv), note_of(folder, "horovod"), unlike(lock))
