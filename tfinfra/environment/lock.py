"""Requirements → Lock: made once by uv, then found again by its inputs, so that a second run asks no package index."""

from __future__ import annotations

import hashlib
import json
import os
import platform as machine
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tfinfra.environment import recipe
from tfinfra.environment.conda import CondaPackage
from tfinfra.environment.conda_lock import folder_state, lock_conda, with_conda
from tfinfra.environment.exclusive import exclusive
from tfinfra.environment.interpreter import downloadable_version, find_interpreter
from tfinfra.environment.metadata import requires_of
from tfinfra.environment.solve import Question, Unsolvable, refused, solve
from tfinfra.environment.tools import Progress, find_uv, say_nothing
from tfinfra.model import Requirements, from_json, to_json


@dataclass(frozen=True)
class Lock:
    """A training environment, exactly. `key` is the hash of everything else here.

    `platform` is "<system>-<machine>" where the environment is for this kind of machine, else a uv platform;
    `packages` and `tools` (what Horovod is built with) are requirements texts with hashes; `horovod` is Horovod's
    version, None without it; `tensorflow` the package that TensorFlow comes from; `recipe` the build's version. `conda`
    holds what conda installs before `packages`; where Python is among it, that is the interpreter.
    `source_builds` names the packages that are built from source, by whoever installs them.
    """

    key: str
    recipe: int
    platform: str
    python_version: str
    tensorflow: str
    framework_version: str
    packages: str
    horovod: str | None
    openmpi: str | None
    tools: str
    gpu: bool
    conda: tuple[CondaPackage, ...] = ()
    source_builds: tuple[str, ...] = ()

    @property
    def has_conda_python(self) -> bool:
        return any(package.name == "python" for package in self.conda)


def make_lock(
    requirements: Requirements,
    platform: str,
    cache: Path,
    *,
    progress: Progress | None = None,
) -> Lock:
    """The lock of `requirements` for nodes of `platform` ("": this machine's own), made or found in `cache`/locks.

    Raises ManifestError where the packages do not fit together or do not exist, NotFeasible where no package index
    or no interpreter can be had.
    """
    say = progress or say_nothing
    target = platform or this_platform()
    path = cache / "locks" / f"{_inputs_key(requirements, target)}.json"
    known = _read(path)
    if known:
        return known
    with exclusive(path.with_suffix(".lock"), lambda: say("waiting for another run that locks the same packages")):
        return _read(path) or _write(path, _solved(requirements, target, cache, say))


def this_platform() -> str:
    """This kind of machine, as "linux-x86_64" or "darwin-arm64"."""
    return f"{sys.platform}-{machine.machine()}"


def _inputs_key(requirements: Requirements, platform: str) -> str:
    """A channel that is a folder counts with its content: nobody else publishes it."""
    told = {name: value for name, value in to_json(requirements).items() if name != "source_builds" or value}
    asked = {"requirements": told, "platform": platform, "recipe": recipe.RECIPE}
    if requirements.pip:  # one of a time when source distributions were taken unasked is made anew
        asked["packages"] = "wheels"
    return _digest({**asked, "folders": folder_state(requirements.conda_channels)})


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def _read(path: Path) -> Lock | None:
    """A lock that this version of tfinfra wrote, None where there is none or it is of another shape."""
    try:
        lock = from_json(Lock, json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return lock if lock == _keyed(lock) else None


def _write(path: Path, lock: Lock) -> Lock:
    staging = path.with_suffix(f".{os.getpid()}")
    staging.write_text(json.dumps(to_json(lock), indent=1) + "\n", "utf-8")
    staging.replace(path)
    return lock


def _keyed(lock: Lock) -> Lock:
    content = {name: value for name, value in asdict(lock).items() if name != "key"}
    if not lock.source_builds:  # as of locks that were made before there were any
        del content["source_builds"]
    return replace(lock, key=_digest(content))


def _solved(requirements: Requirements, platform: str, cache: Path, say: Progress) -> Lock:
    wanted = recipe.wanted(requirements, platform)
    uv = find_uv(cache, say)
    say("locking the training environment's packages")
    builds = tuple(sorted({recipe.package_name(name) for name in requirements.source_builds}))
    here = platform == this_platform()
    interpreter = find_interpreter(uv, requirements.python_version, cache, say) if here else None
    python = interpreter.version if interpreter else downloadable_version(uv, requirements.python_version)
    ask = Question(
        lines=wanted.lines,
        constraints=recipe.CONSTRAINTS,
        python=python,
        platform=None if here else platform,
        interpreter=interpreter.path if interpreter else None,
        source_builds=builds,
    )
    conda = _conda(uv, requirements, wanted.tensorflow, ask, cache) if requirements.conda else ()
    python = next((package.version for package in conda if package.name == "python"), python)
    ask = replace(ask, python=python)
    wanted, packages = with_conda(conda, requirements, ask, lambda asked: _packages(uv, wanted, asked, requirements))
    tools = (
        solve(uv, replace(ask, lines=recipe.horovod_tools(requirements, platform), constraints=(), source_builds=()))
        if wanted.horovod
        else ""
    )
    return _keyed(
        Lock(
            key="",
            recipe=recipe.RECIPE,
            platform=platform,
            python_version=python,
            tensorflow=wanted.tensorflow,
            framework_version=requirements.framework_version,
            packages=packages,
            horovod=recipe.HOROVOD_VERSION if wanted.horovod else None,
            openmpi=recipe.OPENMPI_VERSION if wanted.horovod else None,
            tools=tools,
            gpu=requirements.gpu,
            conda=conda,
            source_builds=tuple(name for name in builds if name in _names(packages)),
        )
    )


def _names(packages: str) -> set[str]:
    return {recipe.package_name(line) for line in packages.splitlines() if line[:1].isalnum()}


def _conda(
    uv: str, requirements: Requirements, tensorflow: str, ask: Question, cache: Path
) -> tuple[CondaPackage, ...]:
    limits = requires_of(uv, f"{tensorflow}=={requirements.framework_version}", ask.python, ask.platform)
    return lock_conda(requirements, ask, ask.platform or this_platform(), cache, limits)


def _packages(uv: str, wanted: recipe.Wanted, ask: Question, requirements: Requirements) -> tuple[recipe.Wanted, str]:
    """The solution, on the package `tensorflow` where another package insists on that name."""
    try:
        text = solve(uv, ask)
        if wanted.tensorflow == "tensorflow" or "\ntensorflow==" not in f"\n{text}":
            return wanted, text
        full = recipe.with_full_tensorflow(wanted)
        return full, solve(uv, replace(ask, lines=full.lines))
    except Unsolvable as why:
        raise refused(why, wanted.tensorflow, requirements.framework_version, ask.python) from why
