"""Rules on what a target says of its machines, at the target's own lines: image, price, reservation, subnet, and
whether its sizes are alternatives."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.features import features
from tfinfra.catalog.images import HPC_IMAGE, image_features, image_of
from tfinfra.catalog.sizes import VmSize
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at

_PINNED = f"{HPC_IMAGE.publisher}:{HPC_IMAGE.offer}:{HPC_IMAGE.sku}:{HPC_IMAGE.version}"


def sizes_with_other_gpus(facts: Facts) -> Iterator[Diagnostic]:
    """One plan of the tasks serves all sizes, so their nodes must have the same GPUs."""
    chosen = facts.chosen
    if chosen.target is None:
        return

    def gpus(machine: VmSize) -> str:
        return f"{machine.gpus} x {machine.gpu_kind}" if machine.gpus else "no GPU"

    first = chosen.sizes[0]
    for index, other in enumerate(chosen.sizes):
        if (other.gpus, other.gpu_kind) != (first.gpus, first.gpu_kind):
            message = f"{first.name} has {gpus(first)}, and {other.name} has {gpus(other)}"
            hint = "list sizes whose nodes have the same GPUs"
            yield error_at(chosen.document, "TFI677", chosen.at("vm_size", index), message, hint)


def image_for_other_sizes(facts: Facts) -> Iterator[Diagnostic]:
    """An image boots on sizes of its own architecture and generation only."""
    chosen, target = facts.chosen, facts.chosen.target
    known = image_features(image_of(target.image)) if target and target.image else None
    for machine in chosen.sizes if known else ():
        boots = features(machine.name).generations
        if known and (known.generation not in boots or known.architecture != machine.architecture):
            made = f"{known.architecture} of Generation {known.generation[1:]}"
            needs = f"{machine.architecture} of Generation {' or '.join(sorted(g[1:] for g in boots))}"
            message = f"the image is for {made}, and {machine.name} is {needs}"
            yield error_at(chosen.document, "TFI670", chosen.at("image"), message, f"for example image: {_PINNED}")


def image_without_a_version(facts: Facts) -> Iterator[Diagnostic]:
    """`latest`: tomorrow's run may boot another image than today's."""
    chosen, target = facts.chosen, facts.chosen.target
    if target is not None and target.image is not None and image_of(target.image).newest:
        message = "the image's version is not pinned: another run may boot another image"
        hint = "write the version's number"
        yield error_at(chosen.document, "TFI671", chosen.at("image"), message, hint, severity=Severity.WARNING)


def useless_max_price(facts: Facts) -> Iterator[Diagnostic]:
    """A limit that nothing can reach: of dedicated nodes, or above what dedicated nodes cost."""
    document, path, target = facts.chosen.document, facts.chosen.at("max_price"), facts.chosen.target
    if target is None or target.max_price is None:
        return
    if target.vm_priority != "low_priority":
        message = "max_price is the limit of low-priority nodes, and vm_priority is dedicated"
        yield error_at(document, "TFI675", path, message, "write vm_priority: low_priority, or remove it", at="key")
        return
    locations = (target.location, *target.other_locations)
    listed = [price for s in facts.chosen.sizes for where in locations if (price := s.usd_per_hour.get(where))]
    if listed and target.max_price >= max(listed):
        message = f"max_price is {target.max_price:g}, and a dedicated node costs {max(listed):g} an hour"
        hint = "remove it: no low-priority node costs more than a dedicated one"
        yield error_at(document, "TFI676", path, message, hint, severity=Severity.WARNING)


def subnet_or_reservation_elsewhere(facts: Facts) -> Iterator[Diagnostic]:
    """A subnet and a reservation group are of one location and one subscription, which the nodes must share."""
    chosen, target = facts.chosen, facts.chosen.target
    for key, what in (("subnet_id", "a subnet"), ("capacity_reservation_id", "a capacity reservation group")):
        id_ = getattr(target, key, None)
        if target is None or id_ is None:
            continue
        if target.other_locations:
            where = chosen.document.line(chosen.at("location"))
            message = f"{what} is in one location, and 'location' is a list{where}"
            yield error_at(chosen.document, "TFI678", chosen.at(key), message, "name the one that it is in", at="key")
        if target.subscription_id and id_.split("/")[2].lower() != target.subscription_id.lower():
            where = chosen.document.line(chosen.at("subscription_id"))
            message = f"'{key}' is of another subscription than 'subscription_id'{where}"
            yield error_at(chosen.document, "TFI679", chosen.at(key), message, "both must be of one")


def unusable_reservation(facts: Facts) -> Iterator[Diagnostic]:
    """learn.microsoft.com/azure/virtual-machines/capacity-reservation-overview, "Limitations and restrictions"."""
    manifest, chosen, target = facts.manifest, facts.chosen, facts.chosen.target
    if target is None or target.capacity_reservation_id is None or not manifest.sound("node_count"):
        return
    document, path, nodes = chosen.document, chosen.at("capacity_reservation_id"), manifest.node_count
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


RULES: tuple[Rule, ...] = (
    sizes_with_other_gpus,
    image_for_other_sizes,
    image_without_a_version,
    useless_max_price,
    subnet_or_reservation_elsewhere,
    unusable_reservation,
)
