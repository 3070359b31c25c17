"""The steps of an environment's build, in their order: interpreter, conda's packages, pip's packages, Horovod."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tfinfra.environment.conda.conda_lock import refuse_two_versions
from tfinfra.environment.conda.conda_packages import install_conda
from tfinfra.environment.conda.python_channel import write_channel
from tfinfra.environment.cuda import Driver
from tfinfra.environment.horovod import HorovodBuild, WheelSource, build_here, horovod_wheel
from tfinfra.environment.interpreter import Interpreter
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.proof.packages import site_folders
from tfinfra.environment.relocate import copy_interpreter
from tfinfra.environment.same_bytes.compiled_path import compile_modules, compiled_path
from tfinfra.environment.same_bytes.virtual_environment import make_virtual_environment
from tfinfra.environment.uv.package_index import page_options, source_variables
from tfinfra.environment.uv.solve import wheels_only
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import Command, Tools
from tfinfra.system.progress import Progress


@dataclass(frozen=True)
class Build:
    """What one build is made from; see `ensure_environment` (build_environment.py)."""

    lock: Lock
    cache: Path
    folder: Path
    say: Progress
    wheels: WheelSource = build_here
    conda_files: Path | None = None
    driver: Driver | None = None
    compiles: Path | None = None

    @property
    def python(self) -> Path:
        """What compiles modules: a Python outside of the environment, where one is named, runs nothing of what packages
        may have put there."""
        return self.compiles or self.folder / "bin/python"


def place_interpreter(build: Build, found: Interpreter) -> None:
    """Puts an interpreter into the environment: a copy where not every node sees it."""
    lock, folder = build.lock, build.folder
    program = found.path
    if not found.on_every_node:
        program = copy_interpreter(found, folder / "python", compiled_path(lock.key) / "python")
    make_virtual_environment(folder, program, found.version)


def install_packages_of_conda(build: Build) -> None:
    """Before pip's packages. Where Python is not conda's own, a stand-in tells conda its version."""
    lock, folder = build.lock, build.folder
    build.say(f"installing {len(lock.conda)} conda packages")
    packages = lock.conda
    if not lock.has_conda_python:
        packages = (*packages, write_channel(build.cache / "conda/standalone", lock.python_version))
    install_conda(packages, folder, build.cache / "conda", build.conda_files)
    refuse_two_versions(folder, lock.packages, lock.conda)


def install_packages(build: Build, tools: Tools) -> None:
    """What pip installs, with its bytecode, then Horovod. Raises as `ensure_environment` does."""
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


def unlike(lock: Lock) -> tuple[str, ...]:
    """Why another build of the same lock, by the same tools, may hold other bytes."""
    reasons = [f"{name} is built from source where it is installed" for name in lock.source_builds]
    if lock.conda:
        reasons.append("conda's packages hold the path and the time of their installation")
    if lock.gpu and lock.horovod:
        reasons.append("Horovod's GPU part is compiled by nvcc, and no two builds of it were compared")
    return tuple(reasons)


def _compile(build: Build, tools: Tools, parts: Iterable[str]) -> None:
    """TensorFlow's import takes 5.7 s without bytecode, 2.0 s with it, and nodes mount the folder read-only."""
    for part in (part for part in parts if (build.folder / part).is_dir()):
        compile_modules(tools, build.python, build.folder / part, compiled_path(build.lock.key) / part)
