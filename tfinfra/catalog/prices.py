"""List prices as one value, the PriceBook: what was shipped, and what `tfinfra catalog refresh` has fetched since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tfinfra.catalog.data_files import data_file
from tfinfra.catalog.sizes import sizes
from tfinfra.model import UsageRate

EVERYWHERE = "everywhere"
"""The region of meters that cost the same in all regions."""


@dataclass(frozen=True)
class RegionPrices:
    """US dollars by meter: a VM size (an hour), "<size> spot" (an hour), or a key of meters.py (its unit). All were
    read on `date`, an ISO day."""

    date: str
    meters: Mapping[str, float]


@dataclass(frozen=True)
class PriceBook:
    """Prices by region. A region is read at once, so that a date stands for all of its prices."""

    regions: Mapping[str, RegionPrices]

    def price(self, meter: str, location: str) -> float | None:
        """US dollars in the meter's unit, None where the book does not know it."""
        for region in (location, EVERYWHERE):
            found = self.regions.get(region)
            if found is not None and meter in found.meters:
                return found.meters[meter]
        return None

    def vm(self, size: str, location: str, *, spot: bool = False) -> float | None:
        """US dollars an hour of one node of `size` (in the catalog's spelling), Linux, pay as you go or spot."""
        return self.price(spot_meter(size) if spot else size, location)

    def date(self, location: str) -> str:
        """The day on which the prices of `location` were read, "" where there are none."""
        found = self.regions.get(location) or self.regions.get(EVERYWHERE)
        return found.date if found else ""

    def newest(self, other: PriceBook) -> PriceBook:
        """Both books in one: of each region the later one's prices; of two of the same day `other`'s. What costs the
        same everywhere is taken meter by meter, as a refresh asks for some of it only."""
        regions = dict(self.regions)
        for region, prices in other.regions.items():
            own = regions.get(region)
            if own is not None and own.date > prices.date:
                continue
            kept = own.meters if own is not None and region == EVERYWHERE else {}
            regions[region] = RegionPrices(prices.date, {**kept, **prices.meters})
        return PriceBook(regions)


def spot_meter(size: str) -> str:
    return f"{size} spot"


@cache
def shipped_book() -> PriceBook:
    """The snapshot that this tfinfra came with. Data and sources: data/*_sizes.json, data/other_prices.json."""
    others: dict[str, Any] = data_file("other_prices")
    meters: dict[str, dict[str, float]] = {EVERYWHERE: dict(others["everywhere"])}
    for size in sizes():
        for region, usd in size.usd_per_hour.items():
            meters.setdefault(region, {})[size.name] = usd
    for region, prices in others["regions"].items():
        meters.setdefault(region, {}).update(prices)
    return PriceBook({region: RegionPrices(others["date"], prices) for region, prices in meters.items()})


def usage_rates(items: Collection[str]) -> tuple[UsageRate, ...]:
    """What is billed by bytes and calls, at East US's list price, beside the `items` that are billed by time: no limit
    of time holds it."""
    rows = [row for row in data_file("other_prices")["usage"] if row.get("beside") in (None, *items)]
    return tuple(UsageRate(row["item"], row["usd"], row["per"]) for row in rows)
