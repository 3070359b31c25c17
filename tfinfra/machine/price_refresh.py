"""`tfinfra catalog refresh`: brings this machine's price file up to date."""

from __future__ import annotations

from collections.abc import Sequence

from tfinfra.azure.prices.refresh import fetch_prices
from tfinfra.azure.prices.retail import URL, RetailError, http_pages
from tfinfra.catalog.price_file import write_price_file
from tfinfra.catalog.prices import PriceBook
from tfinfra.catalog.sizes import sizes
from tfinfra.compiler.load import known_prices
from tfinfra.system.paths import prices_file


def refresh_prices(regions: Sequence[str], today: str, url: str | None = None) -> PriceBook:
    """Asks the Retail Prices API at `url` (None: Azure's) for the prices of all sizes in `regions` (none: everywhere),
    dated `today` (YYYY-MM-DD), and writes them to prices_file(), beside those of other regions. The prices that were
    fetched. Raises RetailError; the old prices stay in use then."""
    wanted = tuple(region.lower() for region in regions)
    old = known_prices().book
    try:
        book = fetch_prices(http_pages(url or URL), [size.name for size in sizes()], wanted, today)
    except RetailError as error:
        kept = ", ".join(f"{region}: {old.date(region)}" for region in wanted) or old.date("eastus")
        raise RetailError(error.message, f"nothing has changed: the prices read before stay in use ({kept})") from error
    write_price_file(prices_file(), old.newest(book))
    return book
