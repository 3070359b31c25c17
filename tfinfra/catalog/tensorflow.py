"""Which TensorFlow goes with which Python and Keras, and has tf.estimator. Data and source: data/tensorflow.json."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfinfra.catalog.data_files import data_file

_LATE_PATCHES = 2
"""A minor version may get a patch after the next one has come out (2.15.1 after 2.16.1), never after the one that
follows."""
_FAR_MINORS = 10
"""TensorFlow has about three minor versions a year: one that is so far ahead is no release of this tfinfra's time."""


@dataclass(frozen=True)
class Framework:
    """One minor version: `releases` are those that have wheels, oldest first, `python` the versions that these are
    for."""

    minor: str
    releases: tuple[str, ...]
    python: tuple[str, ...]
    keras: int
    estimator: bool

    @property
    def patch(self) -> str:
        """The newest release known here."""
        return self.releases[-1]


def frameworks() -> tuple[Framework, ...]:
    """The known minor versions, oldest first."""
    rows = data_file("tensorflow")["versions"]
    return tuple(
        Framework(minor, tuple(row["releases"]), tuple(row["python"]), row["keras"], row["estimator"])
        for minor, row in rows.items()
    )


def framework(version: str) -> Framework | None:
    """The minor version that `version` belongs to, None where the catalog does not know it."""
    minor = minor_of(version)
    return next((f for f in frameworks() if f.minor == minor), None)


def framework_or_newest(version: str) -> Framework | None:
    """As `framework`; the newest one for what is newer than that, None for what is older than the oldest."""
    newest = frameworks()[-1]
    return framework(version) or (newest if numbers(version) > numbers(newest.minor) else None)


def is_no_release(version: str) -> bool:
    """Whether it is certain that TensorFlow has no such release. Pre-releases are the package index's to judge."""
    known = frameworks()
    major, minor = numbers(version)[:2]
    last = numbers(known[-1].minor)
    if major > last[0] or minor > last[1] + _FAR_MINORS:
        return True
    found = framework(version)
    if found is None or found in known[-_LATE_PATCHES:] or version.count(".") < 2 or not is_final(version):
        return False
    return numbers(version) not in [numbers(release) for release in found.releases]


def is_final(version: str) -> bool:
    return re.fullmatch(r"[0-9.]+", version) is not None


def numbers(version: str) -> tuple[int, ...]:
    """(2, 15, 1) of "2.15.1", of "2.15.1rc0" and of "2.15.1.0"."""
    found = [int(part) for part in re.findall(r"\d+", re.split(r"[a-z]", version)[0])]
    while len(found) > 3 and not found[-1]:
        found.pop()
    return tuple(found)


def minor_of(version: str) -> str:
    """ "2.15" of "2.15.1" and of "2.15rc0"."""
    return ".".join(map(str, numbers(version)[:2]))


def full_version(version: str) -> str:
    """`version` with its patch number: "2.15" is the newest known 2.15. A pre-release stays what it is."""
    known = framework(version)
    return known.patch if known and version == known.minor else version
