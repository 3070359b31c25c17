"""The Retail Prices API: public, without an account, in pages
(learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices).

`Pages` is the seam: a query string → the page that the service answers with. `http_pages` is the real one;
retail_fake.py serves such pages on loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from tfinfra.errors import NotFeasible
from tfinfra.system.loopback import is_loopback

URL = "https://prices.azure.com/api/retail/prices"
API_VERSION = "2023-01-01-preview"
MOST_PAGES = 2000
NAMES = 20
"""Sizes that one filter names: a URL stays below 2,000 characters."""

Pages = Callable[[str], Mapping[str, Any]]
"""Query string → page: {"Items": [{…}], "NextPageLink": URL or null, …}. Raises RetailError."""


class RetailError(NotFeasible):
    """The service did not answer, or with something that is no page of prices."""


def http_pages(url: str = URL, *, patience: float = 1.0) -> Pages:
    """The service at `url`. It throttles: 429 and 5xx are tried again after Retry-After, or after `patience` seconds,
    twice that, and so on, five times."""
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import RetryPolicy, UserAgentPolicy

    policies = [UserAgentPolicy("tfinfra"), RetryPolicy(retry_total=5, retry_backoff_factor=patience)]
    proxied = not is_loopback(url)
    settings: dict[str, Any] = {"connection_timeout": 10, "read_timeout": 60, "use_env_settings": proxied}
    client: Any = PipelineClient(url, policies=policies, **settings)
    return lambda query: _get(client, f"{url}?{query}")


def _get(client: Any, url: str) -> Mapping[str, Any]:
    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    try:
        response = client.send_request(HttpRequest("GET", url))
    except AzureError as error:
        raise RetailError(f"the price list did not answer: {' '.join(str(error).split())[:200]}") from error
    if response.status_code != 200:
        raise RetailError(f"the price list answered with status {response.status_code}")
    try:
        document = response.json()
    except ValueError as error:
        raise RetailError("the price list answered with something that is not JSON") from error
    if not isinstance(document, dict):
        raise RetailError("the price list answered with something that is no page of prices")
    return document


def items(pages: Pages, condition: str) -> Iterator[Mapping[str, Any]]:
    """Every item that meets an OData filter, page by page. Raises RetailError."""
    query: str | None = urlencode({"api-version": API_VERSION, "$filter": condition})
    for _ in range(MOST_PAGES):
        page = pages(query or "")
        found = page.get("Items")
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise RetailError("a page of the price list has no items")
        yield from found
        query = urlsplit(page.get("NextPageLink") or "").query or None
        if query is None:
            return
    raise RetailError(f"the price list has no end after {MOST_PAGES:,} pages")


def any_of(field: str, values: Sequence[str]) -> str:
    """An OData filter: `field` is one of `values`."""
    return "(" + " or ".join(f"{field} eq '{value}'" for value in values) + ")"


def size_filters(sizes: Sequence[str], regions: Sequence[str]) -> Iterator[str]:
    """Filters for the Linux prices of VM sizes in some regions, () for all."""
    for first in range(0, len(sizes), NAMES):
        some = sizes[first : first + NAMES]
        parts = ["serviceName eq 'Virtual Machines'", "priceType eq 'Consumption'", any_of("armSkuName", some)]
        yield " and ".join([*parts, *([any_of("armRegionName", regions)] if regions else [])])
