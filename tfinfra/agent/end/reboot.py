"""A machine that rebooted in mid-run: its agent comes up again, and ends the run instead of training anew.

The sign is in the run's store, not on the machine: a machine that Azure moves to another host may lose its system disk
(learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks), and is the same machine all the same.
"""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.boot.shared_directory import shared_of
from tfinfra.agent.end.collect_outputs import collect, mark_collected
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.verdict.outcomes import published
from tfinfra.errors import Result, first_line
from tfinfra.model import BootFault, CollectedMark, Heartbeat, Inventory
from tfinfra.store import LARGE, Unreadable, keys, store_errors
from tfinfra.store import read as stored

_WORDS = {
    "starting": "it began",
    "environment": "it built its environment",
    "rendezvous": "it waited for the other nodes",
    "gathering": "it fetched its data",
    "gathered": "it waited for the other nodes' data",
    "checking": "it held itself against the lock",
    "launching": "it started its tasks",
    "training": "it trained",
    "waiting": "it waited for a trial",
    "trial": "it lived a trial",
    "ending": "it ended its tasks",
    "keeping": "it kept what its tasks had written elsewhere",
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


def earlier_boot(context: AgentContext) -> EarlierBoot | None:
    """What an agent of this very machine left, None at its first boot. To be called before this one's first heartbeat.

    A store that does not answer is waited for as long as the nodes wait for each other: a machine that took its second
    boot for the first would train anew. Where it is away for longer, no node can join either.
    """
    until = context.clock.time() + context.settings.timeouts.register
    while True:
        try:
            return _left(context)
        except store_errors() as error:
            _log.warning("could not see whether this machine has rebooted: %s", first_line(error))
        if context.clock.time() >= until:
            return None
        context.clock.sleep(_PAUSE)


def _left(context: AgentContext) -> EarlierBoot | None:
    beat = stored(context.store, keys.heartbeat_key(context.identity.node_id), Heartbeat, LARGE)
    if beat is None:
        return None
    phase = UNREADABLE if isinstance(beat, Unreadable) else beat.phase  # it beat all the same
    inventory = read(context.store, keys.INVENTORY, Inventory)
    ids = [node.node_id for node in inventory.nodes] if inventory else []
    rank = ids.index(context.identity.node_id) if context.identity.node_id in ids else None
    return EarlierBoot(phase, rank, next((t.name for t in context.plan.tasks if t.node == rank), None))


def message(context: AgentContext, before: EarlierBoot) -> str:
    """Names the node, and what it was at when it went down."""
    who = "a node" if before.rank is None else f"node {before.rank}"
    name = socket.gethostname().split(".")[0]
    return f"{who} ({name}, {context.identity.address}) rebooted while {_WORDS.get(before.phase, before.phase)}"


def is_lost(context: AgentContext, before: EarlierBoot | None) -> bool:
    """Whether the others go on without this node: those of a pool that all had met before."""
    return before is not None and context.plan.pool is not None and before.rank is not None


def leave_word(context: AgentContext, text: str, before: EarlierBoot) -> None:
    """Puts what the agent's log says into the store, where nobody waits for this node any more."""
    _log.error("%s", text)
    log = rebooted_log(before)
    context.logs.add(log, context.paths.agent_log)
    context.logs.finish(log)


def rebooted_log(before: EarlierBoot) -> str:
    """The log name of this boot's agent: the earlier one's log keeps its own."""
    return f"{keys.agent_log(before.rank or 0)}-rebooted"


def report(context: AgentContext, text: str) -> None:
    """Leaves a boot fault for the client where the outcome names another failure: the others may have missed this node
    before it came up again."""
    outcome = published(context.store)
    if outcome and outcome.result == Result.FAILED:
        write(context.store, keys.boot_key(context.identity.node_id), BootFault(text))


def salvage(context: AgentContext, before: EarlierBoot) -> None:
    """Collects what the tasks of the earlier boot wrote, as far as a disk or the share still has it, unless all of it
    is in the store."""
    if read(context.store, keys.COLLECTED, CollectedMark) is not None:
        return
    log = rebooted_log(before)
    context.logs.add(log, context.paths.agent_log)
    try:
        shared: Path | None = shared_of(context)
    except NodeFault as fault:
        _log.warning("%s", fault)
        shared = None
    if shared is None:
        mark_collected(context.store, CollectedMark(0, ("the shared directory is out of reach after the reboot",)))
        return
    collected = collect(context.store, shared, lambda: context.logs.finish(log))
    _log.info("collected %d files of the earlier boot", collected.files)
