"""What training says in numbers: a point is one value of a metric."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A value of the metric `name`, logged by `task`, or a node's own figure where `task` is keys.node_figures.

    `value` may be NaN or infinite. `step` is the script's own count, `time` Unix seconds of the node. `run` is the id
    of a further MLflow run that the script began, "" for the run itself.
    """

    task: str
    name: str
    value: float
    step: int
    time: float
    run: str = ""
