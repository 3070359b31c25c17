"""What an agent has in its hands: the run's settings and plan, the store, the clock, the threads that tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_identity import Identity
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.node_records import write
from tfinfra.model import NodeSettings, Plan, TaskStatus
from tfinfra.store import ObjectStore, keys
from tfinfra.system.clock import Clock


@dataclass(frozen=True)
class AgentContext:
    """`pause`: seconds between two looks into the store, short where a look costs nothing."""

    settings: NodeSettings
    plan: Plan
    paths: NodePaths
    inherited: Mapping[str, str]
    clock: Clock
    metadata: Metadata
    identity: Identity
    store: ObjectStore
    heartbeats: Heartbeats
    logs: LogShipper
    pause: float

    def publish_status(self, status: TaskStatus) -> None:
        """Publishes a task's status, and before its end all of its log."""
        if status.ended is not None:
            self.logs.finish(status.task)
        write(self.store, keys.task_key(status.task), status)
        self.heartbeats.count_change()
