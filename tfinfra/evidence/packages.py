"""Packages as package URLs with their digests (github.com/package-url/purl-spec), out of an environment's lock: the one
place in which a package gets its URL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from tfinfra.environment.conda.locked_package import channel_of
from tfinfra.environment.recipe import HOROVOD_HASHES, HOROVOD_VERSION
from tfinfra.environment.requirements.requirement import normalised
from tfinfra.evidence.material import Origin

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?\s*(?:===?\s*([^\s;\\]+)|@\s*(\S+))")
_PURL = re.compile(r"pkg:(?:pypi|conda|generic)/([^@?]+)(?:@([^?]*))?(?:\?.*)?")
_HASH = re.compile(r"(?:--hash=|#|&)sha256[:=]([0-9a-f]{64})")


@dataclass(frozen=True)
class Package:
    """`digests` are those of all files that may be it: one, where the lock has chosen. `purl` names it everywhere."""

    name: str
    version: str
    purl: str
    digests: tuple[str, ...] = ()


def packages_in(origin: Origin) -> tuple[Package, ...]:
    """All packages that a run was made from, sorted by their package URLs. Where they cannot be read there is none, and
    `unread_packages` says so."""
    return _tried(origin.environment) or ()


def unread_packages(origin: Origin) -> str | None:
    """Why `packages_in` does not have those that it should, None where it has."""
    return "the packages: the environment's lock cannot be read" if _tried(origin.environment) is None else None


def _tried(environment: Mapping[str, Any]) -> tuple[Package, ...] | None:
    """None where it is odd: what is read may come out of the run's store, where anything may lie, and nothing in that
    may cost the rest of the evidence."""
    try:
        return packages_of(environment)
    except Exception:  # noqa: BLE001 - whatever a stranger's values make of it
        return None


def packages_of(environment: Mapping[str, Any]) -> tuple[Package, ...]:
    """All packages of an environment's lock, as its JSON has them, sorted by their package URLs: what pip and conda
    install, what Horovod is built from, and Python. A lock of a manifest has chosen one file for each."""
    found = [*pinned(_text(environment, "packages")), *pinned(_text(environment, "tools")), *_conda(environment)]
    if horovod := _text(environment, "horovod"):
        found.append(_pip("horovod", horovod, _HOROVOD if horovod == HOROVOD_VERSION else ()))
    if openmpi := _text(environment, "openmpi"):
        found.append(_generic("openmpi", openmpi))
    if not any(package.purl.startswith("pkg:conda/python@") for package in found):
        found.append(_generic("python", _text(environment, "python_version")))
    return tuple(sorted({package.purl: package for package in found}.values(), key=lambda package: package.purl))


def name_and_version(purl: str) -> tuple[str, str] | None:
    """What the URL of a package says of it; None for one that no package gets here."""
    found = _PURL.fullmatch(purl)
    return (unquote(found[1]), unquote(found[2] or "")) if found is not None else None


_HOROVOD = tuple(sorted(digest.removeprefix("sha256:") for digest in HOROVOD_HASHES))
"""It is built from its source package, whose digest the recipe has."""


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


def _generic(name: str, version: str) -> Package:
    return Package(name, version, f"pkg:generic/{name}@{quote(version)}")


def _conda(environment: Mapping[str, Any]) -> Iterator[Package]:
    """A channel that is a URL is left out: a package's URL names no host."""
    for package in environment.get("conda") or ():
        name, version, channel = _text(package, "name"), _text(package, "version"), channel_of(_text(package, "url"))
        words = {"build": _text(package, "build"), "channel": "" if ":" in channel else channel}
        words["subdir"] = _text(package, "subdir")
        query = "&".join(f"{key}={quote(value)}" for key, value in words.items() if value)
        digest = _text(package, "sha256")
        purl = f"pkg:conda/{quote(name)}@{quote(version)}" + (f"?{query}" if query else "")
        yield Package(name, version, purl, (digest,) if digest else ())


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""
