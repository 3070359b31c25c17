"""Imports Cerberus in a third of the time.

Its `__init__` asks importlib.metadata for its own version, which tfinfra does not need: importing that module and
parsing the package's METADATA takes longer than all the rest of `tfinfra validate`. During the import a stand-in that
knows no packages replaces it, and Cerberus's version is "unknown".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from tfinfra.errors import UsageError

_NAME = "importlib.metadata"


def load_cerberus() -> None:
    """Makes a later `import cerberus` cheap; does nothing where it or importlib.metadata is loaded already. Raises
    UsageError where Python has dropped the docstrings by which Cerberus checks its rules: the command starts itself
    again then (cli/process.py), a user's own program cannot."""
    if sys.flags.optimize > 1:
        message = "Python runs without docstrings here (-OO or PYTHONOPTIMIZE=2), and tfinfra needs those of Cerberus"
        raise UsageError(message, "run it with -O at most")
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
