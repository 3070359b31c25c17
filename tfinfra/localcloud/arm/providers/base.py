"""What one kind of resource does beyond being stored: the seam that each resource provider fills."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfinfra.localcloud.arm.rbac.directory import Directory
from tfinfra.localcloud.arm.subscription.limits import Market
from tfinfra.localcloud.azurite.servers import Servers
from tfinfra.localcloud.common.arm_error import ArmError
from tfinfra.localcloud.common.first_answers import FirstAnswers
from tfinfra.localcloud.common.scheduled_events import Events
from tfinfra.localcloud.common.state import Resource, State
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.machines.interface import Machines


@dataclass
class Surroundings:
    """What resource providers see of the daemon. `machines` gives the Machines of a kind and may raise OSError or
    ValueError; `arm_port` and `metadata_port` are on
    loopback; `quotas` override the limit of a family of cores, everywhere ("name") or in one location
    ("location/name"); `turns` number the looks at grants, of which each goes to the next replica; `ahead` is by how
    many seconds the timers' clock goes before `now`, so that a test need not wait for a recurrence; `azurite` is the
    program that a client has installed, for the `azurites` that serve accounts; `events` are about to happen to
    machines; `first_answers` are what their metadata endpoint begins with; `image_mb` is how large the disk of an image
    is, which machines must grow, 0 where they need not; `maker_hints` hold where a maker gives none (core.put);
    `registered` gives the time from which on a provider is registered that a caller has asked for, by its namespace in
    lower case."""

    layout: Layout
    state: State
    machines: Callable[[str], Machines]
    now: Callable[[], float]
    arm_port: int
    metadata_port: int
    quotas: dict[str, int] = field(default_factory=dict)
    market: Market = field(default_factory=Market)
    turns: Iterator[int] = field(default_factory=itertools.count)
    ahead: float = 0.0
    azurite: Path | None = None
    azurites: Servers = field(default_factory=Servers)
    events: Events = field(default_factory=Events)
    first_answers: FirstAnswers = field(default_factory=FirstAnswers)
    image_mb: int = 0
    directory: Directory = field(default_factory=Directory)
    maker_hints: dict[str, str] = field(default_factory=dict)
    registered: dict[str, float] = field(default_factory=dict)


class Provider:
    """A kind of resource that is only stored; others override what differs.

    A `slow` one is provisioned and released in a thread, behind a long-running operation; `is_slow` decides where that
    depends on the resource.
    """

    slow = False
    hidden: tuple[str, ...] = ()  # dotted paths that ARM takes and never gives back

    def is_slow(self, resource: Resource) -> bool:
        del resource
        return self.slow

    def accept(self, around: Surroundings, resource: Resource, before: Resource | None) -> Resource:
        """`resource` with what ARM adds to it, or an ArmError. `before` is what stands at its id now."""
        del around, before
        return resource

    def provision(self, around: Surroundings, resource: Resource) -> None:
        """Makes what is behind the resource. Raises OSError or ArmError with the reason."""

    def release(self, around: Surroundings, resource: Resource) -> None:
        """Ends what is behind the resource; nothing where nothing is left."""


def require(around: Surroundings, owner: Resource, reference: Any) -> Resource:
    """What `reference` (an ARM id) names. Raises ArmError as ARM does where it is not there."""
    found = around.state.get(str(reference))
    if found is None:
        raise ArmError(
            400,
            "InvalidResourceReference",
            f"Resource {reference} referenced by resource {owner.id} was not found. "
            "Please make sure that the referenced resource exists, and that both resources are in the same region.",
        )
    return found
