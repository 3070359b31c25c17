"""Which TensorFlow goes with which Python, Keras and Horovod. Data and sources: data/tensorflow.json."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.catalog.data_files import data_file


@dataclass(frozen=True)
class Framework:
    """One minor version: `patch` is its newest release known here, `python` the versions that have wheels of it."""

    minor: str
    patch: str
    python: tuple[str, ...]
    keras: int
    horovod: bool
    estimator: bool


def frameworks() -> tuple[Framework, ...]:
    """The known minor versions, oldest first."""
    rows = data_file("tensorflow")["versions"]
    return tuple(
        Framework(m, r["patch"], tuple(r["python"]), r["keras"], r["horovod"], r["estimator"]) for m, r in rows.items()
    )


def framework(version: str) -> Framework | None:
    """The minor version that `version` belongs to, None where the catalog does not know it."""
    minor = minor_of(version)
    return next((f for f in frameworks() if f.minor == minor), None)


def minor_of(version: str) -> str:
    """ "2.15" of "2.15.1"."""
    return ".".join(version.split(".")[:2])


def full_version(version: str) -> str:
    """`version` with its patch number: "2.15" is the newest known 2.15."""
    known = framework(version)
    return known.patch if known and version.count(".") == 1 else version
