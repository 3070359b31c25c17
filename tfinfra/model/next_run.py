"""What a client asks of the nodes that it keeps: a further run on them."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.model.node_evidence import Locked
from tfinfra.model.shapes import Count, Line, Name, Sha256, Time


@dataclass(frozen=True)
class NextRun:
    """A run on the nodes of one that has ended: the fields of NodeSettings (same names) that are not the first run's.
    Its store is the folder on/<run>/ of the first one's, its bundle lies there."""

    run: Name
    bundle_sha256: Sha256
    deadline: Time
    limit: Line
    run_seconds: Count
    key_digest: Sha256 | None = None
    locked: Locked | None = None
    execs: bool = True
