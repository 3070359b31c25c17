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
    made = plan.choices[choice]
    return (_nodes(made, target, book), _disks(made, book), *_network(made, target, book), *_kept(plan, target, book))


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


def _nodes(made: Infrastructure, target: Target, book: PriceBook) -> PriceLine:
    price = node_price(target, made.vm_size, made.location, book)
    return PriceLine(_node_item(made, target, book), made.node_count, _times(price, made.node_count))


def _node_item(made: Infrastructure, target: Target, book: PriceBook) -> str:
    if target.vm_priority != "low_priority":
        return made.vm_size
    spot = book.vm(made.vm_size, made.location, spot=True)
    return f"{made.vm_size}, low priority, at most" + (f" (spot: {spot:.3f} each)" if spot is not None else "")


def _disks(made: Infrastructure, book: PriceBook) -> PriceLine:
    if made.ephemeral_os_disk:
        return PriceLine(f"system disk, {made.os_disk_gb} GB of the node's own disk", made.node_count, 0.0)
    tier = disk_tier(made.os_disk_gb)
    price = _hourly(book.price(f"disk {tier}", made.location))
    return PriceLine(f"system disk, {made.os_disk_gb} GB ({tier})", made.node_count, _times(price, made.node_count))


def _network(made: Infrastructure, target: Target, book: PriceBook) -> Iterable[PriceLine]:
    if target.subnet_id is None:
        yield PriceLine("NAT gateway", 1, book.price("nat_gateway", made.location))
        yield PriceLine("public address of the NAT gateway", 1, book.price("public_ip", made.location))
    if made.shared_directory:
        yield PriceLine("private endpoint of the shared directory", 1, book.price("private_endpoint", made.location))
    if made.shared_directory and target.subnet_id is None:
        yield PriceLine("private DNS zone of the endpoint", 1, _hourly(book.price("dns_zone", made.location)))


def _kept(plan: Plan, target: Target, book: PriceBook) -> Iterable[PriceLine]:
    """What outlives the machines stays in the plan's first place, wherever those end up."""
    made = plan.infrastructure
    if made.shared_directory:
        price = _hourly(book.price("premium_files", made.location))
        yield PriceLine(f"storage: shared directory, {SHARE_GIB} GiB", 1, _times(price, SHARE_GIB), "keep")
    if target.reaper_id is not None:
        return
    action = book.price("workflow_action", made.location)
    actions = 1 + 2 * (len(plan.choices) + 1)  # a trigger; a look and a decision for each group that there may be
    yield PriceLine("timer, its actions", 1, _times(action, actions * _RUNS_AN_HOUR), "keep")


def _hourly(usd_per_month: float | None) -> float | None:
    return None if usd_per_month is None else usd_per_month / HOURS_A_MONTH


def _times(price: float | None, quantity: int) -> float | None:
    return None if price is None else price * quantity
