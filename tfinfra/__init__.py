"""tfinfra: one YAML training manifest becomes a readable Pulumi program and a whole run."""

from __future__ import annotations

from importlib import import_module

from tfinfra.version import __version__

TYPE_CHECKING = False  # typing's, which `python -m tfinfra` could find in the folder that it is called in
if TYPE_CHECKING:
    from typing import Any

    from tfinfra.api import Experiment, Run, TensorFlow

__all__ = ["Experiment", "Run", "TensorFlow", "__version__"]


def __getattr__(name: str) -> Any:
    """Loads the Python API on first use: the command line and the nodes do without it."""
    if name in ("Experiment", "Run", "TensorFlow"):
        return getattr(import_module("tfinfra.api"), name)
    raise AttributeError(f"module 'tfinfra' has no attribute '{name}'")
