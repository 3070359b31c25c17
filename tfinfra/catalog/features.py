"""What a VM size can do beside computing: disks of its own, boot types, reservations. Data and source of each series:
data/size_features.json."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tfinfra.catalog.data_files import data_file


@dataclass(frozen=True)
class SizeFeatures:
    """`generations` are those of Hyper-V that boot ("V1", "V2"). Disks are the node's own: `temp_disk_gib` is the
    temporary disk that Azure formats, 0 for none; the NVMe disks come raw, each of `nvme_disk_gib`."""

    generations: frozenset[str]
    trusted_launch: bool
    ephemeral_os_disk: bool
    capacity_reservation: bool
    temp_disk_gib: int = 0
    nvme_disks: int = 0
    nvme_disk_gib: int = 0

    @property
    def scratch_gib(self) -> int:
        """The NVMe space of a node."""
        return self.nvme_disks * self.nvme_disk_gib

    def holds_os_disk(self, gib: int, *, trusted_launch: bool) -> bool:
        """Whether a system disk of `gib` fits on the temporary disk; Trusted Launch keeps 1 GiB of it for itself
        (learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks)."""
        return self.ephemeral_os_disk and gib + trusted_launch <= min(self.temp_disk_gib, _LARGEST_GIB)


_LARGEST_GIB = 2040  # of an ephemeral system disk, on the same page
_PLAIN = SizeFeatures(frozenset({"V2"}), trusted_launch=False, ephemeral_os_disk=False, capacity_reservation=True)


def features(size: str) -> SizeFeatures:
    """The features of the size of that name, in any case; of one that is not in the data, what every size has."""
    return _by_lower_name().get(size.lower(), _PLAIN)


@cache
def _by_lower_name() -> dict[str, SizeFeatures]:
    found: dict[str, SizeFeatures] = {}
    for series in data_file("size_features")["series"]:
        common = {k: series[k] for k in ("trusted_launch", "ephemeral_os_disk", "capacity_reservation")}
        for name, disks in series["sizes"].items():
            found[name.lower()] = SizeFeatures(frozenset(series["generations"]), **common, **disks)
    return found
