"""What Azure bills by time beside the nodes: each meter's name here, what it is called in the price list, its unit."""

from __future__ import annotations

from dataclasses import dataclass

HOURS_A_MONTH = 730
"""Azure's own month, by which it turns monthly prices into hourly ones (azure.microsoft.com/pricing/calculator)."""
MOST_GIB = {"P6": 64, "P10": 128, "P15": 256, "P20": 512, "P30": 1024, "P40": 2048, "P50": 4096}
"""Tiers of premium disks: a disk is billed as the smallest that holds it
(learn.microsoft.com/azure/virtual-machines/disks-types#billing)."""


@dataclass(frozen=True)
class Meter:
    """`key` is the name in a PriceBook; the others are the price list's serviceName, productName and meterName. `unit`
    is what the price is for: "hour", "month" or "GiB and month"."""

    key: str
    service: str
    product: str
    meter: str
    unit: str


METERS = (
    Meter("nat_gateway", "NAT Gateway", "NAT Gateway", "Standard Gateway", "hour"),
    Meter("public_ip", "Virtual Network", "IP Addresses", "Standard IPv4 Static Public IP", "hour"),
    Meter("private_endpoint", "Virtual Network", "Virtual Network Private Link", "Standard Private Endpoint", "hour"),
    Meter("premium_files", "Storage", "Premium Files", "Premium LRS Provisioned", "GiB and month"),
    *(Meter(f"disk {t}", "Storage", "Premium SSD Managed Disks", f"{t} LRS Disk", "month") for t in MOST_GIB),
)
"""Those that a refresh asks for. The others of the shipped snapshot cost the same everywhere, and cents."""


def disk_tier(gib: int) -> str:
    """The tier that a premium disk of `gib` GiB (at most 4,096) is billed as: 128 is "P10"."""
    return next(tier for tier, most in MOST_GIB.items() if gib <= most)
