"""Lets happen to machines what their scheduled events have told: an evicted or terminated one is gone."""

from __future__ import annotations

import asyncio
import logging

from tfinfra.localcloud.events import ENDING
from tfinfra.localcloud.providers import compute
from tfinfra.localcloud.providers.base import Surroundings

log = logging.getLogger("tfinfra.localcloud")


async def tick(around: Surroundings, now: float) -> None:
    """What is due at `now` (Unix seconds). To be called about twice a second."""
    for event in around.events.take_due(now):
        log.info("%s of %s", event.type, event.name)
        if event.type in ENDING:
            await asyncio.to_thread(compute.end_instance, around, event.vm_id)
