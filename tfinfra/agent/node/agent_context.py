"""What an agent has in its hands: the run's settings and plan, the store, the clock, the threads that tell of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_identity import Identity
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.node_records import write
from tfinfra.errors import first_line
from tfinfra.model import NodeSettings, Plan, TaskStatus
from tfinfra.store import ObjectStore, keys, store_errors
from tfinfra.system.clock import Clock

_log = logging.getLogger(__name__)


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

    def say_ended(self) -> None:
        """Tells that this node's part is over, and before that puts all of its logs: whoever collects waits for nothing
        else of it, and the client reads the logs only once."""
        try:
            self.logs.finish_all()
        except store_errors() as error:
            _log.warning("could not put the logs of this node: %s", first_line(error))
        self.heartbeats.say("ended")
