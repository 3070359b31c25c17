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
from tfinfra.store import ObjectStore, PatientStore, keys, open_store, store_errors
from tfinfra.system.clock import Clock

BLOB = "https://storage.azure.com/"
"""Whom a token for Blob is for."""
_PATIENCE = 120.0  # a role grant on somebody else's account may be as late as one of our own
_log = logging.getLogger(__name__)


def is_free(settings: NodeSettings) -> bool:
    """Whether a look into the store costs nothing."""
    return settings.store.startswith("file:")


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

    def open_store(self, url: str, patience: float = _PATIENCE) -> ObjectStore:
        """The store at a URL, as this node's identity reaches it; a failing one is tried again for `patience` seconds.
        Raises ValueError, OSError."""
        if url == self.settings.store:
            return self.store
        opened = open_store(url, lambda: self.metadata.token(BLOB), ca=self.settings.arm_ca)
        return PatientStore(opened, self.clock, patience)

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
