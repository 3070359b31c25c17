"""A Retail Prices API on loopback, for tests and for trying `tfinfra catalog refresh --url` without a network.

It serves the documented shape: filters, pages of at most 100 items linked by NextPageLink, and what is asked of it by
`faults`. Items: `vm_item`, `meter_item`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tfinfra.catalog.meters import METERS

PATH = "/api/retail/prices"
_FIELDS = {"priceType": "type"}
_UNITS = {"hour": "1 Hour", "month": "1/Month", "GiB and month": "1 GiB/Month"}


@dataclass(frozen=True)
class RetailAnswer:
    """One answer over HTTP: a page, or a fault in its place."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeRetail:
    """`with FakeRetail(items) as service:` serves them at `service.url`. `faults` are answered instead at the requests
    that they are numbered with, from 0; `asked` holds every request's query."""

    def __init__(
        self, items: Sequence[Mapping[str, Any]], faults: Mapping[int, RetailAnswer] | None = None, *, page: int = 100
    ) -> None:
        self.asked: list[dict[str, str]] = []
        self._items, self._faults, self._page = items, dict(faults or {}), page
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def __enter__(self) -> FakeRetail:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, query: str) -> RetailAnswer:
        """What a request with `query` gets."""
        asked = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        self.asked.append(asked)
        if fault := self._faults.get(len(self.asked) - 1):
            return fault
        condition, skip = asked.get("$filter", ""), int(asked.get("$skip", "0"))
        found = [item for item in self._items if meets(item, condition)]
        here = found[skip : skip + self._page]
        after = skip + self._page
        link = f"{self.url}?{urlencode({**asked, '$skip': after})}" if after < len(found) else None
        document = {
            "BillingCurrency": "USD",
            "CustomerEntityId": "Default",
            "CustomerEntityType": "Retail",
            "Items": here,
            "NextPageLink": link,
            "Count": len(here),
        }
        return RetailAnswer(body=json.dumps(document).encode())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class RetailHandler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = service.answer(urlsplit(self.path).query)
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
                del format, args

        return RetailHandler


def meets(item: Mapping[str, Any], condition: str) -> bool:
    """Whether an item meets a filter of the form `a eq 'x' and (b eq 'y' or b eq 'z')`; values keep their case."""
    parts = [re.findall(r"(\w+) eq '([^']*)'", part) for part in condition.split(" and ") if part]
    return all(any(item.get(_FIELDS.get(name, name)) == value for name, value in pairs) for pairs in parts)


def vm_item(size: str, region: str, usd: float, *, spot: bool = False, windows: bool = False) -> dict[str, Any]:
    """The item of a VM size, as the service lists it."""
    sku = size.removeprefix("Standard_").replace("_", " ") + (" Spot" if spot else "")
    product = "Virtual Machines Series" + (" Windows" if windows else "")
    return {
        **_item(region, usd, "1 Hour"),
        **_names("Virtual Machines", product, sku),
        "skuName": sku,
        "armSkuName": size,
    }


def meter_item(key: str, region: str, usd: float) -> dict[str, Any]:
    """The item of one of METERS, as the service lists it."""
    meter = next(m for m in METERS if m.key == key)
    return {**_item(region, usd, _UNITS[meter.unit]), **_names(meter.service, meter.product, meter.meter)}


def _names(service: str, product: str, meter: str) -> dict[str, str]:
    return {"serviceName": service, "productName": product, "meterName": meter}


def _item(region: str, usd: float, unit: str) -> dict[str, Any]:
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": usd,
        "unitPrice": usd,
        "armRegionName": region,
        "location": region,
        "effectiveStartDate": "2026-11-01T00:00:00Z",
        "meterId": "00000000-0000-0000-0000-000000000000",
        "productId": "DZH000000000",
        "skuId": "DZH000000000/0000",
        "skuName": "Standard",
        "serviceFamily": "Compute",
        "unitOfMeasure": unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": "",
    }
