"""What a plan costs an hour at list price."""

from __future__ import annotations

from collections.abc import Sequence

from tfinfra.catalog.prices import usd_per_hour
from tfinfra.catalog.sizes import size
from tfinfra.model import Infrastructure, Plan, PriceLine

_SHARE_GIB = 100  # the smallest share of Azure Files' premium tier


def price_lines(plan: Plan, choice: int = 0) -> tuple[PriceLine, ...]:
    """One line for each thing that is billed by the hour; a line's price is for all of its quantity. `choice` numbers
    the plan's infrastructures."""
    made = plan.choices[choice]
    return (_nodes(made), *_disks(made), *_network(made))


def total(lines: Sequence[PriceLine]) -> float | None:
    """US dollars an hour; None where one of the lines has no price."""
    prices = [line.usd_per_hour for line in lines]
    return None if None in prices else round(sum(price for price in prices if price is not None), 4)


def _nodes(made: Infrastructure) -> PriceLine:
    known = size(made.vm_size)
    price = known.usd_per_hour.get(made.location) if known else None
    if made.spot and made.spot.max_price > 0:
        price = min(price, made.spot.max_price) if price is not None else made.spot.max_price
    count, item = made.node_count, f"{made.vm_size}, low priority (at most)" if made.spot else made.vm_size
    return PriceLine(item, count, round(price * count, 4) if price is not None else None)


def _disks(made: Infrastructure) -> list[PriceLine]:
    disks = round(usd_per_hour("os_disk_gib") * made.os_disk_gb * made.node_count, 4)
    lines = [PriceLine(f"system disk, {made.os_disk_gb} GB", made.node_count, disks)]
    if made.ephemeral_os_disk:
        lines = [PriceLine(f"system disk, {made.os_disk_gb} GB of the node's own disk", made.node_count, 0.0)]
    if made.shared_directory:
        share = round(usd_per_hour("shared_files_gib") * _SHARE_GIB + usd_per_hour("private_endpoint"), 4)
        lines.append(PriceLine(f"shared directory, {_SHARE_GIB} GiB, with its private endpoint", 1, share))
    return lines


def _network(made: Infrastructure) -> list[PriceLine]:
    if made.subnet_id is not None:
        return []
    return [
        PriceLine("NAT gateway", 1, usd_per_hour("nat_gateway")),
        PriceLine("public address of the NAT gateway", 1, usd_per_hour("public_ip")),
    ]
