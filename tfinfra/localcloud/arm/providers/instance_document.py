"""The instance-metadata endpoint's document of one instance, and where the daemon serves it.

The shape is that of /metadata/instance?api-version=2021-02-01: every leaf is a string
(learn.microsoft.com/azure/virtual-machines/instance-metadata-service; recorded answers:
github.com/canonical/cloud-init, tests/unittests/sources/test_azure.py; github.com/Azure/WALinuxAgent, tests/data/imds).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from typing import Any

from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION


def url(port: int, instance: dict[str, str]) -> str:
    """The base that /metadata/… is appended to; its path holds a secret, so that no machine reads another's."""
    return f"http://127.0.0.1:{port}/{instance['vm_id']}.{instance['secret']}"


def instance_document(scale_set: ArmResource, instance: dict[str, str]) -> dict[str, Any]:
    """The document, without an address: `with_network` adds it once the machine has one."""
    body, tags = scale_set.body, scale_set.tags
    profile = scale_set.properties.get("virtualMachineProfile") or {}
    image = (profile.get("storageProfile") or {}).get("imageReference") or {}
    plan = body.get("plan") or {}
    resource_id = f"{scale_set.id}/virtualMachines/{instance['instance']}"
    if str(scale_set.properties.get("orchestrationMode", "Uniform")).lower() == "flexible":
        machines = f"{scale_set.address.group_path}/providers/Microsoft.Compute/virtualMachines"
        resource_id = f"{machines}/{instance['instance']}"  # a machine of a Flexible set is one of the group's
    compute = {
        "azEnvironment": "AzurePublicCloud",
        "customData": "",
        "evictionPolicy": _text(profile.get("evictionPolicy")),
        "isHostCompatibilityLayerVm": "false",
        "licenseType": _text(profile.get("licenseType")),
        "location": body.get("location", ""),
        "name": instance["name"],
        "offer": _text(image.get("offer")),
        "osProfile": _os_profile(profile.get("osProfile") or {}, instance),
        "osType": "Linux",
        "placementGroupId": "",
        "plan": {name: _text(plan.get(name)) for name in ("name", "product", "publisher")},
        "platformFaultDomain": "0",
        "platformUpdateDomain": "0",
        "priority": _text(profile.get("priority")),
        "provider": "Microsoft.Compute",
        "publicKeys": [],
        "publisher": _text(image.get("publisher")),
        "resourceGroupName": scale_set.address.group or "",
        "resourceId": resource_id,
        "securityProfile": _security_profile(profile.get("securityProfile") or {}),
        "sku": _text(image.get("sku")),
        "storageProfile": _storage_profile(profile.get("storageProfile") or {}, instance),
        "subscriptionId": SUBSCRIPTION,
        "tags": ";".join(f"{k}:{v}" for k, v in sorted(tags.items())),
        "tagsList": [{"name": k, "value": v} for k, v in sorted(tags.items())],
        "userData": "",
        "version": _text(image.get("version")),
        "vmId": instance["vm_id"],
        "vmScaleSetName": scale_set.name,
        "vmSize": (body.get("sku") or {}).get("name", ""),
        "zone": "",
    }
    return {"compute": compute, "network": {"interface": []}}


def with_network(document: dict[str, Any], address: str, network: str, vm_id: str) -> dict[str, Any]:
    """`document` with the machine's address. `network` is its subnet's CIDR; a loopback address has no subnet, for a
    machine that is a process of the host is on none."""
    subnet = []
    if not ipaddress.ip_address(address).is_loopback:
        parsed = ipaddress.ip_network(network)
        subnet = [{"address": str(parsed.network_address), "prefix": str(parsed.prefixlen)}]
    ipv4 = {"ipAddress": [{"privateIpAddress": address, "publicIpAddress": ""}], "subnet": subnet}
    mac = f"000D3A{hashlib.sha256(vm_id.encode()).hexdigest()[:6]}".upper()
    return {**document, "network": {"interface": [{"ipv4": ipv4, "ipv6": {"ipAddress": []}, "macAddress": mac}]}}


def listing(part: Any) -> list[str]:
    """A part of the document as text: a leaf's value, or the names of what is below, with a slash where it goes on."""
    if isinstance(part, Mapping):
        return [f"{name}/" if isinstance(value, (dict, list)) else name for name, value in part.items()]
    return [f"{index}/" for index in range(len(part))] if isinstance(part, list) else [str(part)]


def _os_profile(profile: Mapping[str, Any], instance: dict[str, str]) -> dict[str, str]:
    linux = profile.get("linuxConfiguration") or {}
    return {
        "adminUsername": _text(profile.get("adminUsername")),
        "computerName": instance["computer"],
        "disablePasswordAuthentication": _text(linux.get("disablePasswordAuthentication", False)),
    }


def _security_profile(profile: Mapping[str, Any]) -> dict[str, str]:
    settings = profile.get("uefiSettings") or {}
    return {
        "secureBootEnabled": _text(settings.get("secureBootEnabled", False)),
        "virtualTpmEnabled": _text(settings.get("vTpmEnabled", False)),
    }


def _storage_profile(profile: Mapping[str, Any], instance: dict[str, str]) -> dict[str, Any]:
    image, disk = profile.get("imageReference") or {}, profile.get("osDisk") or {}
    managed = disk.get("managedDisk") or {}
    return {
        "dataDisks": [],
        "imageReference": {n: _text(image.get(n)) for n in ("id", "offer", "publisher", "sku", "version")},
        "osDisk": {
            "caching": _text(disk.get("caching")),
            "createOption": _text(disk.get("createOption")),
            "diffDiskSettings": {"option": _text((disk.get("diffDiskSettings") or {}).get("option"))},
            "diskSizeGB": _text(disk.get("diskSizeGB")),
            "encryptionSettings": {"enabled": "false"},
            "image": {"uri": ""},
            "managedDisk": {"id": "", "storageAccountType": _text(managed.get("storageAccountType"))},
            "name": f"{instance['name']}_OsDisk",
            "osType": "Linux",
            "vhd": {"uri": ""},
            "writeAcceleratorEnabled": "false",
        },
        "resourceDisk": {"size": ""},
    }


def _text(value: Any) -> str:
    """As the endpoint has it: nothing is "", true is "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
