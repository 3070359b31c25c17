"""Whether the nodes fit: the limits of one placement group and of one scale set, and a subnet with room for all nodes.

Source: learn.microsoft.com/azure/virtual-machines/setup-infiniband (172.16.0.0/16 is the InfiniBand network's own),
virtual-machine-scale-sets-placement-groups (100 machines), virtual-networks-faq (5 addresses of a subnet are Azure's).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.azure.preflight.finding import ArmReply, Finding
from tfinfra.errors import Severity
from tfinfra.model import Plan, Target

INFINIBAND_NETWORK = ipaddress.ip_network("172.16.0.0/16")
ONE_GROUP, ONE_SET, RESERVED = 100, 1000, 5


def findings(plan: Plan, target: Target, subnet: ArmReply | None) -> Iterator[Finding]:
    """`subnet` is ARM's answer for the target's `subnet_id`, None where the run brings its own."""
    made = plan.infrastructure
    most = ONE_GROUP if made.infiniband else ONE_SET
    if made.node_count > most:
        what = "InfiniBand nodes are one placement group" if made.infiniband else "a run is one scale set"
        yield Finding("TFI613", "node_count", f"{made.node_count:,} nodes, but {what}: at most {most:,}")
    if made.infiniband and target.capacity_reservation_id is not None:
        message = "nodes on InfiniBand are one placement group, which cannot use a capacity reservation"
        yield Finding("TFI613", "capacity_reservation_id", message, "leave capacity_reservation_id out")
    if subnet is None:
        yield from _room("node_count", plan, (made.subnet_prefix,), 0)
    elif subnet.status == 404:
        yield Finding("TFI613", "subnet_id", f"the subnet {target.subnet_id} is not there")
    elif subnet.ok:
        properties = subnet.body.get("properties") or {}
        prefixes = properties.get("addressPrefixes") or [properties.get("addressPrefix")]
        yield from _room(
            "subnet_id", plan, tuple(filter(None, prefixes)), len(properties.get("ipConfigurations") or ())
        )
        yield from _way_to_storage(properties)


def _way_to_storage(subnet: Mapping[str, Any]) -> Iterator[Finding]:
    """Without a service endpoint the nodes' blobs take the subnet's way out. "Global" ones reach every region
    (learn.microsoft.com/azure/storage/common/storage-network-security#azure-storage-cross-region-service-endpoints)."""
    services = {str(endpoint.get("service")) for endpoint in subnet.get("serviceEndpoints") or ()}
    if not services & {"Microsoft.Storage", "Microsoft.Storage.Global"}:
        message = "the subnet has no service endpoint to storage: what nodes read and write there takes its way out"
        hint = "add the service endpoint Microsoft.Storage to it, or be sure that its way out is open and what it bills"
        yield Finding("TFI628", "subnet_id", message, hint, Severity.WARNING)


def _room(key: str, plan: Plan, prefixes: tuple[str, ...], used: int) -> Iterator[Finding]:
    networks = [n for n in map(ipaddress.ip_network, prefixes) if isinstance(n, ipaddress.IPv4Network)]
    nodes, subnet = plan.infrastructure.node_count, ", ".join(prefixes)
    free = sum(n.num_addresses - RESERVED for n in networks) - used
    if networks and nodes > free:
        yield Finding("TFI613", key, f"needs {nodes:,} addresses in the subnet {subnet}, {max(0, free):,} are free")
    if plan.infrastructure.infiniband and any(n.overlaps(INFINIBAND_NETWORK) for n in networks):
        message = f"the subnet {subnet} overlaps {INFINIBAND_NETWORK}, which InfiniBand has for itself"
        yield Finding("TFI613", key, message)
