"""`tfinfra catalog`: what sizes there are and what they cost, and prices anew from Azure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, regions
from tfinfra.cli.options import json_option
from tfinfra.cli.verbosity import VerbGroup

if TYPE_CHECKING:
    from tfinfra.catalog.size_offers import SizeOffer

_HEAD = ("SIZE", "VCPUS", "GIB", "GPUS", "INFINIBAND", "USD/H", "SPOT", "CHEAPEST IN")


@click.group(cls=VerbGroup, help="List VM sizes with their prices, and bring the prices up to date.")
def command() -> None:
    """The group of the two verbs below."""


@command.command("sizes", help="List the VM sizes that a target may have: cores, memory, GPUs, list price.")
@click.option("--gpu", is_flag=True, help="Only sizes with GPUs.")
@click.option(
    "--region",
    default="eastus",
    shell_complete=completing(regions),
    show_default=True,
    help="The Azure region that prices are shown for.",
)
@json_option
def sizes_command(gpu: bool, region: str, as_json: bool) -> None:
    """Prices are those of `plan`."""
    from tfinfra.catalog.size_offers import size_offers
    from tfinfra.cli.output import print_diagnostics, print_document, show
    from tfinfra.cli.tables import show_table
    from tfinfra.compiler.load import known_prices

    region = _region(region)
    known = known_prices()
    book = known.book
    print_diagnostics(known.diagnostics)
    offers = size_offers(book, region, gpu=gpu)
    if as_json:
        print_document("catalog-sizes", {"region": region, "prices_of": book.date(region), "sizes": offers})
        return
    rows, paint = [_cells(offer) for offer in offers], {"USD/H": lambda _: "bold", "GPUS": _gpu_style}
    show_table(_HEAD, rows, paint, spare=("CHEAPEST IN", "INFINIBAND"))
    show(f"Linux list prices in {region}, of {book.date(region)}; `tfinfra catalog refresh` asks for today's")


def _region(name: str) -> str:
    """Azure's short name of the region. Raises UsageError where there is none."""
    from tfinfra.catalog.sizes import locations
    from tfinfra.errors import UsageError
    from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

    short = name.replace(" ", "").lower()
    if short not in locations():
        near = nearest(short, sorted(locations()))
        raise UsageError(
            f"there is no region '{name}'", did_you_mean(near) if near else "write it as Azure does: eastus, westeurope"
        )
    return short


def _gpu_style(cell: str) -> str:
    return "dim" if cell == "-" else "green"


def _cells(offer: SizeOffer) -> tuple[str, ...]:
    return (
        offer.size,
        str(offer.vcpus),
        f"{offer.memory_gib:g}",
        f"{offer.gpus} x {offer.gpu}" if offer.gpus else "-",
        "yes" if offer.infiniband else "-",
        *("-" if usd is None else f"{usd:.3f}" for usd in (offer.usd_per_hour, offer.spot_usd_per_hour)),
        offer.cheapest_in or "-",
    )


@command.command("refresh", help="Ask Azure's Retail Prices API for today's list prices, and use them from now on.")
@click.option(
    "--region",
    "regions",
    multiple=True,
    shell_complete=completing(regions),
    help="Only this Azure region; may be repeated. All where absent.",
)
@click.option("--url", help="Another address that serves the Retail Prices API, such as a mirror.")
@json_option
def refresh_command(regions: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """The old prices stay in use where it fails. Raises RetailError."""
    from tfinfra.cli.output import print_document, result_line
    from tfinfra.machine.price_refresh import refresh_prices
    from tfinfra.system.installation import require_run_packages
    from tfinfra.system.paths import prices_file

    require_run_packages()
    regions = tuple(map(_region, regions))
    today = time.strftime("%Y-%m-%d", time.gmtime())
    book = refresh_prices(regions, today, url)
    names = [region for region in book.regions if book.regions[region].meters and region != "everywhere"]
    count = sum(len(prices.meters) for prices in book.regions.values())
    if as_json:
        print_document(
            "catalog-refresh", {"date": today, "regions": names, "prices": count, "file": str(prices_file())}
        )
    else:
        where = ", ".join(names) if len(names) <= 4 else f"{len(names)} regions"
        result_line(f"{count} prices of {today} for {where}")
