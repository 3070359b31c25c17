"""List prices of what stands beside the nodes. Data and source: data/other_prices.json."""

from __future__ import annotations

from tfinfra.catalog.data import data_file


def usd_per_hour(item: str) -> float:
    """The list price of `item` of data/other_prices.json, in US dollars per hour."""
    return float(data_file("other_prices")["usd_per_hour"][item])
