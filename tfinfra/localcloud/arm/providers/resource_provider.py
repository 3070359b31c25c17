"""What one kind of resource does beyond being stored: the seam that each resource provider fills."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfinfra.localcloud.arm.rbac.directory import Directory
from tfinfra.localcloud.arm.subscription.subscription_settings import SubscriptionSettings
from tfinfra.localcloud.azurite.servers import Servers
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.first_answers import FirstAnswers
from tfinfra.localcloud.common.scheduled_events import ScheduledEvents
from tfinfra.localcloud.common.state import ArmResource, State
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.machines.interface import Machines


@dataclass
class CloudContext:
    """What resource providers see of the daemon. Its ports are on loopback."""

    layout: Layout
    state: State
    machines: Callable[[str], Machines]
    """The Machines of a kind. Raises OSError or ValueError."""
    now: Callable[[], float]
    arm_port: int
    metadata_port: int
    quotas: dict[str, int] = field(default_factory=dict)
    """Other limits for families of cores, everywhere ("name") or in one location ("location/name")."""
    subscription: SubscriptionSettings = field(default_factory=SubscriptionSettings)
    turns: Iterator[int] = field(default_factory=itertools.count)
    """Numbers the looks at grants: each goes to the next replica."""
    ahead: float = 0.0
    """Seconds by which the timers' clock is ahead of `now`, so that a test need not wait for a recurrence."""
    azurite: Path | None = None
    """The program that a client has installed, for the `azurites` that serve accounts."""
    azurites: Servers = field(default_factory=Servers)
    events: ScheduledEvents = field(default_factory=ScheduledEvents)
    first_answers: FirstAnswers = field(default_factory=FirstAnswers)
    image_mb: int = 0
    """The size of an image's disk, which machines must grow; 0 where they need not."""
    directory: Directory = field(default_factory=Directory)
    maker_hints: dict[str, str] = field(default_factory=dict)
    """For makers that give none (core.put)."""
    registered: dict[str, float] = field(default_factory=dict)
    """From when on the providers that a caller has registered are so, by namespace in lower case."""


class ResourceProvider:
    """A kind of resource that is only stored; others override what differs.

    A `slow` one is provisioned and released in a thread, behind a long-running operation; `is_slow` decides where that
    depends on the resource.
    """

    slow = False
    hidden: tuple[str, ...] = ()  # dotted paths that ARM takes and never gives back

    def is_slow(self, resource: ArmResource) -> bool:
        del resource
        return self.slow

    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        """`resource` with what ARM adds to it, or an ArmRefusal. `before` is what has its id now."""
        del context, before
        return resource

    def provision(self, context: CloudContext, resource: ArmResource) -> None:
        """Makes what is behind the resource. Raises OSError or ArmRefusal with the reason."""

    def release(self, context: CloudContext, resource: ArmResource) -> None:
        """Ends what is behind the resource; nothing where nothing is left."""


def require(context: CloudContext, owner: ArmResource, reference: Any) -> ArmResource:
    """What `reference` (an ARM id) names. Raises ArmRefusal as ARM does where it is not there."""
    found = context.state.get(str(reference))
    if found is None:
        raise ArmRefusal(
            400,
            "InvalidResourceReference",
            f"Resource {reference} referenced by resource {owner.id} was not found. "
            "Please make sure that the referenced resource exists, and that both resources are in the same region.",
        )
    return found
