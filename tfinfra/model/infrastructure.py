"""What the stacks build."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """A marketplace image by its four names, or by `id` one of a gallery or of the subscription (an ARM id)."""

    publisher: str | None = None
    offer: str | None = None
    sku: str | None = None
    version: str | None = None
    id: str | None = None

    @property
    def name(self) -> str:
        """As a manifest names it: "publisher:offer:sku:version", or its ARM id."""
        return self.id or ":".join(part or "" for part in (self.publisher, self.offer, self.sku, self.version))

    @property
    def newest(self) -> bool:
        """Whether it is the newest version there is when a machine boots, and not a certain one."""
        if self.id is None:
            return self.version == "latest"
        return "/galleries/" in self.id and ("/versions/" not in self.id or self.id.endswith("/versions/latest"))


@dataclass(frozen=True)
class Spot:
    """Nodes that Azure may take back. `max_price` is US dollars an hour and node; -1: up to the dedicated price."""

    max_price: float


@dataclass(frozen=True)
class Access:
    """What others made for runs of this target, None where a run makes its own: the ARM ids of the nodes' identity and
    of a workflow that deletes expired groups, and the URL of a container."""

    identity_id: str | None = None
    store: str | None = None
    reaper_id: str | None = None


@dataclass(frozen=True)
class Infrastructure:
    """What the stacks build. `orchestration_mode` is "Uniform" (InfiniBand, several nodes) or "Flexible".

    `ephemeral_os_disk`: the system disk lies on the node's own temporary disk and costs nothing. `security_type` is
    "TrustedLaunch" or "Standard". `spot` is None for dedicated nodes. With a `subnet_id` (an ARM id) the nodes join
    that subnet, and `address_space` and `subnet_prefix` mean nothing. `proximity_placement`: all in one data centre.
    """

    location: str
    vm_size: str
    node_count: int
    orchestration_mode: str
    infiniband: bool
    accelerated_networking: bool
    security_type: str
    image: Image
    os_disk_gb: int
    address_space: str
    subnet_prefix: str
    shared_directory: bool
    tags: dict[str, str]
    ephemeral_os_disk: bool = False
    spot: Spot | None = None
    zone: str | None = None
    subnet_id: str | None = None
    capacity_reservation_id: str | None = None
    proximity_placement: bool = False
    access: Access = Access()
