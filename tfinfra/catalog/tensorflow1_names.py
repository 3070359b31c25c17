"""TensorFlow 1 names that TensorFlow 2 does not have. Data and source: data/tensorflow1_names.json."""

from __future__ import annotations

from tfinfra.catalog.data_files import data_file


def replacement(name: str) -> str | None:
    """What to write instead of the dotted `name` ("tensorflow.Session"), None where TensorFlow 2 has it."""
    root, _, rest = name.partition(".")
    if root != "tensorflow":
        return None
    replaced: dict[str, str] = data_file("tensorflow1_names")["replaced"]
    parts = rest.split(".")
    heads = (".".join(parts[:count]) for count in (1, 2))
    return next((replaced[head] for head in heads if head in replaced), None)
