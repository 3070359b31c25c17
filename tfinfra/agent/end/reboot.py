"""A machine that rebooted in mid-run: its agent comes up again, and does not begin anew as if nothing had been lost.

The sign is in the run's store, not on the machine: a machine that Azure moves to another host may lose its system disk
(learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks), and is the same machine all the same.
"""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.boot.shared_directory import shared_directory
from tfinfra.agent.end.collect import collect, mark_collected
from tfinfra.agent.errors import NodeFault
from tfinfra.agent.node.agent_context import Host
from tfinfra.agent.node.records import read, write
from tfinfra.agent.verdict.outcomes import published
from tfinfra.errors import first_line
from tfinfra.model import BootFault, CollectedMark, Heartbeat, Inventory
from tfinfra.store import LARGE, Unreadable, keys, store_errors
from tfinfra.store import read as stored

_WORDS = {
    "starting": "it began",
    "environment": "it built its environment",
    "rendezvous": "it waited for the other nodes",
    "gathering": "it fetched its data",
    "gathered": "it waited for the other nodes' data",
    "launching": "it started its tasks",
    "training": "it trained",
    "ending": "it ended its tasks",
    "ended": "it waited for the run's end",
    "unreadable": "it did what its last heartbeat no longer tells",
}
UNREADABLE = "unreadable"
_PAUSE = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EarlierBoot:
    """What the store knows of this machine's earlier boot. `rank` is None where the nodes had none yet."""

    phase: str
    rank: int | None
    task: str | None


def earlier_boot(host: Host) -> EarlierBoot | None:
    """What an agent of this very machine left, None at its first boot. To be called before this one's first heartbeat.

    A store that does not answer is waited for as long as the nodes wait for each other: a machine that took its second
    boot for the first would train anew. One that is away for longer lets nobody join either.
    """
    until = host.clock.time() + host.settings.timeouts.register
    while True:
        try:
            return _left(host)
        except store_errors() as error:
            _log.warning("could not see whether this machine has rebooted: %s", first_line(error))
        if host.clock.time() >= until:
            return None
        host.clock.sleep(_PAUSE)


def _left(host: Host) -> EarlierBoot | None:
    beat = stored(host.store, keys.heartbeat_key(host.identity.node_id), Heartbeat, LARGE)
    if beat is None:
        return None
    phase = UNREADABLE if isinstance(beat, Unreadable) else beat.phase  # it beat all the same
    inventory = read(host.store, keys.INVENTORY, Inventory)
    ids = [node.node_id for node in inventory.nodes] if inventory else []
    rank = ids.index(host.identity.node_id) if host.identity.node_id in ids else None
    return EarlierBoot(phase, rank, next((t.name for t in host.plan.tasks if t.node == rank), None))


def message(host: Host, before: EarlierBoot) -> str:
    """Names the node, and what it was at when it went down."""
    who = "a node" if before.rank is None else f"node {before.rank}"
    name = socket.gethostname().split(".")[0]
    return f"{who} ({name}, {host.identity.address}) rebooted while {_WORDS.get(before.phase, before.phase)}"


def tell(host: Host, text: str) -> None:
    """Leaves word for a client that is told another failure: the others may have missed this node first."""
    outcome = published(host.store)
    if outcome and outcome.result == "failed":
        write(host.store, keys.boot_key(host.identity.node_id), BootFault(text))


def salvage(host: Host, before: EarlierBoot) -> None:
    """Collects what the tasks of the earlier boot wrote, as far as a disk or the share still has it, unless all of it
    is in the store."""
    if read(host.store, keys.COLLECTED, CollectedMark) is not None:
        return
    log = f"{keys.agent_log(before.rank or 0)}-rebooted"  # the earlier boot's log keeps its own name
    host.logs.add(log, host.places.agent_log)
    url = host.settings.shared if host.plan.infrastructure.shared_directory else None
    try:
        shared: Path | None = shared_directory(url, host.places)
    except NodeFault as fault:
        _log.warning("%s", fault)
        shared = None
    if shared is None:
        mark_collected(host.store, CollectedMark(0, ("the shared directory is out of reach after the reboot",)))
        return
    collected = collect(host.store, shared, lambda: host.logs.finish(log))
    _log.info("collected %d files of the earlier boot", collected.files)
