"""What an agent has in its hands: the run's settings and plan, the store, the clock, the threads that tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.agent.clock import Clock
from tfinfra.agent.node.heartbeat import Pulse
from tfinfra.agent.node.identity import Identity
from tfinfra.agent.node.logs import LogShipper
from tfinfra.agent.node.metadata import Metadata
from tfinfra.agent.node.paths import Places
from tfinfra.agent.node.records import write
from tfinfra.model import NodeSettings, Plan, TaskStatus
from tfinfra.store import ObjectStore, keys


@dataclass(frozen=True)
class Host:
    """`pause`: seconds between two looks into the store, short where a look costs nothing."""

    settings: NodeSettings
    plan: Plan
    places: Places
    inherited: Mapping[str, str]
    clock: Clock
    metadata: Metadata
    identity: Identity
    store: ObjectStore
    pulse: Pulse
    logs: LogShipper
    pause: float

    def tell(self, status: TaskStatus) -> None:
        """Publishes a task's status, and before its end all of its log."""
        if status.ended is not None:
            self.logs.finish(status.task)
        write(self.store, keys.task_key(status.task), status)
        self.pulse.count_change()
