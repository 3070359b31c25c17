"""A timer as values: what it calls, when, and what it deletes then."""

from __future__ import annotations

from dataclasses import dataclass

RUN_TAG, EXPIRES_TAG = "tfinfra-run", "tfinfra-expires-at"


@dataclass(frozen=True)
class GroupCall:
    """An Http action: it asks ARM for a run's group, signed by a managed identity (`signer`, an ARM id)."""

    action: str
    method: str
    uri: str
    group: str
    signer: str

    @property
    def is_of_keep(self) -> bool:
        return self.group.endswith("-keep")


@dataclass(frozen=True)
class Deletion:
    """An If: it makes its `call` once all of `times` (Unix seconds) have passed."""

    action: str
    call: GroupCall
    times: tuple[float, ...]


@dataclass(frozen=True)
class WatchedGroup:
    """`timely` waits for the time in the group's tag and for its own times, `latest` for its own alone. Both delete the
    keep group when all others are gone, for its timer is the last that deletes them, and another while it exists."""

    look: GroupCall
    timely: Deletion
    latest: Deletion


@dataclass(frozen=True)
class Recurrence:
    """A trigger: it comes every `interval` seconds."""

    name: str
    interval: float


@dataclass(frozen=True)
class Timer:
    trigger: Recurrence
    groups: tuple[WatchedGroup, ...]
