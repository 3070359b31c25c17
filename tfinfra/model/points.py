"""What a script logs: a point is one value of a metric, a remark says something of its run in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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


RemarkKind = Literal["parameter", "tag"]


@dataclass(frozen=True)
class Remark:
    """The parameter or tag `name`, told by `task`; the last one counts. `text` is None where a tag is taken back.
    `time` and `run` are as a point has them."""

    task: str
    kind: RemarkKind
    name: str
    text: str | None
    time: float
    run: str = ""


Logged = Point | Remark
