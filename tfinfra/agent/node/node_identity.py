"""What this node is: its identity and network from the instance metadata, its cores and GPUs from the machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfinfra.agent.devices.links import infiniband_ports
from tfinfra.agent.node_errors import NodeFault
from tfinfra.model import NodeRegistration


@dataclass(frozen=True)
class Identity:
    """`network` is the subnet's CIDR, None where the node is a process of the host; `name` is the machine's, as its
    cloud calls it; `compute` that part of the metadata's instance document."""

    node_id: str
    address: str
    network: str | None
    name: str = ""
    compute: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """What others may know of this node's key pair: its public key, and the signature (base64) of the machine's
    attested document of it, None where it did not have to show one."""

    public: str
    attested: str | None = None


def identity(instance: dict[str, Any]) -> Identity:
    """From the metadata's instance document. Raises NodeFault where it lacks an address or an id."""
    try:
        ipv4 = instance["network"]["interface"][0]["ipv4"]
        subnet = (ipv4.get("subnet") or [None])[0]
        network = f"{subnet['address']}/{subnet['prefix']}" if subnet and subnet.get("address") else None
        compute, address = instance["compute"], ipv4["ipAddress"][0]["privateIpAddress"]
        return Identity(str(compute["vmId"]), address, network, str(compute.get("name", "")), compute)
    except (KeyError, IndexError) as error:
        raise NodeFault(f"the instance metadata lacks {error}") from error
    except (AttributeError, TypeError) as error:  # a text or null where there has to be a document
        raise NodeFault(f"the instance metadata has not the form that Azure gives it: {error}") from error


def registration_of(who: Identity, base_port: int, key: Key | None = None) -> NodeRegistration:
    return NodeRegistration(
        node_id=who.node_id,
        hostname=socket.gethostname().split(".")[0],
        address=who.address,
        network=who.network,
        base_port=base_port,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        gpus=gpu_count(Path("/dev")),
        public_key=key.public if key else None,
        infiniband=len(infiniband_ports(Path("/sys"))),
        attested=key.attested if key else None,
    )


def gpu_count(devices: Path) -> int:
    """NVIDIA's device files: /dev/nvidia0, /dev/nvidia1, …"""
    return sum(p.name.removeprefix("nvidia").isdigit() for p in devices.glob("nvidia*"))
