"""The VM sizes of the catalog with their prices in a region, as `tfinfra catalog sizes` lists them."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.catalog.prices import PriceBook
from tfinfra.catalog.sizes import sizes


@dataclass(frozen=True)
class SizeOffer:
    """A VM size: `gpu` is the kind of its GPUs; prices are US dollars an hour at Linux list price, None where unknown;
    `cheapest_in` is the region with the lowest price, the first by name of several, None where no price is known."""

    size: str
    vcpus: int
    memory_gib: float
    gpus: int
    gpu: str | None
    infiniband: bool
    usd_per_hour: float | None
    spot_usd_per_hour: float | None
    cheapest_in: str | None


def size_offers(book: PriceBook, region: str, *, gpu: bool = False) -> list[SizeOffer]:
    """All sizes, or with `gpu` those that have GPUs, with their prices in `region`."""
    offers: list[SizeOffer] = []
    for size in sizes():
        if gpu and not size.gpus:
            continue
        prices = {at: usd for at in book.regions if (usd := book.vm(size.name, at)) is not None}
        offers.append(
            SizeOffer(
                size=size.name,
                vcpus=size.cores,
                memory_gib=size.memory_gib,
                gpus=size.gpus,
                gpu=size.gpu_kind,
                infiniband=size.infiniband,
                usd_per_hour=book.vm(size.name, region),
                spot_usd_per_hour=book.vm(size.name, region, spot=True),
                cheapest_in=min(prices, key=lambda at: (prices[at], at)) if prices else None,
            )
        )
    return offers
