"""The one file of each package that uv installs, as an index tells of it: out of the pylock.toml that uv writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from tfinfra.environment.requirements.requirement import normalised
from tfinfra.environment.uv.solve import SolveRequest, exact_pylock

_NAME = re.compile(r'^name = "([^"]+)"', re.MULTILINE)
_VERSION = re.compile(r'^version = "([^"]+)"', re.MULTILINE)
_FILE = re.compile(
    r'\{ (?:name = "[^"]*", )?(?:url|path) = "(?P<url>[^"]+)"(?:, upload-time = [^,}]+)?(?:, size = (?P<size>\d+))?'
    r", hashes = \{(?P<hashes>[^}]*)\} \}"
)
_SHA256 = re.compile(r'sha256 = "([0-9a-f]{64})"')


@dataclass(frozen=True)
class PackageFile:
    """`file` is its name; `size` in bytes and `sha256` in hexadecimal, None where the index does not tell."""

    name: str
    version: str
    file: str
    url: str
    size: int | None
    sha256: str | None


def package_files(uv: str, request: SolveRequest) -> dict[str, tuple[PackageFile, ...]]:
    """{normalised name: its files} of the exact lines of `request`: the wheel of its platform, or the source
    distribution of what is built. Raises as `solve` does."""
    told = replace(request, constraints=(), prereleases=False, preferences="")  # exact lines have one answer
    return read_pylock(_pylock(uv, told))


@lru_cache(maxsize=4)  # who solves a lock and who writes it ask for the same files
def _pylock(uv: str, request: SolveRequest) -> str:
    return exact_pylock(uv, request)


def read_pylock(text: str) -> dict[str, tuple[PackageFile, ...]]:
    """The files in a pylock.toml of uv's, by the package's normalised name."""
    found: dict[str, tuple[PackageFile, ...]] = {}
    for block in text.split("[[packages]]")[1:]:
        name, version = _NAME.search(block), _VERSION.search(block)
        if name is not None:
            spelt = version[1] if version else ""
            found[normalised(name[1])] = tuple(_file(name[1], spelt, one) for one in _FILE.finditer(block))
    return found


def installed_file(files: Iterable[PackageFile]) -> PackageFile | None:
    """The one of a package's files that locks hold, None where none has a hash. Where more than one would do it is the
    first by name, so that two locks of the same packages are the same."""
    return min((one for one in files if one.sha256), key=lambda one: one.file, default=None)


def _file(name: str, version: str, found: re.Match[str]) -> PackageFile:
    url, sha256 = found["url"], _SHA256.search(found["hashes"])
    size = int(found["size"]) if found["size"] else None
    return PackageFile(
        normalised(name),
        version,
        unquote(urlsplit(url).path).rpartition("/")[2],
        url,
        size,
        sha256[1] if sha256 else None,
    )
