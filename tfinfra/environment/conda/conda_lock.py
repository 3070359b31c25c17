"""The conda half of a lock: solved first, under TensorFlow's limits; uv then solves pip's packages on top of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tfinfra.environment import recipe
from tfinfra.environment.conda.conda_and_pip import (
    conda_limits,
    disagreement,
    install_reason,
    pip_versions,
    python_packages,
    without_installed,
)
from tfinfra.environment.conda.conda_packages import CondaSolveRequest, solve_conda, subdir_of
from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.conda.python_channel import is_standalone, write_channel
from tfinfra.environment.conda.stub_wheels import write_stubs
from tfinfra.environment.requirements.markers import markers_of
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.uv.solve import SolveRequest
from tfinfra.errors import ManifestError
from tfinfra.model import Requirements

# The oldest driver that TensorFlow's GPU packages run on; a node's may be newer (conda's documentation, "__cuda").
_CUDA = "12.2"

Solved = tuple[recipe.RequestedPackages, str]


def lock_conda(
    requirements: Requirements, request: SolveRequest, platform: str, cache: Path, limits: tuple[str, ...]
) -> tuple[CondaPackage, ...]:
    """The conda packages for a Python of `request.python`'s minor version, which is theirs where a channel gives one.
    `limits` are TensorFlow's own requirements. Raises as `solve_conda` does."""
    version = requirements.python_version  # "3.11" is any of its patch releases
    python = f"python =={version}" if version.count(".") > 1 else f"python {version}.*"
    with tempfile.TemporaryDirectory(prefix="tfinfra-conda-") as folder:
        write_channel(Path(folder), request.python)
        conda_request = CondaSolveRequest(
            channels=(*requirements.conda_channels, Path(folder).as_uri()),
            specs=(*requirements.conda, python),
            constraints=conda_limits(limits, markers_of(request.python, platform)),
            subdir=subdir_of(platform),
            cuda=_CUDA if requirements.gpu else None,
            cache=str(cache / "conda"),
        )
        return tuple(package for package in solve_conda(conda_request) if not is_standalone(package))


def with_conda(
    conda: tuple[CondaPackage, ...],
    requirements: Requirements,
    request: SolveRequest,
    solve: Callable[[SolveRequest], Solved],
) -> Solved:
    """uv's solution that keeps to conda's versions, less what conda installs. Raises ManifestError that names both
    sides where they do not agree."""
    if not conda:
        return solve(request)
    seen = python_packages(conda)
    with tempfile.TemporaryDirectory(prefix="tfinfra-stubs-") as folder:
        write_stubs(Path(folder), seen)
        versions = tuple(f"{name}=={package.version}" for name, package in seen.items())
        try:
            wanted, text = solve(replace(request, constraints=(*request.constraints, *versions), wheels=Path(folder)))
        except ManifestError as error:
            sides = disagreement(error.message, seen, requirements.conda)
            if not sides:
                raise
            message = f"conda_packages and pip_packages do not agree: conda installs {sides}\n{error.message}"
            hint = "loosen one of the two, or leave the package to one of them"
            about = error.about if isinstance(error, RefusedPackages) else ()
            raise RefusedPackages(message, hint, about=about) from error
    return wanted, without_installed(text, seen)


def refuse_two_versions(folder: Path, packages: str, conda: tuple[CondaPackage, ...]) -> None:
    """Looks at what conda has really installed in `folder` (its names need not be pip's) before pip installs
    `packages`, a requirements text. Raises ManifestError where that holds another version of a distribution."""
    from importlib import metadata as installed

    from_pip = pip_versions(packages)
    paths = [str(path) for path in folder.glob("lib/python3*/site-packages")]
    for found in installed.distributions(path=paths):
        name, version = recipe.package_name(found.metadata["Name"]), found.version
        other = from_pip.get(name)
        if other and other != version:
            package = next((p for p in conda if recipe.package_name(p.name) == name), None)
            why = f" ({install_reason(package, ())})" if package else ""
            raise ManifestError(
                f"conda_packages and pip_packages do not agree: conda installs {name} {version}{why}, pip {other}",
                hint="leave the package to one of them",
            )
