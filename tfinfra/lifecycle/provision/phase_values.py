"""What each phase before the training makes for the next: prepared, kept, provisioned."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.lifecycle.data.secret_delivery import Delivery
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.store import ObjectStore
from tfinfra.system.local_tree import LocalTree

if TYPE_CHECKING:
    from tfinfra.engine.client import EngineProcess
    from tfinfra.environment.lock_file import Lock
    from tfinfra.lifecycle.provision.baselines import Baselines


@dataclass(frozen=True)
class Prepared:
    """All that a run has before the first write to a cloud: the `engine` is being opened; `trees` are its local inputs
    by name, hashed."""

    lock: Lock
    engine: Future[EngineProcess]
    prerequisites: Prerequisites
    trees: Mapping[str, LocalTree]


@dataclass(frozen=True)
class Kept:
    """A run with its keep group: the `outputs` of the keep stack, and the run's own store, which answers, at `url`."""

    engine: EngineProcess
    prerequisites: Prerequisites
    outputs: Mapping[str, Any]
    url: str
    store: ObjectStore


@dataclass(frozen=True)
class Provisioned:
    """A run whose `nodes` boot; `delivery` hands them what only they may have, None where that is nothing; `baselines`
    need the engine."""

    engine: EngineProcess
    store: ObjectStore
    nodes: Nodes
    delivery: Delivery | None
    baselines: Baselines
