"""What a VM size can boot, and on which disk: rules of the compute service that need to know sizes and images.

ARM's codes and messages are those that users of Azure quote: BadRequest for generations (loft-sh/devpod issue 731),
NotSupported for ephemeral disks (microsoft/lisa pull request 1878), InvalidParameter for a security type that the
subscription has no feature for (Azure/azure-cli issue 31234).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfinfra.catalog.features import features
from tfinfra.catalog.images import image_features
from tfinfra.localcloud.arm.checks.types import Violation
from tfinfra.model import Image

_PROFILE = "properties.virtualMachineProfile"
_NAMES = ("publisher", "offer", "sku", "version")


def check_machine(body: dict[str, Any]) -> list[Violation]:
    """The rules that the machines of a scale set's `body` break."""
    profile = (body.get("properties") or {}).get("virtualMachineProfile") or {}
    size = str((body.get("sku") or {}).get("name", ""))
    storage = profile.get("storageProfile") or {}
    security = str((profile.get("securityProfile") or {}).get("securityType") or "")
    return [*_image(size, storage), *_security(size, security), *_disk(size, storage, security)]


def _image(size: str, storage: dict[str, Any]) -> Iterator[Violation]:
    reference, path = storage.get("imageReference") or {}, f"{_PROFILE}.storageProfile.imageReference"
    named = {name: str(reference[name]) for name in _NAMES if reference.get(name)}
    if bool(reference.get("id")) == (len(named) == len(_NAMES)):
        text = "Parameter 'imageReference' needs either an id, or publisher, offer, sku and version."
        yield Violation("InvalidParameter", path, text)
        return
    known = image_features(Image(**named)) if named else None
    if known and known.generation not in features(size).generations:
        number = known.generation[1:]
        text = (
            f"The selected VM size '{size}' cannot boot Hypervisor Generation '{number}'. If this was a Create "
            "operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of "
            "the selected VM Size. For more information, see https://aka.ms/azuregen2vm"
        )
        yield Violation("BadRequest", path, text)


def _security(size: str, security: str) -> Iterator[Violation]:
    path = f"{_PROFILE}.securityProfile.securityType"
    if security == "Standard":
        yield Violation("InvalidParameter", path, "The value of parameter securityProfile.securityType is invalid.")
    if security == "TrustedLaunch" and not features(size).trusted_launch:
        text = f"The VM size '{size}' is not supported for creation of VMs and Virtual Machine Scale Set with "
        yield Violation("BadRequest", path, f"{text}'TrustedLaunch' security type.")


def _disk(size: str, storage: dict[str, Any], security: str) -> Iterator[Violation]:
    disk, path = storage.get("osDisk") or {}, f"{_PROFILE}.storageProfile.osDisk"
    settings = disk.get("diffDiskSettings") or {}
    if settings.get("option") != "Local":
        return
    if disk.get("caching") != "ReadOnly":
        yield Violation("InvalidParameter", f"{path}.caching", "Ephemeral OS disks need caching ReadOnly.")
    trusted = security == "TrustedLaunch"
    if not features(size).holds_os_disk(int(disk.get("diskSizeGB") or 0), trusted_launch=trusted):
        room = max(features(size).temp_disk_gib - trusted, 0)
        text = (
            f"OS disk of Ephemeral VM with size greater than {room} GB is not allowed for VM size {size} when the "
            f"DiffDiskPlacement is {settings.get('placement') or 'CacheDisk'}. Please refer to https://aka.ms/Ephemeral."
        )
        yield Violation("NotSupported", f"{path}.diffDiskSettings", text)
