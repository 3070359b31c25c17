"""A conda package as locks hold it: who reads a lock asks no solver."""

from __future__ import annotations

from dataclasses import dataclass

CONDA = "https://conda.anaconda.org/"
"""Where the channels are that have a name alone."""


def channel_of(url: str) -> str:
    """The channel of a package at `url`: its name where it has one, else its URL."""
    return url.rpartition("/")[0].rpartition("/")[0].removeprefix(CONDA)


@dataclass(frozen=True)
class CondaPackage:
    """One conda package, exactly. `noarch` is "python", "generic" or None; `sha256` is hexadecimal."""

    name: str
    version: str
    build: str
    build_number: int
    subdir: str
    noarch: str | None
    depends: tuple[str, ...]
    channel: str
    url: str
    sha256: str

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def is_python_package(self) -> bool:
        """Whether it puts modules into Python's library folder."""
        return self.noarch == "python" or any(
            line.split(maxsplit=1)[0] in ("python", "python_abi") for line in self.depends
        )
