"""Makes scheduled events happen to machines: an evicted or terminated one is gone, a rebooted one
boots again with the disk that it has."""

from __future__ import annotations

import asyncio
import logging

from tfinfra.localcloud.arm.providers import compute
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common.scheduled_events import ENDING, REBOOTING

log = logging.getLogger("tfinfra.localcloud")


async def tick(context: CloudContext, now: float) -> None:
    """What is due at `now` (Unix seconds). To be called about twice a second."""
    for event in context.events.take_due(now):
        log.info("%s of %s", event.type, event.name)
        if event.type in ENDING:
            await asyncio.to_thread(compute.end_instance, context, event.vm_id)
        if event.type in REBOOTING:
            try:
                await asyncio.to_thread(compute.reboot_instance, context, event.vm_id)
            except OSError as error:  # the machine is gone, as one that does not come back
                log.warning("%s of %s: %s", event.type, event.name, error)
