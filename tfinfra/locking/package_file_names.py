"""What the name of a package's file says that it is (packaging.python.org, "Binary distribution format" and "Source
distribution format")."""

from __future__ import annotations

import re

from tfinfra.environment.requirements.requirement import normalised
from tfinfra.locking.document import SDIST_ENDING

_WHEEL_PARTS = 5
"""name-version-python-abi-platform.whl, a build's number behind the version perhaps."""


def is_file_of(file: str, name: str, version: str) -> bool:
    """Whether a wheel or a source distribution is called as one of this package and version is."""
    return _release(file) == (normalised(name), _plain(version))


def _release(file: str) -> tuple[str, str] | None:
    """(normalised name, version) of a file's name, None where it says no such thing."""
    if file.endswith(".whl"):
        parts = file.split("-")
        return (normalised(parts[0]), _plain(parts[1])) if len(parts) >= _WHEEL_PARTS else None
    name, _, version = re.sub(f"{SDIST_ENDING}$", "", file).rpartition("-")
    return (normalised(name), _plain(version)) if name else None


def _plain(version: str) -> str:
    """A version as it may be compared: "1.0" is "1.0.0" nowhere, but "+" is "_" in some names."""
    return version.lower().replace("_", "+").replace("-", "+")
