"""Imports Cerberus at a third of its price.

Its `__init__` asks importlib.metadata for its own version, which nobody here reads: importing that module and parsing
the package's METADATA takes longer than `tfinfra validate` needs for all the rest. For the length of the import a
stand-in that knows no packages takes its place, and Cerberus's version is "unknown".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

_NAME = "importlib.metadata"


def load_cerberus() -> None:
    """Makes a later `import cerberus` cheap; does nothing where it or importlib.metadata is loaded already."""
    if "cerberus" not in sys.modules and _NAME not in sys.modules:
        with _no_metadata():
            import_module("cerberus")


@contextmanager
def _no_metadata() -> Iterator[None]:
    sys.modules[_NAME] = _StandIn(_NAME)
    try:
        yield
    finally:
        del sys.modules[_NAME]


class _StandIn(ModuleType):
    """As much of importlib.metadata as Cerberus uses."""

    PackageNotFoundError = LookupError

    def version(self, name: str) -> str:
        raise LookupError(name)
