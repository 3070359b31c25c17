"""How a node reaches the others: the interface that has its address, and its InfiniBand ports.

Azure's accelerated networking gives a machine an RDMA device too, with an Ethernet link ("mlx5_an0"). It is no
InfiniBand: what takes it for that fails between two machines (NVIDIA/nccl#1101, Azure/azhpc-images#327).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tfinfra.model import Inventory, Plan

_ADDRESS_OF = 0x8915  # SIOCGIFADDR of <linux/sockios.h>


@dataclass(frozen=True)
class Port:
    """A port of an RDMA device, as the kernel names it: ("mlx5_ib0", 1)."""

    device: str
    number: int


@dataclass(frozen=True)
class Links:
    """`interface` is the name of the one with the node's own address, None where it is not known; `infiniband` are
    the ports with an InfiniBand link, by the devices' numbers."""

    interface: str | None = None
    infiniband: tuple[Port, ...] = ()

    def __str__(self) -> str:
        ports = ", ".join(f"{port.device}:{port.number}" for port in self.infiniband)
        return f"interface {self.interface or 'unknown'}, InfiniBand {ports or 'none'}"


def agreed(links: Links, inventory: Inventory) -> Links:
    """What the run uses of this node's links: InfiniBand only where every node has it, for a node that takes another
    transport than its peers ends all of them."""
    return links if all(node.infiniband for node in inventory.nodes) else replace(links, infiniband=())


def missing_infiniband(plan: Plan, inventory: Inventory, *, own_machines: bool) -> str:
    """What is to be said where a size's InfiniBand is not on all nodes, "" where nothing is; nodes that are no machines
    of their own never have it."""
    nodes = inventory.nodes
    without = sum(node.infiniband == 0 for node in nodes)
    promised = own_machines and all(choice.infiniband for choice in plan.choices)
    if not without or not (promised or without < len(nodes)):
        return ""
    return f"{without} of {len(nodes)} nodes have no InfiniBand link: gradients go over Ethernet"


def find_links(
    address: str, sysfs: Path = Path("/sys"), addresses: Callable[[], Mapping[str, str]] | None = None
) -> Links:
    """Those of this machine, whose address is `address`. `addresses` gives an IPv4 address by interface."""
    named = [name for name, held in (addresses or interface_addresses)().items() if held == address]
    return Links(named[0] if named else None, infiniband_ports(sysfs))


def infiniband_ports(sysfs: Path) -> tuple[Port, ...]:
    """The ports whose link layer is InfiniBand (Linux, Documentation/ABI/stable/sysfs-class-infiniband)."""
    found = []
    for file in sysfs.glob("class/infiniband/*/ports/*/link_layer"):
        with suppress(OSError):
            if file.read_text("utf-8").strip() == "InfiniBand":
                found.append(Port(file.parts[-4], int(file.parts[-2])))
    return tuple(sorted(found, key=lambda port: (len(port.device), port.device, port.number)))


def interface_addresses() -> dict[str, str]:
    """The first IPv4 address of each interface of this machine that has one; {} where the system is no Linux."""
    try:
        import fcntl

        names = [name for _, name in socket.if_nameindex()]
    except (ImportError, OSError):
        return {}
    found: dict[str, str] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for name in names:
            request = struct.pack("256s", name.encode()[:15])
            try:
                found[name] = socket.inet_ntoa(fcntl.ioctl(asking.fileno(), _ADDRESS_OF, request)[20:24])
            except OSError:
                continue  # it has no address
    return found
