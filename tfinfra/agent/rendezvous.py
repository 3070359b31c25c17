"""How the nodes agree who they are: all register, any one of them writes the inventory, all read that one."""

from __future__ import annotations

import ipaddress
import zlib
from dataclasses import dataclass

from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node_errors import NodeFault, RunEnded, RunStopped
from tfinfra.agent.verdict.control import requested_stop
from tfinfra.agent.verdict.outcomes import published
from tfinfra.model import BootFault, Inventory, NodeRegistration
from tfinfra.store import ObjectStore, keys, put_first
from tfinfra.system.clock import Clock

_PEEK = 0.02  # seconds between two looks for the inventory: one small read
_LIST_EACH_NODE = 0.01  # seconds per node of the run between two listings by one node


@dataclass(frozen=True)
class Meeting:
    """How many nodes meet, and how many seconds all of them may take."""

    node_count: int
    timeout: float


def rendezvous(store: ObjectStore, registration: NodeRegistration, meeting: Meeting, clock: Clock) -> Inventory:
    """Registers this node and returns the inventory that all nodes share.

    Raises NodeFault naming how many nodes came in time, RunEnded or RunStopped where the run ends meanwhile.
    """
    write(store, keys.node_key(registration.node_id), registration)
    # The last node to register sees all others at once, so listings are a safety net: rare where nodes are many, and
    # spread over time by the node's id.
    spread = 1 + zlib.crc32(registration.node_id.encode()) % 100 / 100
    listing_pause = max(0.25, _LIST_EACH_NODE * meeting.node_count * spread)
    deadline = clock.monotonic() + meeting.timeout
    next_listing = clock.monotonic()
    pause = _PEEK
    while True:
        if inventory := read(store, keys.INVENTORY, Inventory):
            return inventory
        if clock.monotonic() >= next_listing:
            _propose(store, meeting.node_count)
            must_go_on(store)
            next_listing = clock.monotonic() + listing_pause
        elif clock.monotonic() > deadline:
            raise _too_few(store, meeting)
        else:
            clock.sleep(pause)
            pause = min(pause * 1.2, 0.25)


def must_go_on(store: ObjectStore) -> None:
    """Raises RunEnded or RunStopped where the run ends while its nodes are not all there."""
    if published(store) is not None:
        raise RunEnded("the run ended before all nodes had registered")
    if stop := requested_stop(store):
        raise RunStopped(stop.message, reason=stop.reason)


def inventory_of(nodes: list[NodeRegistration]) -> Inventory:
    """Sorted numerically by address, then by id: an instance's id never decides its rank, but two nodes may share an
    address (processes where 127/8 has one address only)."""
    return Inventory(tuple(sorted(nodes, key=lambda n: (int(ipaddress.ip_address(n.address)), n.node_id))))


def _propose(store: ObjectStore, node_count: int) -> None:
    """Writes the inventory where all nodes have registered. With more than expected, the first ones count."""
    registered = store.list(keys.NODES)
    if len(registered) < node_count:
        return
    nodes = _registered(store, registered)
    if len(nodes) >= node_count:
        put_first(store, keys.INVENTORY, Inventory(inventory_of(nodes).nodes[:node_count]))


def _registered(store: ObjectStore, node_keys: list[str]) -> list[NodeRegistration]:
    """The registrations that lie at their own node's key."""
    found = [(key, read(store, key, NodeRegistration)) for key in node_keys]
    return [node for key, node in found if node is not None and keys.node_key(node.node_id) == key]


def _too_few(store: ObjectStore, meeting: Meeting) -> NodeFault:
    came = [node.hostname for node in _registered(store, store.list(keys.NODES))]
    message = f"only {len(came)} of {meeting.node_count} nodes registered within {meeting.timeout:.0f} s"
    faults = [read(store, key, BootFault) for key in store.list(keys.BOOT)]
    failed = "; ".join(f"a node failed to boot: {fault.error}" for fault in faults if fault)
    return NodeFault(f"{message} ({', '.join(sorted(came))})" + (f"; {failed}" if failed else ""))
