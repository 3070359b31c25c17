"""Items of the Retail Prices API → a PriceBook: which item is the price of which meter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfinfra.azure.prices.retail import Pages, RetailError, any_of, items, size_filters
from tfinfra.catalog.meters import METERS, Meter
from tfinfra.catalog.prices import EVERYWHERE, PriceBook, RegionPrices, spot_meter

_UNITS = {
    "hour": ("1 Hour", "1/Hour"),
    "month": ("1/Month", "1 Month"),
    "GiB and month": ("1 GiB/Month", "1 GB/Month"),
}
_GLOBAL = ("Global", "")
"""The armRegionName of what costs the same everywhere."""
_OTHER_CLOUDS = ("usgov", "usdod", "ussec", "usnat", "china")
"""How regions begin that the list has, and that no subscription of the public cloud may use."""
_OTHERS = {(m.service, m.product, m.meter): m for m in METERS}

Priced = tuple[str, str, float]
"""(region, meter, US dollars)."""


def fetch_prices(pages: Pages, sizes: Sequence[str], regions: Sequence[str], today: str) -> PriceBook:
    """The prices of `sizes` and of all METERS in `regions` (() for all), as of `today`.

    Where several items are the price of one meter, the dearest counts: a budget must hold whichever is billed. Raises
    RetailError where the service does not answer, where an item has not the documented shape, or for a region that has
    no price.
    """
    found: dict[str, dict[str, float]] = {}
    for region, meter, usd in _all_prices(pages, sizes, regions):
        meters = found.setdefault(region, {})
        meters[meter] = max(usd, meters.get(meter, 0.0))
    known = {region for region, meters in found.items() if any(size in meters for size in sizes)}
    without = [region for region in regions if region not in known]
    if without or not known:
        raise RetailError(f"the price list has no VM prices{' for ' + ', '.join(without) if without else ''}")
    kept = {*known, EVERYWHERE} & {*found}
    return PriceBook({region: RegionPrices(today, found[region]) for region in sorted(kept)})


def _all_prices(pages: Pages, sizes: Sequence[str], regions: Sequence[str]) -> Iterator[Priced]:
    names = {size.lower(): size for size in sizes}
    for condition in size_filters(sizes, regions):
        yield from (priced for item in items(pages, condition) if (priced := _vm_price(item, names)))
    for service in dict.fromkeys(meter.service for meter in METERS):
        meters = [meter.meter for meter in METERS if meter.service == service]
        parts = [f"serviceName eq '{service}'", "priceType eq 'Consumption'", any_of("meterName", meters)]
        if regions:
            parts.append(any_of("armRegionName", [*regions, *_GLOBAL]))
        for item in items(pages, " and ".join(parts)):
            named = (_text(item, "serviceName"), _text(item, "productName"), _text(item, "meterName"))
            meter: Meter | None = _OTHERS.get(named)
            if meter and (priced := _priced(item, meter.key, meter.unit)):
                yield priced


def _vm_price(item: Mapping[str, Any], names: Mapping[str, str]) -> Priced | None:
    """Linux, pay as you go or spot; not Windows, not the old low-priority meter, not a cloud service's."""
    size = names.get(_text(item, "armSkuName").lower())
    product, sku = _text(item, "productName"), _text(item, "skuName")
    other = product.endswith(" Windows") or "Cloud Services" in product or "CloudServices" in product
    if size is None or other or sku.endswith(" Low Priority"):
        return None
    return _priced(item, spot_meter(size) if sku.endswith(" Spot") else size, "hour")


def _priced(item: Mapping[str, Any], meter: str, unit: str) -> Priced | None:
    """The item's price in `unit`; None for one of another kind (a reservation, a volume's later tier) or of nothing."""
    region, usd = _text(item, "armRegionName"), _number(item, "retailPrice")
    if region.startswith(_OTHER_CLOUDS):
        return None
    if _text(item, "type") != "Consumption" or _number(item, "tierMinimumUnits") > 0 or usd == 0:
        return None
    currency, per = _text(item, "currencyCode"), _text(item, "unitOfMeasure")
    if currency != "USD" or per not in _UNITS[unit]:
        raise RetailError(f"the price of {meter} in {region or 'all regions'} is in {currency} for {per}")
    return (EVERYWHERE if region in _GLOBAL else region), meter, usd


def _text(item: Mapping[str, Any], field: str) -> str:
    value = item.get(field)
    if not isinstance(value, str):
        raise RetailError(f"an item of the price list has no {field}")
    return value


def _number(item: Mapping[str, Any], field: str) -> float:
    value = item.get(field)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise RetailError(f"an item of the price list has no {field}")
    return float(value)
