"""Packages as package URLs with their digests (github.com/package-url/purl-spec), out of an environment's lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from tfinfra.environment.requirements.requirement import normalised
from tfinfra.evidence.material import Origin

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?\s*(?:===?\s*([^\s;\\]+)|@\s*(\S+))")
_HASH = re.compile(r"(?:--hash=|#|&)sha256[:=]([0-9a-f]{64})")


@dataclass(frozen=True)
class Package:
    """`digests` are those of all files that may be it: one, where the lock has chosen. `purl` names it everywhere."""

    name: str
    version: str
    purl: str
    digests: tuple[str, ...] = ()


def packages_in(origin: Origin) -> tuple[Package, ...]:
    """All packages that a run was made from, sorted by their package URLs: of a locked run those of its lock, which has
    chosen one file for each. What of it cannot be read is left out, and `unread_packages` says so."""
    found = _packages_of_lock(origin.lock) if origin.lock is not None else None
    return found or _tried(packages_of, origin.environment) or ()


def unread_packages(origin: Origin) -> str | None:
    """Why `packages_in` does not have those that it should, None where it has."""
    if origin.lock is not None and _packages_of_lock(origin.lock) is None:
        return "the packages of the lock: its text cannot be read"
    if origin.lock is None and _tried(packages_of, origin.environment) is None:
        return "the packages: the environment's lock cannot be read"
    return None


def _tried(read: Callable[[Any], tuple[Package, ...]], given: Any) -> tuple[Package, ...] | None:
    """What `read` finds, None where it stumbles: what is read may come out of the run's store, where anything may lie,
    and nothing in that may cost the rest of the evidence."""
    try:
        return read(given)
    except Exception:  # noqa: BLE001 - whatever YAML and a stranger's values make of it
        return None


@lru_cache(maxsize=1)
def _packages_of_lock(lock: str) -> tuple[Package, ...] | None:
    return _tried(lambda text: locked_packages(_locked_environment(text)), lock)


def locked_packages(environment: Mapping[str, Any]) -> tuple[Package, ...]:
    """The packages of `lock.environment` in a lock."""
    horovod = environment.get("horovod") or {}
    found = [_pip(*_file(one)) for one in (*(environment.get("packages") or ()), *(horovod.get("tools") or ()))]
    if horovod:
        found.append(_pip("horovod", _text(horovod, "version"), (_bare(_text(horovod, "sdist")),)))
        found.append(_openmpi(_text(horovod, "openmpi")))
    conda = [{**one, "sha256": _bare(_text(one, "sha256"))} for one in environment.get("conda") or ()]
    found += _conda({"conda": conda})
    return _sorted(found, _text(environment.get("python") or {}, "version"))


def _locked_environment(lock: str) -> Mapping[str, Any]:
    """`lock.environment` of a lock's text. Raises whatever comes of a text that has none."""
    import yaml

    environment: Mapping[str, Any] = yaml.safe_load(lock)["lock"]["environment"]
    if not environment:
        raise ValueError("it has no packages")
    return environment


def _file(package: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    return _text(package, "name"), _text(package, "version"), (_bare(_text(package, "sha256")),)


def _bare(digest: str) -> str:
    return digest.removeprefix("sha256:")


def packages_of(environment: Mapping[str, Any]) -> tuple[Package, ...]:
    """All packages of an environment's lock, as its JSON has them, sorted by their package URLs: what pip and conda
    install, what Horovod is built from, and Python."""
    found = [*pinned(_text(environment, "packages")), *pinned(_text(environment, "tools")), *_conda(environment)]
    if horovod := _text(environment, "horovod"):
        found.append(_pip("horovod", horovod, ()))
    if openmpi := _text(environment, "openmpi"):
        found.append(_openmpi(openmpi))
    return _sorted(found, _text(environment, "python_version"))


def _openmpi(version: str) -> Package:
    return Package("openmpi", version, f"pkg:generic/openmpi@{quote(version)}")


def _sorted(found: list[Package], python: str) -> tuple[Package, ...]:
    """Each once, by its package URL, with Python of this version where conda brings none."""
    if not any(package.purl.startswith("pkg:conda/python@") for package in found):
        found = [*found, Package("python", python, f"pkg:generic/python@{quote(python)}")]
    return tuple(sorted({p.purl: p for p in found}.values(), key=lambda package: package.purl))


def pinned(text: str) -> Iterator[Package]:
    """The packages of a requirements text with hashes."""
    for line in text.replace("\\\n", " ").splitlines():
        found = _PIN.match(line.strip())
        if found is not None:
            yield _pip(found[1], found[2] or "", tuple(dict.fromkeys(_HASH.findall(line))))


def _pip(name: str, version: str, digests: tuple[str, ...]) -> Package:
    known = normalised(name)
    at = f"@{quote(version)}" if version else ""
    return Package(known, version, f"pkg:pypi/{known}{at}", digests)


def _conda(environment: Mapping[str, Any]) -> Iterator[Package]:
    for package in environment.get("conda") or ():
        name, version = _text(package, "name"), _text(package, "version")
        build, subdir = quote(_text(package, "build")), quote(_text(package, "subdir"))
        digest = _text(package, "sha256")
        purl = f"pkg:conda/{quote(name)}@{quote(version)}?build={build}&subdir={subdir}"
        yield Package(name, version, purl, (digest,) if digest else ())


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""
