"""What TensorFlow's import needs of other modules, so that a namesake that hides one breaks it. Data and source:
data/hidden_modules.json."""

from __future__ import annotations

from functools import cache

from tfinfra.catalog.data_files import data_file


@cache
def needed() -> dict[str, tuple[str, ...]]:
    """{a top-level module: names in it without all of which `import tensorflow` fails}."""
    return {name: tuple(names) for name, names in data_file("hidden_modules")["needed"].items()}
