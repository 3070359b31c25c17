"""The records of the evidence that no other room has a value for: ledger.json, stacks.json, a line of the event log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfinfra.model import NodeEvidence, NodeRegistration, TaskStatus
from tfinfra.model.shapes import Group, Line, Name, Sha256, Time, Usd
from tfinfra.money.ledger import Interval, Use


@dataclass(frozen=True)
class PlaceRead:
    """One of the attempts, as the run's record has them."""

    group: Group
    location: Line
    vm_size: Line
    refused: str | None = None


@dataclass(frozen=True)
class LedgerRead:
    """ledger.json. Times are Unix seconds, money is US dollars at list price; `usd` is what all intervals came to. `on`
    is the run whose nodes it was on, and whose ledger has its hours; `uses` the times in which its own were another's.
    """

    deadline: Time
    limit: Line
    usd_per_hour: Usd
    usd: Usd
    intervals: tuple[Interval, ...]
    attempts: tuple[PlaceRead, ...] = ()
    max_cost_usd: Usd | None = None
    on: Name | None = None
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True)
class ResourceRead:
    """A resource as Pulumi told of it; `id` is ARM's, None of what is no resource of ARM's."""

    urn: str
    type: str
    id: str | None = None
    parent: str | None = None


@dataclass(frozen=True)
class StackRead:
    """A stack's state: its digest and its resources, or why it could not be read."""

    sha256: Sha256 | None = None
    resources: tuple[ResourceRead, ...] = ()
    unreadable: str | None = None


@dataclass(frozen=True)
class UnreadBaseline:
    """In the place of a part's baseline: why the client could not read its own."""

    unreadable: str


@dataclass(frozen=True)
class Event:
    """A line of the event log; `line` counts from 1, `raw` is the line without its end. `time` is ISO 8601 in UTC,
    `fields` all that the line says besides."""

    line: int
    raw: bytes
    seq: int
    time: str
    name: str
    before: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeRead:
    """nodes/<number>.json. `evidence` is None where the node wrote none."""

    number: int
    file: str
    registration: NodeRegistration
    tasks: tuple[TaskStatus, ...]
    evidence: NodeEvidence | None


@dataclass(frozen=True)
class NodeDocument:
    """The form of such a file."""

    node: int
    registration: NodeRegistration
    tasks: tuple[TaskStatus, ...]
    evidence: NodeEvidence | None
