"""Conda's packages and pip's in one environment, as pure functions: what TensorFlow's own requirements mean to conda's
solver, what conda's solution means to uv, and what of uv's answer is still to be installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.recipe import CONSTRAINTS, package_name

_LINE = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)


def conda_limits(requires: Iterable[str], markers: Mapping[str, str]) -> tuple[str, ...]:
    """Conda constraints of what TensorFlow requires (`Requires-Dist` lines): conda's names are pip's, mostly, some with
    '_' where pip has '-'. `markers` are those of the nodes' Python and platform (packaging.python.org, "dependency
    specifiers")."""
    from packaging.requirements import Requirement

    found: list[str] = []
    for line in (*requires, *CONSTRAINTS):
        required = Requirement(line)
        holds = required.marker is None or required.marker.evaluate({**markers, "extra": ""})
        parts = map(str, required.specifier)
        # conda writes "==2.15.*" as "2.15.*"; the rest is spelt alike.
        text = ",".join(sorted(part.removeprefix("==") if part.endswith(".*") else part for part in parts))
        if holds and text:
            name = package_name(required.name)
            found += [f"{spelling} {text}" for spelling in dict.fromkeys((name, name.replace("-", "_")))]
    return tuple(found)


def python_packages(conda: Iterable[CondaPackage]) -> dict[str, CondaPackage]:
    """The packages that pip sees, by pip's name; without those whose version is no version to pip."""
    from packaging.version import InvalidVersion, Version

    found: dict[str, CondaPackage] = {}
    for package in conda:
        if not package.is_python_package:
            continue
        try:
            Version(package.version)
        except InvalidVersion:
            continue
        found[package_name(package.name)] = package
    return found


def without_installed(packages: str, conda: Mapping[str, CondaPackage]) -> str:
    """uv's requirements text without what conda installs already."""
    return "".join(part for part in _requirements(packages) if package_name(part) not in conda)


def pip_versions(packages: str) -> dict[str, str]:
    """{name: version} of a requirements text."""
    found = (re.match(r"\S+?==([^\s;\\]+)", part) for part in _requirements(packages))
    return {package_name(match.group()): match.group(1) for match in found if match}


def _requirements(text: str) -> Iterator[str]:
    """Each requirement with the lines that continue it."""
    yield from (part for part in _LINE.split(text) if part.strip())


def install_reason(package: CondaPackage, specs: Iterable[str]) -> str:
    """Why conda installs it: the user's own spec, or nothing but another package's need."""
    own = next((spec for spec in specs if package_name(spec.rpartition("::")[2]) == package_name(package.name)), None)
    return f"for '{own}'" if own else "which another conda package needs"


def disagreement(explanation: str, conda: Mapping[str, CondaPackage], specs: tuple[str, ...]) -> str:
    """The conda packages that uv's explanation names, with the reason for each; "" where it names none."""
    words = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", explanation.lower()))
    named = [package for name, package in conda.items() if name in words]
    return ", ".join(f"{p.name} {p.version} ({install_reason(p, specs)})" for p in named)
