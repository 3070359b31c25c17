"""Requirements → Lock: made once by uv, then found again by its inputs, so that a second run asks no package index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tfinfra.environment import recipe
from tfinfra.environment.build_lock import exclusive
from tfinfra.environment.conda.conda_lock import folder_state, lock_conda, with_conda
from tfinfra.environment.conda.conda_packages import CondaPackage
from tfinfra.environment.interpreter import downloadable_version, find_interpreter
from tfinfra.environment.lock_file import Lock, digest_of_value, keyed, read_lock, this_platform, write_lock
from tfinfra.environment.package_metadata import requires_of
from tfinfra.environment.solve import SolveRequest, Unsolvable, solve, solver_error
from tfinfra.environment.tools import find_uv
from tfinfra.model import Requirements, to_json
from tfinfra.system.progress import Progress, say_nothing


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
    known = read_lock(path)
    if known:
        return known
    with exclusive(path.with_suffix(".lock"), lambda: say("waiting for another run that locks the same packages")):
        return read_lock(path) or write_lock(path, _solved(requirements, target, cache, say))


def _inputs_key(requirements: Requirements, platform: str) -> str:
    """A channel that is a folder counts with its content: nobody else publishes it."""
    told = {name: value for name, value in to_json(requirements).items() if name != "source_builds" or value}
    asked = {"requirements": told, "platform": platform, "recipe": recipe.RECIPE}
    if requirements.pip:  # one of a time when source distributions were taken unasked is made anew
        asked["packages"] = "wheels"
    return digest_of_value({**asked, "folders": folder_state(requirements.conda_channels)})


def _solved(requirements: Requirements, platform: str, cache: Path, say: Progress) -> Lock:
    wanted = recipe.requested_packages(requirements, platform)
    uv = find_uv(cache, say)
    say("locking the training environment's packages")
    builds = tuple(sorted({recipe.package_name(name) for name in requirements.source_builds}))
    here = platform == this_platform()
    interpreter = find_interpreter(uv, requirements.python_version, cache, say) if here else None
    python = interpreter.version if interpreter else downloadable_version(uv, requirements.python_version)
    request = SolveRequest(
        lines=wanted.lines,
        constraints=recipe.CONSTRAINTS,
        python=python,
        platform=None if here else platform,
        interpreter=interpreter.path if interpreter else None,
        source_builds=builds,
    )
    conda = _conda(uv, requirements, wanted.tensorflow, request, cache) if requirements.conda else ()
    python = next((package.version for package in conda if package.name == "python"), python)
    request = replace(request, python=python)
    wanted, packages = with_conda(
        conda, requirements, request, lambda asked: _packages(uv, wanted, asked, requirements)
    )
    tools = (
        solve(
            uv, replace(request, lines=recipe.horovod_tools(requirements, platform), constraints=(), source_builds=())
        )
        if wanted.horovod
        else ""
    )
    return keyed(
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
    uv: str, requirements: Requirements, tensorflow: str, request: SolveRequest, cache: Path
) -> tuple[CondaPackage, ...]:
    limits = requires_of(uv, f"{tensorflow}=={requirements.framework_version}", request.python, request.platform)
    return lock_conda(requirements, request, request.platform or this_platform(), cache, limits)


def _packages(
    uv: str, wanted: recipe.RequestedPackages, request: SolveRequest, requirements: Requirements
) -> tuple[recipe.RequestedPackages, str]:
    """The solution, on the package `tensorflow` where another package insists on that name."""
    try:
        text = solve(uv, request)
        if wanted.tensorflow == "tensorflow" or "\ntensorflow==" not in f"\n{text}":
            return wanted, text
        full = recipe.with_full_tensorflow(wanted)
        return full, solve(uv, replace(request, lines=full.lines))
    except Unsolvable as why:
        raise solver_error(why, wanted.tensorflow, requirements.framework_version, request.python) from why
