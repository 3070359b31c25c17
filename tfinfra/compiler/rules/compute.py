"""Rules on what a target says of its machines: image, price, reservation, subnet, and whether its sizes are
alternatives."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.features import features
from tfinfra.catalog.images import HPC_IMAGE, image_features, image_of
from tfinfra.catalog.sizes import VmSize
from tfinfra.compiler.facts import Facts
from tfinfra.compiler.target.chosen import Chosen
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.model import Target

_PINNED = f"{HPC_IMAGE.publisher}:{HPC_IMAGE.offer}:{HPC_IMAGE.sku}:{HPC_IMAGE.version}"


def compute_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules, at the target's own lines."""
    manifest, chosen, target = facts.manifest, facts.chosen, facts.chosen.target
    if target is None:
        return
    yield from _alternatives(chosen)
    yield from _image(chosen, target)
    yield from _price(chosen, target)
    yield from _one_place(chosen, target)
    if manifest.sound("node_count"):
        yield from _reservation(chosen, target, manifest.node_count)


def _alternatives(chosen: Chosen) -> Iterator[Diagnostic]:
    """One plan of the tasks serves all sizes, so their nodes must have the same GPUs."""
    first = chosen.sizes[0]
    for index, other in enumerate(chosen.sizes):
        if (other.gpus, other.gpu_kind) != (first.gpus, first.gpu_kind):
            message = f"{first.name} has {_gpus(first)}, and {other.name} has {_gpus(other)}"
            hint = "list sizes whose nodes have the same GPUs"
            yield error_at(chosen.document, "TFI677", chosen.at("vm_size", index), message, hint)


def _gpus(machine: VmSize) -> str:
    return f"{machine.gpus} x {machine.gpu_kind}" if machine.gpus else "no GPU"


def _image(chosen: Chosen, target: Target) -> Iterator[Diagnostic]:
    if target.image is None:
        return
    image, path = image_of(target.image), chosen.at("image")
    known = image_features(image)
    for machine in chosen.sizes if known else ():
        boots = features(machine.name).generations
        if known and (known.generation not in boots or known.architecture != machine.architecture):
            made = f"{known.architecture} of Generation {known.generation[1:]}"
            needs = f"{machine.architecture} of Generation {' or '.join(sorted(g[1:] for g in boots))}"
            message = f"the image is for {made}, and {machine.name} is {needs}"
            yield error_at(chosen.document, "TFI670", path, message, f"for example image: {_PINNED}")
    if image.newest:
        message = "the image's version is not pinned: another run may boot another image"
        hint = "write the version's number"
        yield error_at(chosen.document, "TFI671", path, message, hint, severity=Severity.WARNING)


def _price(chosen: Chosen, target: Target) -> Iterator[Diagnostic]:
    document, path = chosen.document, chosen.at("max_price")
    if target.max_price is None:
        return
    if target.vm_priority != "low_priority":
        message = "max_price is the limit of low-priority nodes, and vm_priority is dedicated"
        yield error_at(document, "TFI675", path, message, "write vm_priority: low_priority, or remove it", at="key")
        return
    places = (target.location, *target.other_locations)
    listed = [price for s in chosen.sizes for place in places if (price := s.usd_per_hour.get(place))]
    if listed and target.max_price >= max(listed):
        message = f"max_price is {target.max_price:g}, and a dedicated node costs {max(listed):g} an hour"
        hint = "remove it: no low-priority node costs more than a dedicated one"
        yield error_at(document, "TFI676", path, message, hint, severity=Severity.WARNING)


def _one_place(chosen: Chosen, target: Target) -> Iterator[Diagnostic]:
    """A subnet and a reservation group are of one location and one subscription, which the nodes must share."""
    for key, what in (("subnet_id", "a subnet"), ("capacity_reservation_id", "a capacity reservation group")):
        id_ = getattr(target, key)
        if id_ is not None and target.other_locations:
            where = chosen.document.line(chosen.at("location"))
            message = f"{what} is in one location, and 'location' is a list{where}"
            yield error_at(chosen.document, "TFI678", chosen.at(key), message, "name the one that it is in", at="key")
        if id_ is not None and target.subscription_id and id_.split("/")[2].lower() != target.subscription_id.lower():
            where = chosen.document.line(chosen.at("subscription_id"))
            message = f"'{key}' is of another subscription than 'subscription_id'{where}"
            yield error_at(chosen.document, "TFI679", chosen.at(key), message, "both must be of one")


def _reservation(chosen: Chosen, target: Target, nodes: int) -> Iterator[Diagnostic]:
    """learn.microsoft.com/azure/virtual-machines/capacity-reservation-overview, "Limitations and restrictions"."""
    if target.capacity_reservation_id is None:
        return
    document, path = chosen.document, chosen.at("capacity_reservation_id")
    if target.vm_priority == "low_priority":
        message = "low-priority nodes cannot use reserved capacity"
        yield error_at(document, "TFI673", path, message, "remove it, or write vm_priority: dedicated", at="key")
    for machine in chosen.sizes:
        if machine.infiniband and nodes > 1:
            message = f"{nodes} x {machine.name} are one placement group on InfiniBand: no capacity reservation"
            yield error_at(document, "TFI672", path, message, "remove it", at="key")
        elif not features(machine.name).capacity_reservation:
            message = f"Azure reserves no capacity of {machine.name}"
            yield error_at(document, "TFI674", path, message, "remove it", at="key")
