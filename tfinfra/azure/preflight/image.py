"""The image: there in that location, of a generation and architecture that the size boots, with a GPU driver in it.

Source: learn.microsoft.com/azure/virtual-machines/generation-2 and the image resources' documents
(learn.microsoft.com/rest/api/compute/virtual-machine-images/get).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.azure.preflight.finding import Finding, Reply
from tfinfra.azure.preflight.sku import Offer
from tfinfra.catalog.drivers import has_driver
from tfinfra.errors import Severity
from tfinfra.model import Image


def findings(image: Image, reply: Reply, versions: Reply, offered: Offer | None, *, use_gpu: bool) -> Iterator[Finding]:
    """What speaks against the image. `versions` lists those of its SKU that are there."""
    yield from _driver(image, use_gpu)
    if reply.status == 404:
        there = [str(entry.get("name")) for entry in versions.values]
        hint = f"there are versions {', '.join(there[-3:])}" if there else "no version of it is there"
        yield Finding("TFI609", "image", f"the image {name_of(image)} is not there", hint)
    elif reply.ok:
        properties = reply.body.get("properties") or {}
        yield from _generation(image, properties, offered)
        yield from _age(image, properties)


def name_of(image: Image) -> str:
    return ":".join((image.publisher, image.offer, image.sku, image.version))


def _generation(image: Image, properties: Mapping[str, Any], offered: Offer | None) -> Iterator[Finding]:
    if offered is None:
        return
    given = str(properties.get("hyperVGeneration") or "V1")
    boots = offered.capabilities.get("HyperVGenerations", given).split(",")
    if given not in boots:
        message = f"the image {name_of(image)} is of generation {given}; {offered.name} boots {' and '.join(boots)}"
        yield Finding("TFI610", "image", message, f"take an image of generation {boots[-1]}")
    made = str(properties.get("architecture") or "x64")
    runs = offered.capabilities.get("CpuArchitectureType", made)
    if made.lower() != runs.lower():
        message = f"the image {name_of(image)} is for {made} processors; {offered.name} has {runs}"
        yield Finding("TFI610", "image", message)


def _driver(image: Image, use_gpu: bool) -> Iterator[Finding]:
    known = has_driver(image) if use_gpu else True
    if known is False:
        message = f"use_gpu is true, and the image {name_of(image)} has no NVIDIA driver"
        yield Finding("TFI611", "image", message, "use microsoft-dsvm:ubuntu-hpc, which has it, or leave image out")
    elif known is None:
        message = f"use_gpu is true; whether the image {name_of(image)} has an NVIDIA driver is not known"
        yield Finding("TFI611", "image", message, severity=Severity.WARNING)


def _age(image: Image, properties: Mapping[str, Any]) -> Iterator[Finding]:
    status = properties.get("imageDeprecationStatus") or {}
    state = status.get("imageState", "Active")
    if state == "Deprecated":
        yield Finding("TFI612", "image", f"the image {name_of(image)} is deprecated: new machines cannot use it")
    elif state == "ScheduledForDeprecation":
        message = (
            f"the image {name_of(image)} will be deprecated on {status.get('scheduledDeprecationTime', 'some day')}"
        )
        yield Finding("TFI612", "image", message, severity=Severity.WARNING)


def summary(image: Image, reply: Reply) -> str:
    """One line for a person."""
    if not reply.ok:
        return "not known"
    generation = (reply.body.get("properties") or {}).get("hyperVGeneration", "V1")
    return f"{name_of(image)} is there, generation {generation}"
