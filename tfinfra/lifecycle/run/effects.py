"""The effects that runs have outside of this process, as values: what they ask of one cloud's ARM and stores, what this
machine makes for them, and what time it is. Tests hand in others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tfinfra.cloud import Cloud
from tfinfra.lifecycle.run.arm import RunArm
from tfinfra.lifecycle.run.workshop import Workshop
from tfinfra.store import ObjectStore


@dataclass(frozen=True)
class Ports:
    """`open_store` opens the store at a URL; `clock` gives Unix seconds."""

    cloud: Cloud
    arm: RunArm
    workshop: Workshop
    open_store: Callable[[str], ObjectStore]
    clock: Callable[[], float]
