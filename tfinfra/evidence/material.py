"""What a run's evidence is made of, as one value: read out of the run's store, its folders and its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfinfra.model.git_state import GitState

NO_EVENTS = "the event log: it is on the machine that made the run"
NO_BASELINE = "what ARM had of the resources right after they were made: it was not noted on this machine"
NO_PLAN = "the plan: it cannot be read"
"""What `missing` says of these, each before the colon of what, after it why."""


@dataclass(frozen=True)
class GivenInput:
    """A local input, by the digest of its names and bytes; the checkpoints to resume from have no name."""

    name: str
    sha256: str
    files: int
    bytes: int


@dataclass(frozen=True)
class Origin:
    """What the client made a run from: the digests of the source's files, and which of them are `executable` or links
    (name → target), the environment's lock as JSON, the digest of the bundle with all of it, the deploy folder's texts,
    the local inputs, what git says of the source (None outside of a repository), and the text of the lock that was run,
    None of a run that was not locked. `line_ends` has the digests by which a lock knows files whose lines end here in
    this machine's way."""

    source: dict[str, str]
    executable: tuple[str, ...]
    links: dict[str, str]
    bundle: str
    environment: dict[str, Any]
    deploy: dict[str, str]
    inputs: tuple[GivenInput, ...] = ()
    git: GitState | None = None
    lock: str | None = None
    line_ends: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeFiles:
    """What node `node` said of itself: `registration`, `tasks` (TaskStatus each) and `evidence` (NodeEvidence, None
    where it wrote none) as JSON, and its attested documents (DER), before its first task and after its last one, with
    the certificates (DER) between their signers and the root. `unfit` is what it wrote in the place of evidence that
    is none."""

    node: int
    registration: Mapping[str, Any]
    tasks: tuple[Mapping[str, Any], ...] = ()
    evidence: Mapping[str, Any] | None = None
    attested: bytes | None = None
    attested_after: bytes | None = None
    chain: tuple[bytes, ...] = ()
    unfit: bytes | None = None


@dataclass(frozen=True)
class Material:
    """`document` is the document `run`; `plan` the plan as JSON; `made` and `logs` are the digests of the run's files
    at home by their names in its folder; `missing` says what was not there to be evidence, each with the reason. Times
    are Unix seconds, `finished` None of a run that goes on; `baseline` is what ARM had of each resource right after it
    was made, by part, None where that was not noted; `journal` is that of a tune, an entry a line, else None."""

    run: str
    tfinfra: str
    document: Mapping[str, Any]
    ledger: Mapping[str, Any]
    stacks: Mapping[str, Any]
    events: bytes | None
    made: Mapping[str, str]
    logs: Mapping[str, str]
    nodes: tuple[NodeFiles, ...] = ()
    origin: Origin | None = None
    plan: Mapping[str, Any] | None = None
    started: float = 0.0
    finished: float | None = None
    missing: tuple[str, ...] = ()
    baseline: Mapping[str, Any] | None = None
    journal: bytes | None = None
