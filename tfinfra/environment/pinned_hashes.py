"""The hashes that a user wrote down hold: a lock has no file of such a package but those."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tfinfra.environment.markers import applies
from tfinfra.environment.refused_packages import RefusedPackages
from tfinfra.environment.requirement import HASH, normalised

_LINE = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
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


def held(packages: str, pins: Mapping[str, frozenset[str]]) -> str:
    """The requirements text `packages` with the pinned hashes alone where there are any. Raises RefusedPackages where
    no file that the index has is one of them."""
    return "".join(_pinned(part, pins) for part in _LINE.split(packages))


def _pinned(part: str, pins: Mapping[str, frozenset[str]]) -> str:
    name = _NAME.match(part)
    pinned = pins.get(normalised(name.group())) if name else None
    if name is None or pinned is None:
        return part
    locked = _LOCKED.findall(part)
    comparable = {one for one in pinned if one.startswith("sha256:")}
    # Of another kind of hash only whoever fetches the file can tell: the installer is given it instead.
    kept = [one for one in locked if one in comparable] if comparable else sorted(pinned)
    if not kept:
        what = part.partition(" ")[0]
        raise RefusedPackages(
            f"pip_packages: no file that the index has of {what} has a hash that is pinned",
            hint="compare the hashes with those of the index: another file is served, or another version was meant",
            about=(normalised(name.group()),),
            code="TFI328",
        )
    head = part.partition(" \\\n")[0].rstrip("\n")
    return head + "".join(f" \\\n    --hash={one}" for one in kept) + "\n"
