"""The image: there in that location, of a generation and architecture that the size boots, with a GPU driver in it.

Source: learn.microsoft.com/azure/virtual-machines/generation-2 and the image resources' documents
(learn.microsoft.com/rest/api/compute/virtual-machine-images/get, .../gallery-images/get). A request for machines of an
image with a plan must name the plan (VMMarketplaceInvalidInput,
learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/error-messages).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.azure.preflight.capacity.sku import Offer
from tfinfra.azure.preflight.finding import ArmReply, Finding
from tfinfra.catalog.drivers import has_driver
from tfinfra.errors import Severity
from tfinfra.model import Plan
from tfinfra.text.wording import shell_word


@dataclass(frozen=True)
class ImageAnswer:
    """What ARM says of an image: `itself`, what `describes` it (of a gallery's version its definition, else itself),
    and the marketplace's `versions` of its SKU, None for one's own."""

    itself: ArmReply
    describes: ArmReply
    versions: ArmReply | None = None


def newest(versions: ArmReply) -> str | None:
    """The highest of a marketplace SKU's versions, which are three numbers each; None where there is none."""
    names = [str(entry.get("name")) for entry in versions.values]
    return max(names, key=lambda name: [int(part) for part in name.split(".") if part.isdigit()], default=None)


def definition_of(image_id: str) -> str:
    """The id that describes an image: a gallery's version is described by its definition."""
    return image_id.partition("/versions/")[0]


def findings(plan: Plan, answer: ImageAnswer, offered: Offer | None) -> Iterator[Finding]:
    """What speaks against the image."""
    name = plan.infrastructure.image.name
    # the compiler has warned of an image that nobody has looked into (compiler/rules/gpus.py)
    if plan.use_gpu and has_driver(plan.infrastructure.image) is False:
        message = f"use_gpu is true, and the image {name} has no NVIDIA driver"
        yield Finding("TFI611", "image", message, "use microsoft-dsvm:ubuntu-hpc, which has it, or leave image out")
    if answer.itself.status == 404 or answer.describes.status == 404:
        versions = [str(entry.get("name")) for entry in answer.versions.values] if answer.versions else []
        yield Finding("TFI609", "image", f"the image {name} is not there", _instead(plan, versions))
    elif answer.describes.ok:
        properties = answer.describes.body.get("properties") or {}
        yield from _generation(name, properties, offered)
        yield from _age(name, properties, _instead(plan, []))
        # the marketplace's images have a `plan`, those of a gallery that were made of one a `purchasePlan`
        if terms := properties.get("plan") or properties.get("purchasePlan"):
            sold = f"is sold under the plan '{terms.get('name')}', and tfinfra names no plan to Azure"
            yield Finding("TFI625", "image", f"the image {name} {sold}", "take an image without a plan")


def _instead(plan: Plan, versions: list[str]) -> str:
    """What to take in place of an image that cannot be used, and how to look for it."""
    image, location = plan.infrastructure.image, plan.infrastructure.location
    if image.id is not None:
        shown = f"`az resource show --ids {shell_word(image.id)}` says whether you see it"
        return f"{shown}; leave image out for tfinfra's own choice"
    if versions:
        return f"there are versions {', '.join(versions[-3:])}"
    which = f"--publisher {image.publisher} --offer {image.offer} --sku {image.sku}"
    return f"`az vm image list --location {location} {which} --all` lists what is there; or leave image out"


def _generation(name: str, properties: Mapping[str, Any], offered: Offer | None) -> Iterator[Finding]:
    if offered is None:
        return
    given = str(properties.get("hyperVGeneration") or "V1")
    boots = offered.capabilities.get("HyperVGenerations", given).split(",")
    if given not in boots:
        message = f"the image {name} is of generation {given}; {offered.name} boots {' and '.join(boots)}"
        yield Finding("TFI610", "image", message, f"take an image of generation {boots[-1]}")
    made = str(properties.get("architecture") or "x64")
    runs = offered.capabilities.get("CpuArchitectureType", made)
    if made.lower() != runs.lower():
        message = f"the image {name} is for {made} processors; {offered.name} has {runs}"
        yield Finding("TFI610", "image", message, f"take an image for {runs} processors, or leave image out")


def _age(name: str, properties: Mapping[str, Any], instead: str) -> Iterator[Finding]:
    status = properties.get("imageDeprecationStatus") or {}
    state = status.get("imageState", "Active")
    if state == "Deprecated":
        yield Finding("TFI612", "image", f"the image {name} is deprecated: new machines cannot use it", instead)
    elif state == "ScheduledForDeprecation":
        when = status.get("scheduledDeprecationTime", "a day to come")
        message = f"the image {name} will be deprecated on {when}"
        yield Finding("TFI612", "image", message, instead, Severity.WARNING)


def summary(plan: Plan, answer: ImageAnswer) -> str:
    """One line for a person."""
    if not answer.describes.ok:
        return "not known"
    generation = (answer.describes.body.get("properties") or {}).get("hyperVGeneration", "V1")
    return f"{plan.infrastructure.image.name} is there, generation {generation}"
