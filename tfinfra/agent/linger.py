"""The end of an agent's life: beats on until its machine is deleted, and sees to that where nobody else does."""

from __future__ import annotations

from contextlib import suppress

from tfinfra import layout
from tfinfra.agent.cleanup import delete_compute_group
from tfinfra.agent.host import Host
from tfinfra.agent.logs import Audience
from tfinfra.agent.outcomes import published
from tfinfra.store import store_errors

_LOOK = 2.0
_UNWATCHED = 20.0
_RETRY = 30.0


def linger(host: Host, *, responsible: bool) -> None:
    """Never returns by itself: the machine's end ends it. `responsible`: this node deletes the compute group once the
    run has ended, nobody has watched for 20 s, and neither `--keep` nor `on_failure: hold` keeps it."""
    ended, audience = host.clock.monotonic(), Audience(host.store, host.clock)
    while True:
        host.clock.sleep(_LOOK)
        if audience.is_there() or not responsible:
            continue
        with suppress(*store_errors()):  # a store that does not answer must not end the last who deletes
            if host.clock.monotonic() - ended > _wait(host) and host.store.get(layout.KEEP) is None:
                delete_compute_group(host.settings, host.metadata)
                host.clock.sleep(_RETRY)


def _wait(host: Host) -> float:
    outcome = published(host.store)
    failed = outcome is not None and outcome.result == "failed"
    return max(_UNWATCHED, host.plan.hold_on_failure if failed else 0.0)
