"""What a training script has of tfinfra: `from tfinfra import Run`, on the nodes and outside of a run.

Each task finds a copy of this room by PYTHONPATH, behind the folders that the manifest names there and before the
packages of its environment: a `tfinfra` that is installed there, it hides. So it imports the
standard library alone, and runs on every Python that a manifest may name. What the other rooms hold a metric's name
and value to stands here too, so that a script is told at its line.
"""

from __future__ import annotations

import math

METRICS = "TFINFRA_METRICS"
"""The variable that names the file for a task's points."""
LONGEST_NAME = 250
"""Characters of a name of a metric, a parameter, a tag: as many as MLflow takes."""
LONGEST_TEXT = 8000
"""Characters that are kept of a parameter or a tag: as many as MLflow takes of a tag."""


def is_metric(name: object) -> bool:
    """Whether a metric may be called so: text that a terminal shows and does not obey."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()


def in_json(value: float) -> float | str:
    """A number as JSON has it: the name of one that JSON has not, as MLflow writes it."""
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
