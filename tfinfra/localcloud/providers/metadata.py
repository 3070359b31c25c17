"""The instance-metadata endpoint's document of one instance, and where the daemon serves it.

The shape is that of /metadata/instance?api-version=2021-02-01.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from tfinfra.localcloud.layout import SUBSCRIPTION
from tfinfra.localcloud.state import Resource


def url(port: int, instance: dict[str, str]) -> str:
    """The base that /metadata/… is appended to; its path holds a secret, so that no machine reads another's."""
    return f"http://127.0.0.1:{port}/{instance['vm_id']}.{instance['secret']}"


def instance_document(scale_set: Resource, instance: dict[str, str]) -> dict[str, Any]:
    """The document, without an address: `with_network` adds it once the machine has one."""
    body, tags = scale_set.body, scale_set.tags
    group = scale_set.address.group or ""
    return {
        "compute": {
            "azEnvironment": "AzurePublicCloud",
            "location": body.get("location", ""),
            "name": instance["name"],
            "osType": "Linux",
            "resourceGroupName": group,
            "resourceId": f"{scale_set.id}/virtualMachines/{instance['instance']}",
            "subscriptionId": SUBSCRIPTION,
            "tags": ";".join(f"{k}:{v}" for k, v in sorted(tags.items())),
            "tagsList": [{"name": k, "value": v} for k, v in sorted(tags.items())],
            "vmId": instance["vm_id"],
            "vmScaleSetName": scale_set.name,
            "vmSize": (body.get("sku") or {}).get("name", ""),
            "zone": "",
        },
        "network": {"interface": []},
    }


def with_network(document: dict[str, Any], address: str, network: str) -> dict[str, Any]:
    """`document` with the machine's address. `network` is its subnet's CIDR; a loopback address has no subnet, for a
    machine that is a process of the host is on none."""
    subnet = []
    if not ipaddress.ip_address(address).is_loopback:
        parsed = ipaddress.ip_network(network)
        subnet = [{"address": str(parsed.network_address), "prefix": str(parsed.prefixlen)}]
    ipv4 = {"ipAddress": [{"privateIpAddress": address, "publicIpAddress": ""}], "subnet": subnet}
    return {**document, "network": {"interface": [{"ipv4": ipv4}]}}
