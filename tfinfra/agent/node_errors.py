"""What a node may find wrong before it has tasks: the run ends with its message."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.errors import Result, TfinfraError


class NodeFault(TfinfraError):
    """This node cannot take part in the run."""


class NodeDiffers(NodeFault):
    """A node is not what the run's lock says."""


class RunEnded(TfinfraError):
    """Somebody else has written the run's outcome: there is nothing left to start."""


@dataclass
class RunStopped(TfinfraError):
    """The client asked for the end, or the deadline has come: `reason` is cancelled or limit."""

    reason: Result = Result.CANCELLED
