"""TensorFlow 1 names that TensorFlow 2 does not have. Data and source: data/tensorflow1_names.json."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from tfinfra.catalog.data_files import data_file


def replacement(name: str) -> str | None:
    """What to write instead of the dotted `name` ("tensorflow.Session"), None where TensorFlow 2 has it."""
    root, _, rest = name.partition(".")
    if root != "tensorflow":
        return None
    return next((_replaced()[head] for head in _heads(rest) if head in _replaced()), None)


def replacements() -> set[str]:
    """The names of TensorFlow 2, as "tf.compat.v1.Session", that `replacement` tells to write."""
    return {name for text in _replaced().values() for name in re.findall(r"tf(?:\.\w+)+(?= replaces)", text)}


def without_replacement(name: str) -> tuple[str, str] | None:
    """Of a name that is in no TensorFlow 2, tf.compat.v1 included, the part that is known ("contrib.slim"), and what to
    write instead of what it did; None for any other name."""
    root, _, rest = name.replace("tensorflow.compat.v1.", "tensorflow.", 1).partition(".")
    gone: dict[str, str] = _data()["gone"]
    heads = [head for head in _heads(rest) if head in gone] if root == "tensorflow" else []
    return (".".join(rest.split(".")[:2]), gone[heads[-1]]) if heads else None


def _heads(rest: str) -> tuple[str, ...]:
    parts = rest.split(".")
    return tuple(".".join(parts[:count]) for count in range(1, min(len(parts), 2) + 1))


@cache
def _replaced() -> dict[str, str]:
    data = _data()
    moved = {name: f"{place} replaces it" for name, place in data["moved"].items()}
    return {**{name: f"tf.compat.v1.{name} replaces it" for name in data["compat_v1"]}, **moved, **data["replaced"]}


def _data() -> dict[str, Any]:
    return data_file("tensorflow1_names")
