"""What a plan costs an hour at list price, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfinfra.catalog.meters import HOURS_A_MONTH, disk_tier
from tfinfra.catalog.prices import PriceBook
from tfinfra.model import Infrastructure, Plan, PriceLine, Target
from tfinfra.money.budget import Burn

SHARE_GIB = 100
"""The smallest share of Azure Files' premium tier, and what the stacks make (stacks/shared.py)."""
_RUNS_AN_HOUR = 12
"""The timer's: every five minutes."""


def price_lines(plan: Plan, target: Target, book: PriceBook, choice: int = 0) -> tuple[PriceLine, ...]:
    """One line for each thing that is billed by time; a line's price is for all of its quantity. `choice` numbers the
    plan's infrastructures."""
    return (*_compute_lines(plan.choices[choice], target, book), *_keep_lines(plan, target, book))


def total(lines: Iterable[PriceLine]) -> float | None:
    """US dollars an hour; None where one of the lines has no price."""
    prices = [line.usd_per_hour for line in lines]
    return None if None in prices else round(sum(price for price in prices if price is not None), 4)


def burn_of(lines: Sequence[PriceLine]) -> Burn:
    """What the lines cost an hour, by group; a line without a price counts for nothing."""

    def of(part: str) -> float:
        return sum(line.usd_per_hour or 0.0 for line in lines if line.part == part)

    return Burn(of("compute"), of("keep"))


def dearest_lines(plan: Plan, target: Target, book: PriceBook) -> tuple[PriceLine, ...]:
    """The lines of the dearest of the plan's infrastructures, as a run may end up there: an unknown price comes before
    all others."""
    lines = [price_lines(plan, target, book, choice) for choice in range(len(plan.choices))]
    return max(lines, key=lambda some: (total(some) is None, burn_of(some).total))


def unknown_prices(lines: Iterable[PriceLine]) -> tuple[str, ...]:
    """What has no price, as the lines call it."""
    return tuple(line.item for line in lines if line.usd_per_hour is None)


def node_price(target: Target, size: str, location: str, book: PriceBook) -> float | None:
    """US dollars an hour that one node costs at most: a low-priority one never more than max_price, or than a dedicated
    one where there is none, whatever the spot price does
    (learn.microsoft.com/azure/virtual-machine-scale-sets/use-spot#pricing)."""
    if target.vm_priority == "low_priority" and target.max_price is not None:
        return target.max_price
    return book.vm(size, location)


def _compute_lines(made: Infrastructure, target: Target, book: PriceBook) -> Iterable[PriceLine]:
    """Nodes, their system disks, and the network."""
    nodes, location = made.node_count, made.location
    price = node_price(target, made.vm_size, location, book)
    item = made.vm_size
    if target.vm_priority == "low_priority":
        spot = book.vm(made.vm_size, location, spot=True)
        item += ", low priority, at most" + (f" (spot: {spot:.3f} each)" if spot is not None else "")
    yield PriceLine(item, nodes, _times(price, nodes))
    disk = f"system disk, {made.os_disk_gb} GB"
    if made.ephemeral_os_disk:
        yield PriceLine(f"{disk} of the node's own disk", nodes, 0.0)
    else:
        tier = disk_tier(made.os_disk_gb)
        yield PriceLine(f"{disk} ({tier})", nodes, _times(_hourly(book.price(f"disk {tier}", location)), nodes))
    if target.subnet_id is None:
        yield PriceLine("NAT gateway", 1, book.price("nat_gateway", location))
        yield PriceLine("public address of the NAT gateway", 1, book.price("public_ip", location))
    if made.shared_directory:
        yield PriceLine("private endpoint of the shared directory", 1, book.price("private_endpoint", location))
    if made.shared_directory and target.subnet_id is None:
        yield PriceLine("private DNS zone of the endpoint", 1, _hourly(book.price("dns_zone", location)))


def _keep_lines(plan: Plan, target: Target, book: PriceBook) -> Iterable[PriceLine]:
    """What outlives the nodes stays in the plan's first location, wherever those end up."""
    made = plan.infrastructure
    if made.shared_directory:
        price = _hourly(book.price("premium_files", made.location))
        yield PriceLine(f"storage: shared directory, {SHARE_GIB} GiB", 1, _times(price, SHARE_GIB), "keep")
    if target.reaper_id is None:
        action = book.price("workflow_action", made.location)
        actions = 1 + 2 * (len(plan.choices) + 1)  # a trigger; a look and a decision for each group that there may be
        yield PriceLine("timer, its actions", 1, _times(action, actions * _RUNS_AN_HOUR), "keep")


def _hourly(usd_per_month: float | None) -> float | None:
    return None if usd_per_month is None else usd_per_month / HOURS_A_MONTH


def _times(price: float | None, quantity: int) -> float | None:
    return None if price is None else price * quantity
