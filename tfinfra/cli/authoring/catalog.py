"""`tfinfra catalog`: what sizes there are and what they cost, and prices anew from Azure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import json_option

if TYPE_CHECKING:
    from tfinfra.catalog.prices import PriceBook
    from tfinfra.catalog.sizes import VmSize

HEAD = ("SIZE", "VCPUS", "GIB", "GPUS", "INFINIBAND", "USD/H", "SPOT", "CHEAPEST IN")


@click.group(help="List VM sizes with their prices, and bring the prices up to date.")
def command() -> None:
    """The verb's two parts stand below."""


@command.command("sizes", help="List the VM sizes that a target may have: cores, memory, GPUs, list price.")
@click.option("--gpu", is_flag=True, help="Only sizes with GPUs.")
@click.option("--region", default="eastus", show_default=True, help="The Azure region that prices are shown for.")
@json_option
def sizes_command(gpu: bool, region: str, as_json: bool) -> None:
    """Prices are those of `plan`."""
    from tfinfra.catalog.sizes import sizes
    from tfinfra.cli.output import print_diagnostics, print_document, show
    from tfinfra.compiler.load import known_prices

    known = known_prices()
    book = known.book
    print_diagnostics(known.diagnostics)
    rows = [_row(size, region, book) for size in sizes() if size.gpus or not gpu]
    if as_json:
        print_document({"region": region, "prices_of": book.date(region), "sizes": rows})
        return
    show(*_table(rows))
    show(f"Linux list prices in {region}, of {book.date(region)}; `tfinfra catalog refresh` asks for today's")


def _row(size: VmSize, region: str, book: PriceBook) -> dict[str, Any]:
    prices = {place: usd for place in book.regions if (usd := book.vm(size.name, place)) is not None}
    return {
        "size": size.name,
        "vcpus": size.cores,
        "memory_gib": size.memory_gib,
        "gpus": size.gpus,
        "gpu": size.gpu_kind,
        "infiniband": size.infiniband,
        "usd_per_hour": book.vm(size.name, region),
        "spot_usd_per_hour": book.vm(size.name, region, spot=True),
        "cheapest_in": min(prices, key=lambda place: (prices[place], place)) if prices else None,
    }


def _table(rows: list[dict[str, Any]]) -> list[str]:
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    gpus = f"{row['gpus']} x {row['gpu']}" if row["gpus"] else "-"
    return (
        row["size"],
        str(row["vcpus"]),
        f"{row['memory_gib']:g}",
        gpus,
        "yes" if row["infiniband"] else "-",
        _usd(row["usd_per_hour"]),
        _usd(row["spot_usd_per_hour"]),
        row["cheapest_in"] or "-",
    )


def _usd(price: float | None) -> str:
    return "-" if price is None else f"{price:.3f}"


@command.command("refresh", help="Ask Azure's Retail Prices API for today's list prices, and use them from now on.")
@click.option("--region", "regions", multiple=True, help="Only this Azure region; may be repeated. All where absent.")
@click.option("--url", help="Another address that serves the Retail Prices API, such as a mirror.")
@json_option
def refresh_command(regions: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """The old prices stay in use where it fails. Raises RetailError."""
    from tfinfra.azure.prices.retail import URL
    from tfinfra.cli.output import print_document, progress
    from tfinfra.system.paths import prices_file

    book = _fetched(url or URL, tuple(region.lower() for region in regions))
    names = [region for region in book.regions if book.regions[region].meters and region != "everywhere"]
    count = sum(len(prices.meters) for prices in book.regions.values())
    if as_json:
        print_document({"date": _today(), "regions": names, "prices": count, "file": str(prices_file())})
    else:
        where = ", ".join(names) if len(names) <= 4 else f"{len(names)} regions"
        progress(f"{count} prices of {_today()} for {where}")


def _fetched(url: str, regions: tuple[str, ...]) -> PriceBook:
    """Fetches the prices and keeps them beside those of other regions."""
    from tfinfra.azure.prices.refresh import fetch_prices
    from tfinfra.azure.prices.retail import RetailError, http_pages
    from tfinfra.catalog.price_file import write_price_file
    from tfinfra.catalog.sizes import sizes
    from tfinfra.compiler.load import known_prices
    from tfinfra.system.paths import prices_file

    old = known_prices().book
    try:
        book = fetch_prices(http_pages(url), [size.name for size in sizes()], regions, _today())
    except RetailError as error:
        kept = ", ".join(f"{region}: {old.date(region)}" for region in regions) or old.date("eastus")
        raise RetailError(error.message, f"nothing has changed: the prices read before stay in use ({kept})") from error
    write_price_file(prices_file(), old.newest(book))
    return book


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
