"""Rules on scale sets that no schema has: the compute service's, from MicrosoftDocs/azure-compute-docs (CC-BY-4.0).

Azure accepts some combinations that a cluster with fixed ranks cannot use (overprovisioning replaces nodes at the
start). The local cloud cannot simulate them, and refuses them too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.arm.checks.machine import check_machine
from tfinfra.localcloud.arm.checks.types import Violation

CUSTOM_DATA_BYTES = 65_535
CUSTOM_DATA_BASE64 = 87_380
INFINIBAND_SET = 100  # 300 by support request


@dataclass(frozen=True)
class ScaleSetBody:
    """A scale set's body, taken apart for the rules."""

    body: dict[str, Any]
    properties: dict[str, Any]
    profile: dict[str, Any]
    flexible: bool
    spot: bool
    infiniband: bool
    capacity: int


@dataclass(frozen=True)
class ScaleSetRule:
    """`broken` says whether a scale set breaks it; `code` is ARM's."""

    code: str
    path: str
    message: str
    broken: Callable[[ScaleSetBody], bool]


def has_infiniband(size: str) -> bool:
    """Azure's naming: an "r" among the additive features of an H or N size is RDMA ("Standard_ND96asr_v4")."""
    found = re.match(r"Standard_(?:H[BCX]?|N[CD])\d+(?:-\d+)?([a-z]*)", size)
    return found is not None and ("r" in found.group(1) or size.startswith("Standard_H"))


def check_scale_set(body: dict[str, Any]) -> list[Violation]:
    """The rules that `body` breaks, in the order of the tables below; those of sizes and images after them."""
    properties, sku = body.get("properties") or {}, body.get("sku") or {}
    profile = properties.get("virtualMachineProfile") or {}
    scale_set = ScaleSetBody(
        body=body,
        properties=properties,
        profile=profile,
        flexible=str(properties.get("orchestrationMode", "Uniform")).lower() == "flexible",
        spot=profile.get("priority") in ("Spot", "Low"),
        infiniband=has_infiniband(str(sku.get("name", ""))),
        capacity=int(sku.get("capacity") or 0),
    )
    own = FLEXIBLE if scale_set.flexible else UNIFORM
    price = SPOT if scale_set.spot else REGULAR
    broken = [Violation(r.code, r.path, r.message) for r in (*own, *price, *ALWAYS) if r.broken(scale_set)]
    return [*broken, *check_machine(body)]


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _custom_data(scale_set: ScaleSetBody) -> bytes | None:
    try:
        return base64.b64decode(_at(scale_set.profile, "osProfile.customData") or "", validate=True)
    except (binascii.Error, ValueError):
        return None


def _nvidia_extension(scale_set: ScaleSetBody) -> bool:
    extensions = _at(scale_set.profile, "extensionProfile.extensions") or []
    return any("NvidiaGpuDriver" in str(_at(e, "properties.type")) for e in extensions)


FLEXIBLE = (
    ScaleSetRule(
        "InvalidParameter",
        "properties.orchestrationMode",
        "Several nodes with InfiniBand need orchestrationMode Uniform and a single placement group.",
        lambda f: f.infiniband and f.capacity > 1,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.overprovision",
        "The property 'overprovision' is not supported with orchestrationMode Flexible.",
        lambda f: f.properties.get("overprovision") is not None,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.singlePlacementGroup",
        "singlePlacementGroup true is not supported with orchestrationMode Flexible.",
        lambda f: f.properties.get("singlePlacementGroup") is True,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "identity.type",
        "A scale set with orchestrationMode Flexible takes user-assigned identities only.",
        lambda f: str(_at(f.body, "identity.type") or "").startswith("SystemAssigned"),
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.virtualMachineProfile.networkProfile.networkApiVersion",
        "networkApiVersion (2020-11-01 or newer) is required with orchestrationMode Flexible.",
        lambda f: not _at(f.profile, "networkProfile.networkApiVersion"),
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.platformFaultDomainCount",
        "platformFaultDomainCount is required with orchestrationMode Flexible.",
        lambda f: f.properties.get("platformFaultDomainCount") is None,
    ),
)

UNIFORM = (
    ScaleSetRule(
        "OperationNotAllowed",
        "properties.overprovision",
        "overprovision must be false: nodes that come and go at the start would change every rank.",
        lambda f: f.properties.get("overprovision", True) is not False,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.singlePlacementGroup",
        "singlePlacementGroup must be true for InfiniBand.",
        lambda f: f.infiniband and f.capacity > 1 and f.properties.get("singlePlacementGroup") is not True,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "sku.capacity",
        f"A single placement group holds at most {INFINIBAND_SET} virtual machines.",
        lambda f: f.properties.get("singlePlacementGroup") is not False and f.capacity > INFINIBAND_SET,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.upgradePolicy",
        "Required parameter 'upgradePolicy' is missing (null).",
        lambda f: not f.properties.get("upgradePolicy"),
    ),
    ScaleSetRule(
        "OperationNotAllowed",
        "properties.upgradePolicy.mode",
        "upgradePolicy.mode must be Manual: other modes may replace nodes during training.",
        lambda f: bool(f.properties.get("upgradePolicy")) and _at(f.properties, "upgradePolicy.mode") != "Manual",
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.priorityMixPolicy",
        "priorityMixPolicy needs orchestrationMode Flexible.",
        lambda f: bool(f.properties.get("priorityMixPolicy")),
    ),
)

SPOT = (
    ScaleSetRule(
        "InvalidParameter",
        "properties.virtualMachineProfile.scheduledEventsProfile.terminateNotificationProfile",
        "A terminate notification cannot be enabled on spot instances.",
        lambda f: bool(_at(f.profile, "scheduledEventsProfile.terminateNotificationProfile.enable")),
    ),
    ScaleSetRule(
        "OperationNotAllowed",
        "properties.virtualMachineProfile.evictionPolicy",
        "evictionPolicy must be Delete: Deallocate keeps disks and quota charged.",
        lambda f: f.profile.get("evictionPolicy", "Deallocate") == "Deallocate",
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.virtualMachineProfile.capacityReservation",
        "A capacity reservation cannot be used with spot instances.",
        lambda f: bool(f.profile.get("capacityReservation")),
    ),
    ScaleSetRule(
        "MaxPriceValueInvalid",
        "properties.virtualMachineProfile.billingProfile.maxPrice",
        "Invalid max price value. The only supported values for max price are -1 or a decimal greater than zero.",
        lambda f: (price := _at(f.profile, "billingProfile.maxPrice")) is not None and price != -1 and price <= 0,
    ),
)

REGULAR = (
    ScaleSetRule(
        "EvictionPolicyCanBeSetOnlyOnAzureSpotVirtualMachines",
        "properties.virtualMachineProfile.evictionPolicy",
        "Eviction policy can be set only on Azure Spot Virtual Machines.",
        lambda f: bool(f.profile.get("evictionPolicy")),
    ),
    ScaleSetRule(
        "MaxPriceIsSupportedOnlyForAzureSpotVirtualMachines",
        "properties.virtualMachineProfile.billingProfile.maxPrice",
        "Max price is supported only for Azure Spot Virtual Machines.",
        lambda f: _at(f.profile, "billingProfile.maxPrice") is not None,
    ),
    ScaleSetRule(
        "SpotRestorationIsSupportedOnlyForAzureSpotScaleSets",
        "properties.spotRestorePolicy",
        "Spot restoration is supported only for Azure Spot Virtual Machine Scale Sets.",
        lambda f: bool(_at(f.properties, "spotRestorePolicy.enabled")),
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.virtualMachineProfile.scheduledEventsProfile.terminateNotificationProfile.notBeforeTimeout",
        "notBeforeTimeout must be PT5M to PT15M.",
        lambda f: (
            _at(f.profile, "scheduledEventsProfile.terminateNotificationProfile.notBeforeTimeout")
            not in (None, *(f"PT{minutes}M" for minutes in range(5, 16)))
        ),
    ),
)

ALWAYS = (
    ScaleSetRule(
        "InvalidParameter",
        "properties.singlePlacementGroup",
        "A capacity reservation does not work with a single placement group.",
        lambda f: bool(f.profile.get("capacityReservation")) and f.properties.get("singlePlacementGroup") is True,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.proximityPlacementGroup",
        "A proximity placement group cannot be used with a capacity reservation.",
        lambda f: bool(f.profile.get("capacityReservation") and f.properties.get("proximityPlacementGroup")),
    ),
    ScaleSetRule(
        "InvalidParameter",
        "zones",
        "A proximity placement group cannot span zones.",
        lambda f: bool(f.properties.get("proximityPlacementGroup")) and len(f.body.get("zones") or ()) > 1,
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.virtualMachineProfile.osProfile.customData",
        "Custom data in OSProfile must be in Base64 encoding and with a maximum length of 87380 characters.",
        lambda f: (
            _custom_data(f) is None
            or len(_custom_data(f) or b"") > CUSTOM_DATA_BYTES
            or len(_at(f.profile, "osProfile.customData") or "") > CUSTOM_DATA_BASE64
        ),
    ),
    ScaleSetRule(
        "InvalidParameter",
        "properties.virtualMachineProfile.securityProfile.uefiSettings.secureBootEnabled",
        "The NVIDIA driver extension does not support Secure Boot.",
        lambda f: bool(_at(f.profile, "securityProfile.uefiSettings.secureBootEnabled")) and _nvidia_extension(f),
    ),
    ScaleSetRule(
        "OperationNotAllowed",
        "properties.virtualMachineProfile.extensionProfile",
        "The ubuntu-hpc image already has the NVIDIA driver; drop the extension.",
        lambda f: _at(f.profile, "storageProfile.imageReference.offer") == "ubuntu-hpc" and _nvidia_extension(f),
    ),
)
