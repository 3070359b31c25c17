"""The images that the local cloud has, as Microsoft.Compute's image resources describe them: some of the marketplace,
and every image of a gallery, because galleries are shared between subscriptions."""

from __future__ import annotations

from typing import Any

from tfinfra.catalog.images import HPC_IMAGE
from tfinfra.localcloud.arm.subscription.subscription_settings import SubscriptionSettings
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

_PROPERTIES: dict[str, Any] = {
    "hyperVGeneration": "V2",
    "architecture": "x64",
    "osDiskImage": {"operatingSystem": "Linux", "sizeInGb": 64},
    "dataDiskImages": [],
    "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
    "imageDeprecationStatus": {"imageState": "Active"},
}
_GEN1: dict[str, Any] = {**_PROPERTIES, "hyperVGeneration": "V1"}
# "publisher:offer:sku": (versions, properties)
_IMAGES: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "microsoft-dsvm:ubuntu-hpc:2204": (("22.04.2026052601",), _PROPERTIES),
    "microsoft-dsvm:ubuntu-hpc:2404": ((str(HPC_IMAGE.version),), _PROPERTIES),
    "canonical:ubuntu-24_04-lts:server": (("24.04.202605260",), _PROPERTIES),
    "canonical:ubuntu-24_04-lts:server-gen1": (("24.04.202605260",), _GEN1),
}


def image(settings: SubscriptionSettings, location: str, names: tuple[str, ...]) -> dict[str, Any]:
    """The document of publisher, offer, sku and version. Raises ArmRefusal (404) as compute does."""
    publisher, offer, sku, version = names
    versions, properties = _IMAGES.get(_key(publisher, offer, sku), ((), {}))
    wanted = ":".join(names).lower()
    changes = [c.changes for c in settings.images if c.image.lower() == wanted]
    if None in changes or (version not in versions and not changes):
        raise ArmRefusal(404, "NotFound", "Artifact: VMImage was not found.")
    content = dict(properties or _PROPERTIES)
    for change in changes:
        content.update(change or {})
    return {"location": location, "name": version, "id": _id(location, names), "properties": content}


def shared(settings: SubscriptionSettings, id_: str) -> dict[str, Any]:
    """The document of a gallery's image or version. Raises ArmRefusal (404) where the settings say so."""
    changes = [c.changes for c in settings.images if c.image.lower() == id_.lower()]
    if None in changes:
        raise ArmRefusal(404, "ResourceNotFound", f"The Resource '{id_}' was not found.")
    content = {name: _PROPERTIES[name] for name in ("hyperVGeneration", "architecture")}
    for change in changes:
        content.update(change or {})
    return {"id": id_, "name": id_.rpartition("/")[2], "properties": content}


def versions(settings: SubscriptionSettings, location: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The versions of publisher, offer and sku, oldest first. Raises ArmRefusal (404)."""
    key = _key(*names)
    known = _IMAGES.get(key, ((), {}))[0]
    gone = {c.image.lower() for c in settings.images if c.changes is None}
    more = [c.image.split(":")[3] for c in settings.images if c.changes and c.image.lower().startswith(f"{key}:")]
    found = [v for v in dict.fromkeys((*known, *more)) if f"{key}:{v}" not in gone]
    if key not in _IMAGES and not more:
        raise ArmRefusal(404, "NotFound", "Artifact: VMImage was not found.")
    return [{"location": location, "name": v, "id": _id(location, (*names, v))} for v in sorted(found)]


def _key(publisher: str, offer: str, sku: str) -> str:
    return f"{publisher}:{offer}:{sku}".lower()


def _id(location: str, names: tuple[str, ...]) -> str:
    publisher, offer, sku, version = names
    base = f"/Subscriptions/{SUBSCRIPTION}/Providers/Microsoft.Compute/Locations/{location}/Publishers/{publisher}"
    return f"{base}/ArtifactTypes/VMImage/Offers/{offer}/Skus/{sku}/Versions/{version}"
