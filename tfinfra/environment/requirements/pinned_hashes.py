"""The hashes that a user wrote down hold: a lock has no file of such a package but those."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from tfinfra.environment.requirements.markers import applies
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.requirements.requirement import HASH, normalised

_LINE = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_OF_INDEX = re.compile(r"https://\S+#(?:\S*&)?(sha256|sha384|sha512)=|--hash=(sha384|sha512):")
_EXACT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[^\s;\\]+")
_LOCKED = re.compile(r" \\\n\s+--hash=(\S+)")


def pinned_hashes(lines: Iterable[str], python: str, platform: str) -> dict[str, frozenset[str]]:
    """{normalised name: hashes} of the requirement lines that count for `python` ("3.11.9") on `platform`."""
    from packaging.requirements import Requirement

    found: dict[str, frozenset[str]] = {}
    for line in (line for line in lines if HASH.search(line)):
        required = HASH.sub("", line).strip()
        if "://" in required.partition(" ")[0]:  # a wheel's URL alone
            name = normalised(required.rpartition("/")[2].partition("-")[0])
        else:
            parsed = Requirement(required)
            if not applies(parsed.marker, python, platform):
                continue
            name = normalised(parsed.name)
        hashes = {one.lower() for one in HASH.findall(line)}
        found[name] = found.get(name, frozenset()) | hashes
    return found


def held(
    packages: str,
    pins: Mapping[str, frozenset[str]],
    installable: Callable[[tuple[str, ...]], Mapping[str, frozenset[str]]],
) -> str:
    """The requirements text `packages` with the pinned hashes alone where there are any. `installable` gives, for exact
    requirements of an index, the hashes of the files that may be installed. Raises RefusedPackages where none of them
    is pinned."""
    parts = _LINE.split(packages)
    exact = tuple(head for part in parts if _name(part) in pins and "==" in (head := _head(part)))
    files = installable(exact) if exact else {}
    return "".join(_pinned(part, pins[_name(part)], files) if _name(part) in pins else part for part in parts)


def exact_packages(packages: str) -> dict[str, tuple[str, frozenset[str]]]:
    """{normalised name: ("name==version", its hashes)} of those requirements of a lock's text that are of an index."""
    parts = {_name(part): part for part in _LINE.split(packages) if _EXACT.fullmatch(_head(part))}
    return {name: (_head(part), frozenset(_LOCKED.findall(part))) for name, part in parts.items()}


def only_files_tell(packages: str) -> tuple[str, ...]:
    """The requirements of a lock's text whose hashes no index has said: of a URL, or of another kind than sha256."""
    parts = (part.strip() for part in _LINE.split(packages) if part.strip())
    return tuple(part for part in parts if _NOT_OF_INDEX.search(part))


def _pinned(part: str, pinned: frozenset[str], files: Mapping[str, frozenset[str]]) -> str:
    comparable = {one for one in pinned if one.startswith("sha256:")}
    usable = files.get(_name(part)) or frozenset(_LOCKED.findall(part))
    # Of another kind of hash only whoever fetches the file can tell: the installer is given it instead.
    kept = sorted(comparable & usable if comparable else pinned)
    if kept:
        return _head(part) + "".join(f" \\\n    --hash={one}" for one in kept) + "\n"
    what = _head(part).partition(" ")[0]
    if comparable & set(_LOCKED.findall(part)):
        message = f"the hashes that are pinned of {what} are those of files that cannot be used here"
        hint = "pin the hash of its wheel for this Python and platform, or name the package in source_builds"
    else:
        message = f"no file that the index has of {what} has a hash that is pinned"
        hint = "compare the hashes with those of the index: another file is served, or another version was meant"
    raise RefusedPackages(f"pip_packages: {message}", hint, about=(_name(part),), code="TFI328")


def _name(part: str) -> str:
    found = _NAME.match(part)
    return normalised(found.group()) if found else ""


def _head(part: str) -> str:
    """The requirement without its hashes."""
    return part.partition(" \\\n")[0].rstrip("\n")
