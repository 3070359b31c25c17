"""Target + catalog → the infrastructures that would do, in the order in which they are tried."""

from __future__ import annotations

from tfinfra.catalog.features import features
from tfinfra.catalog.images import HPC_IMAGE, image_features, image_of
from tfinfra.catalog.sizes import VmSize, size
from tfinfra.model import Access, Image, Infrastructure, Spec, Spot, Target

# Clear of 172.16.0.0/16, which Azure reserves for its RDMA network; a /20 holds 4,091 nodes.
ADDRESS_SPACE, SUBNET = "10.0.0.0/16", "10.0.0.0/20"
NO_PRICE_LIMIT = -1.0
_ONE_DATA_CENTRE = 100  # nodes: as many as a single placement group holds


def infrastructures(spec: Spec) -> tuple[Infrastructure, ...]:
    """Every location of the target with every size of it that is sold there: by location, then by size, as written."""
    target = spec.target
    places = dict.fromkeys((target.location, *target.other_locations))
    sizes = [s for name in dict.fromkeys((target.vm_size, *target.other_vm_sizes)) if (s := size(name))]
    return tuple(_infrastructure(spec, where, s) for where in places for s in sizes if s.sold_in(where))


def _infrastructure(spec: Spec, location: str, size: VmSize) -> Infrastructure:
    """InfiniBand needs one placement group, which only a Uniform scale set has (Azure compute documentation)."""
    target = spec.target
    infiniband = size.infiniband and spec.node_count > 1
    image = image_of(target.image) if target.image else HPC_IMAGE
    trusted = takes_trusted_launch(size, image)
    return Infrastructure(
        location=location,
        vm_size=size.name,
        node_count=spec.all_nodes,
        orchestration_mode="Uniform" if infiniband else "Flexible",
        infiniband=infiniband,
        accelerated_networking=size.accelerated_networking,
        security_type="TrustedLaunch" if trusted else "Standard",
        image=image,
        os_disk_gb=target.os_disk_gb,
        address_space=ADDRESS_SPACE,
        subnet_prefix=SUBNET,
        shared_directory=spec.node_count > 1,
        tags=spec.tags,
        ephemeral_os_disk=features(size.name).holds_os_disk(target.os_disk_gb, trusted_launch=trusted),
        spot=spot(target),
        zone=target.zone,
        subnet_id=target.subnet_id,
        capacity_reservation_id=target.capacity_reservation_id,
        proximity_placement=wants_proximity(spec, infiniband=infiniband),
        access=Access(target.identity_id, target.store, target.reaper_id),
    )


def takes_trusted_launch(size: VmSize, image: Image) -> bool:
    """Both the size and the image must be made for it; of a custom image this is not known, so it gets Standard.

    learn.microsoft.com/azure/virtual-machines/trusted-launch (sizes, operating systems).
    """
    known = image_features(image)
    return features(size.name).trusted_launch and known is not None and known.trusted_launch


def spot(target: Target) -> Spot | None:
    """The terms of low-priority nodes; without a max_price they cost at most what dedicated ones do."""
    if target.vm_priority != "low_priority":
        return None
    return Spot(NO_PRICE_LIMIT if target.max_price is None else float(target.max_price))


def wants_proximity(spec: Spec, *, infiniband: bool) -> bool:
    """Whether a proximity placement group keeps the nodes in one data centre: where it helps and does no harm.

    It shortens the path between nodes of one size that talk over the ordinary network; InfiniBand's single placement
    group is nearer still. Azure does not combine it with a capacity reservation. It makes capacity harder to get, which
    low-priority and very many nodes need more. It works with a zone, though not across several.
    Sources: learn.microsoft.com/azure/virtual-machines/co-location and …/capacity-reservation-overview.
    """
    target = spec.target
    plain = not infiniband and target.vm_priority == "dedicated" and target.capacity_reservation_id is None
    return plain and spec.node_count > 1 and spec.all_nodes <= _ONE_DATA_CENTRE
