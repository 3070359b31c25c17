"""Requirements → Lock: made once by uv, then found again by its inputs, so that a second run asks no package index."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tfinfra.environment import recipe
from tfinfra.environment.build_lock import exclusive
from tfinfra.environment.conda.conda_and_pip import python_packages
from tfinfra.environment.conda.conda_lock import lock_conda, with_conda
from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.interpreter import downloadable_version, find_interpreter, find_same_interpreter
from tfinfra.environment.known_lock import lock_path
from tfinfra.environment.lock_file import Lock, keyed, read_lock, write_lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.requirements.pinned_hashes import exact_packages, held, only_files_tell, pinned_hashes
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.uv.package_files import installed_file, package_files
from tfinfra.environment.uv.package_metadata import requires_of
from tfinfra.environment.uv.solve import SolveRequest, fetch, installable_hashes, solve
from tfinfra.environment.uv.tools import find_uv
from tfinfra.environment.uv.uv_refusals import Unsolvable, solver_error
from tfinfra.errors import TfinfraError
from tfinfra.model import Requirements
from tfinfra.system.progress import Progress, say_nothing


@dataclass(frozen=True)
class Preferences:
    """Requirements texts of an earlier lock: of its packages, and of what Horovod is built with."""

    packages: str = ""
    tools: str = ""


NO_PREFERENCES = Preferences()


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
    path = lock_path(requirements, platform, cache)
    known = read_lock(path)
    if known:
        return known
    with exclusive(path.with_suffix(".lock"), lambda: say("waiting for another run that locks the same packages")):
        return read_lock(path) or write_lock(path, _solved(requirements, platform or this_platform(), cache, say))


def solve_lock(
    requirements: Requirements, platform: str, cache: Path, progress: Progress, preferences: Preferences
) -> Lock:
    """A lock of `requirements` that is solved anew, whatever `cache` has, and kept nowhere; versions of `preferences`
    are taken where they still fit. Raises as `make_lock` does."""
    return _solved(requirements, platform or this_platform(), cache, progress, preferences)


def exact_request(lock: Lock, packages: str, cache: Path, progress: Progress) -> tuple[str, SolveRequest]:
    """uv, and what it is asked of the exact `packages`, a requirements text of the lock."""
    uv = find_uv(cache, progress)
    here = lock.platform == this_platform()
    request = SolveRequest(
        lines=tuple(line.rstrip("\\ ") for line in packages.splitlines() if line[:1].isalnum()),
        constraints=(),
        python=lock.python_version,
        platform=None if here else lock.platform,
        interpreter=find_same_interpreter(uv, lock.python_version, cache, progress).path if here else None,
        source_builds=lock.source_builds,
        sources=lock.sources,
    )
    return uv, request


def _solved(
    requirements: Requirements, platform: str, cache: Path, say: Progress, preferences: Preferences = NO_PREFERENCES
) -> Lock:
    requested = recipe.requested_packages(requirements, platform)
    version = requirements.framework_version
    uv = find_uv(cache, say)
    say("locking the training environment's packages")
    request = _request(requirements, requested, platform, uv=uv, cache=cache, say=say)
    request = replace(request, preferences=preferences.packages)
    python = request.python
    conda: tuple[CondaPackage, ...] = ()
    if requirements.conda:
        limits = requires_of(uv, f"{requested.tensorflow}=={version}", python, request.platform, requirements.sources)
        conda = lock_conda(requirements, request, platform, cache, limits)
        python = next((package.version for package in conda if package.name == "python"), python)
        request = replace(request, python=python)
    requested, packages = with_conda(
        conda, requirements, request, lambda narrowed: _solved_packages(uv, requested, narrowed, version)
    )
    pins = pinned_hashes((*requirements.pip, *requirements.constraints), python, platform)
    _refuse_pins_of_conda(pins, conda)
    packages = _chosen(uv, request, _proven(uv, request, packages, pins))
    tools = ""
    if requested.horovod:
        lines = recipe.horovod_tools(requirements, platform)
        of_tools = replace(request, lines=lines, constraints=(), source_builds=(), prereleases=False)
        tools = _chosen(uv, of_tools, solve(uv, replace(of_tools, preferences=preferences.tools)))
    names = {recipe.package_name(line) for line in packages.splitlines() if line[:1].isalnum()}
    return keyed(
        Lock(
            key="",
            recipe=recipe.RECIPE,
            platform=platform,
            python_version=python,
            tensorflow=requested.tensorflow,
            framework_version=version,
            packages=packages,
            horovod=recipe.HOROVOD_VERSION if requested.horovod else None,
            openmpi=recipe.OPENMPI_VERSION if requested.horovod else None,
            tools=tools,
            gpu=requirements.gpu,
            conda=conda,
            source_builds=tuple(name for name in request.source_builds if name in names),
            sources=requirements.sources,
        )
    )


def _proven(uv: str, request: SolveRequest, packages: str, pins: Mapping[str, frozenset[str]]) -> str:
    """The lock's text with the pinned hashes alone where there are any; those that no index tells are held against the
    files. Raises RefusedPackages."""
    packages = held(packages, pins, lambda lines: installable_hashes(uv, replace(request, lines=lines)))
    unproven = [part for part in only_files_tell(packages) if recipe.package_name(part) not in request.source_builds]
    if unproven:
        fetch(uv, replace(request, lines=tuple(unproven)))
    return packages


def _chosen(uv: str, request: SolveRequest, packages: str) -> str:
    """The lock's text with the one file of each package that is installed, as the lock of a manifest has it: the same
    packages have the same key. Where an index does not tell it, all stay that would do."""
    exact = exact_packages(packages)
    if not exact:
        return packages
    try:
        files = package_files(uv, replace(request, lines=tuple(line for line, _ in exact.values())))
    except TfinfraError:
        return packages
    chosen: dict[str, frozenset[str]] = {}
    for name, (_, hashes) in exact.items():
        file = installed_file(one for one in files.get(name, ()) if f"sha256:{one.sha256}" in hashes)
        chosen |= {name: frozenset({f"sha256:{file.sha256}"})} if file is not None else {}
    return held(packages, chosen, lambda _: chosen)


def _refuse_pins_of_conda(pins: Collection[str], conda: tuple[CondaPackage, ...]) -> None:
    """What conda installs is another file than any that pip's hashes are of. Raises RefusedPackages."""
    for name in (name for name in python_packages(conda) if name in pins):
        raise RefusedPackages(
            f"pip_packages: {name} has a hash, and conda installs it: the hash of pip's file cannot hold",
            hint="leave it to one of the two: write it without its hash, or keep it out of conda's packages",
            about=(name,),
            code="TFI328",
        )


def _request(
    requirements: Requirements,
    requested: recipe.RequestedPackages,
    platform: str,
    *,
    uv: str,
    cache: Path,
    say: Progress,
) -> SolveRequest:
    """What uv is asked: for an interpreter of this machine where the nodes are of its kind, else for the platform."""
    here = platform == this_platform()
    interpreter = find_interpreter(uv, requirements.python_version, cache, say) if here else None
    return SolveRequest(
        lines=requested.lines,
        constraints=requested.constraints,
        python=interpreter.version if interpreter else downloadable_version(uv, requirements.python_version),
        platform=None if here else platform,
        interpreter=interpreter.path if interpreter else None,
        source_builds=tuple(sorted({recipe.package_name(name) for name in requirements.source_builds})),
        prereleases=requirements.prereleases,
        sources=requirements.sources,
    )


def _solved_packages(
    uv: str, requested: recipe.RequestedPackages, request: SolveRequest, version: str
) -> tuple[recipe.RequestedPackages, str]:
    """The solution, on the package `tensorflow` where another package insists on that name."""
    try:
        text = solve(uv, request)
        if requested.tensorflow == "tensorflow" or "\ntensorflow==" not in f"\n{text}":
            return requested, text
        full = recipe.with_full_tensorflow(requested)
        stubs = request.constraints[len(requested.constraints) :]  # conda's versions, where it installs any
        return full, solve(uv, replace(request, lines=full.lines, constraints=(*full.constraints, *stubs)))
    except Unsolvable as why:
        raise solver_error(why, requested.tensorflow, version, request.python) from why
