"""Modules and names that Keras had and no longer has. Data and source: data/keras_names.json, which
`python -m tools.keras_names` makes."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.catalog.data_files import data_file

VERSIONS = ("2.12", "2.13", "2.14", "2.15", "3")
"""The Kerases that are told apart, oldest first."""
TREES = ("tensorflow.keras", "keras")


@dataclass(frozen=True)
class Gone:
    """`part` is the dotted name that is gone, `since` the first Keras without it. `instead` is where it is now, dotted
    too, or a way out with a colon in it; "" where neither is known."""

    part: str
    since: str
    instead: str


def tree_of(name: str) -> str | None:
    """The one of TREES that a dotted name is in, None where it is in none."""
    return next((one for one in TREES if name.startswith(f"{one}.")), None)


def gone_from_keras(name: str, version: str) -> Gone | None:
    """What of a dotted `name` ("keras.layers.core.Dense") Keras `version`, one of VERSIONS, does not have; None
    where it may have all of it."""
    tree = tree_of(name)
    if tree is None:
        return None
    rows: dict[str, list[str]] = data_file("keras_names")["gone"][tree]
    parts = name.removeprefix(f"{tree}.").split(".")
    for count in range(len(parts), 0, -1):
        since, instead = rows.get(".".join(parts[:count]), ("", ""))
        if since and VERSIONS.index(since) <= VERSIONS.index(version):
            is_inside = instead and ":" not in instead and not instead.startswith(("tf.", "tensorflow."))
            return Gone(".".join([tree, *parts[:count]]), since, f"{tree}.{instead}" if is_inside else instead)
    return None
