"""The price list's real client against pages of the documented shape, on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tfinfra.azure.prices.refresh import fetch_prices
from tfinfra.azure.prices.retail import RetailError, http_pages, items
from tfinfra.azure.prices.retail_fake import FakeRetail, RetailAnswer, meter_item, vm_item
from tfinfra.catalog.meters import METERS
from tfinfra.catalog.price_file import read_price_file, write_price_file
from tfinfra.catalog.prices import EVERYWHERE, PriceBook, shipped_book
from tfinfra.cli.main import main
from tfinfra.system.ownership import make_private

D8, T4 = "Standard_D8s_v5", "Standard_NC4as_T4_v3"
TODAY = "2026-11-26"


def an_item(item: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**item, **changes}


LISTED = [
    vm_item(D8, "westeurope", 0.46),
    vm_item(D8, "westeurope", 0.112, spot=True),
    vm_item(D8, "westeurope", 0.83, windows=True),
    an_item(vm_item(D8, "westeurope", 0.09), skuName="D8s v5 Low Priority"),
    an_item(vm_item(D8, "westeurope", 2500.0), type="Reservation", reservationTerm="1 Year"),
    an_item(vm_item(D8, "westeurope", 0.99), productName="Virtual Machines Dsv5 Series Cloud Services"),
    vm_item(T4, "westeurope", 0.658),
    vm_item(D8, "eastus", 0.384),
    vm_item(D8, "usgovvirginia", 0.1),
    *(meter_item(m.key, "westeurope", 20.0 + i) for i, m in enumerate(METERS) if m.unit != "hour"),
    meter_item("nat_gateway", "Global", 0.046),
    meter_item("public_ip", "westeurope", 0.006),
    meter_item("private_endpoint", "", 0.011),
]


def fetched(service: FakeRetail, *regions: str) -> PriceBook:
    return fetch_prices(http_pages(service.url, patience=0.01), [D8, T4], regions, TODAY)


def test_prices_are_those_of_linux_by_the_hour_spot_beside_them() -> None:
    with FakeRetail(LISTED) as service:
        book = fetched(service, "westeurope")
    assert book.vm(D8, "westeurope") == 0.46
    assert book.vm(D8, "westeurope", spot=True) == 0.112
    assert book.vm(T4, "westeurope") == 0.658
    assert book.vm(T4, "westeurope", spot=True) is None
    assert book.vm(D8, "eastus") is None
    assert book.date("westeurope") == TODAY


def test_what_costs_the_same_everywhere_is_known_in_every_region() -> None:
    with FakeRetail(LISTED) as service:
        book = fetched(service)
    assert book.price("nat_gateway", "eastus") == 0.046
    assert book.price("private_endpoint", "westeurope") == 0.011
    assert book.price("public_ip", "westeurope") == 0.006
    assert book.price("public_ip", "eastus") is None
    assert book.price("disk P10", "westeurope") is not None
    assert [*book.regions] == ["eastus", EVERYWHERE, "westeurope"]


def test_a_price_of_another_cloud_is_none_of_azures() -> None:
    with FakeRetail([*LISTED, meter_item("public_ip", "usgovvirginia", 9.0)]) as service:
        assert fetched(service).price("public_ip", "usgovvirginia") is None


def test_a_later_tier_and_what_costs_nothing_are_no_prices() -> None:
    tier = an_item(meter_item("public_ip", "eastus", 0.001), tierMinimumUnits=500.0)
    with FakeRetail([*LISTED, tier, vm_item(D8, "westus", 0.0)]) as service:
        book = fetched(service)
    assert (book.price("public_ip", "eastus"), book.vm(D8, "westus")) == (None, None)


def test_an_item_without_its_region_is_an_error_of_the_list() -> None:
    item = {name: value for name, value in LISTED[0].items() if name != "armRegionName"}
    with FakeRetail([item]) as service, pytest.raises(RetailError, match="has no armRegionName"):
        fetched(service)


def test_all_pages_are_read_and_filters_name_what_is_asked_for() -> None:
    with FakeRetail(LISTED, page=1) as service:
        book = fetched(service, "westeurope")
        asked = service.asked
    with FakeRetail(LISTED, page=100) as service:
        assert fetched(service, "westeurope") == book
    assert {query["api-version"] for query in asked} == {"2023-01-01-preview"}
    assert asked[1]["$skip"] == "1"
    assert "armRegionName eq 'westeurope'" in asked[0]["$filter"]


def test_of_several_items_for_one_meter_the_dearest_counts() -> None:
    with FakeRetail([vm_item(D8, "eastus", 0.3), vm_item(D8, "eastus", 0.4), vm_item(D8, "eastus", 0.35)]) as service:
        assert fetched(service, "eastus").vm(D8, "eastus") == 0.4


def test_a_service_that_throttles_is_asked_again_after_the_time_that_it_says() -> None:
    slow = RetailAnswer(429, b'{"error": "TooManyRequests"}', {"Retry-After": "0"})
    with FakeRetail(LISTED, {0: slow, 1: slow, 3: RetailAnswer(503)}) as service:
        assert fetched(service, "westeurope").vm(D8, "westeurope") == 0.46
        assert len(service.asked) > 4


BROKEN: dict[str, tuple[RetailAnswer, str]] = {
    "a page that is not JSON": (RetailAnswer(body=b"<html>"), "not JSON"),
    "a page that is a list": (RetailAnswer(body=b"[]"), "no page of prices"),
    "a page without items": (RetailAnswer(body=b"{}"), "no items"),
    "a page whose items are no objects": (RetailAnswer(body=b'{"Items": [1]}'), "no items"),
    "an item without a price": (
        RetailAnswer(body=json.dumps({"Items": [an_item(LISTED[0], retailPrice=None)]}).encode()),
        "no retailPrice",
    ),
    "a price below nothing": (
        RetailAnswer(body=json.dumps({"Items": [an_item(LISTED[0], retailPrice=-1)]}).encode()),
        "no retailPrice",
    ),
    "a price in another unit": (
        RetailAnswer(body=json.dumps({"Items": [an_item(LISTED[0], unitOfMeasure="100 Hours")]}).encode()),
        "100 Hours",
    ),
    "a refusal": (RetailAnswer(400, b"no"), "status 400"),
    "a service that throttles for ever": (RetailAnswer(429, b"", {"Retry-After": "0"}), "429|did not answer"),
}


@pytest.mark.parametrize(("fault", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_an_error(fault: RetailAnswer, message: str) -> None:
    with FakeRetail(LISTED, dict.fromkeys(range(20), fault)) as service, pytest.raises(RetailError, match=message):
        fetched(service, "westeurope")


def test_nobody_there_is_an_error() -> None:
    with FakeRetail([]) as service:
        url = service.url
    with pytest.raises(RetailError, match="did not answer"):
        fetch_prices(http_pages(url, patience=0.001), [D8], (), TODAY)


def test_pages_that_never_end_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfinfra.azure.prices.retail.MOST_PAGES", 3)
    with pytest.raises(RetailError, match="no end"):
        list(items(lambda query: {"Items": [], "NextPageLink": f"https://elsewhere?{query}"}, "a eq 'b'"))


def test_a_region_without_prices_is_an_error() -> None:
    with FakeRetail(LISTED) as service, pytest.raises(RetailError, match="for nowhere"):
        fetched(service, "westeurope", "nowhere")


# The verb, and the book that it keeps


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state" / "prices.json"


def test_refreshed_prices_are_used_from_then_on(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeRetail(LISTED) as service:
        assert main(["catalog", "refresh", "--region", "westeurope", "--url", service.url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["regions"], told["file"]) == (["westeurope"], str(state))
    assert main(["catalog", "sizes", "--region", "westeurope", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    row = next(row for row in listed["sizes"] if row["size"] == D8)
    assert listed["prices_of"] == told["date"]
    assert (row["usd_per_hour"], row["spot_usd_per_hour"]) == (0.46, 0.112)
    assert main(["catalog", "sizes", "--gpu", "--json"]) == 0  # the region that was not asked for is as shipped
    listed = json.loads(capsys.readouterr().out)
    assert listed["prices_of"] == "2026-06-18"
    assert all(row["gpus"] for row in listed["sizes"])


def test_a_refresh_that_fails_leaves_the_old_prices_and_says_so(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeRetail(LISTED) as service:
        assert main(["catalog", "refresh", "--region", "westeurope", "--url", service.url]) == 0
    before = state.read_bytes()
    broken = RetailAnswer(body=b"{")
    with FakeRetail(LISTED, {1: broken}) as service:
        assert main(["catalog", "refresh", "--region", "westeurope", "--url", service.url]) == 4
    assert state.read_bytes() == before
    assert sorted(path.name for path in state.parent.iterdir()) == ["last.json", "prices.json"]  # no half of a new one
    assert "nothing has changed: the prices read before stay in use (westeurope: 20" in capsys.readouterr().err


def test_prices_that_cannot_be_read_are_said_and_the_shipped_ones_used(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_private(state.parent)
    state.write_text('{"schema": 1, "regions": {"eastus": {"date": "2027-01-01", "meters": {"x": -1}}}}')
    Path("train.py").write_text("print()\n")
    Path("digits.yaml").write_text("entry_script: train.py\nvm_size: Standard_D8s_v5\n")
    assert main(["plan", "digits.yaml"]) == 0
    printed = capsys.readouterr()
    assert "TFI633" in printed.err
    assert "list prices in eastus of 2026-06-18" in printed.out


def test_a_book_goes_through_its_file_and_back(tmp_path: Path) -> None:
    with FakeRetail(LISTED) as service:
        book = fetched(service)
    write_price_file(tmp_path / "prices.json", book)
    assert read_price_file(tmp_path / "prices.json") == book
    assert read_price_file(tmp_path / "none.json") is None


def test_the_newest_prices_of_a_region_win() -> None:
    with FakeRetail([vm_item(D8, "eastus", 1.0), meter_item("nat_gateway", "Global", 0.5)]) as service:
        new = fetch_prices(http_pages(service.url), [D8], (), "2027-01-01")
        old = fetch_prices(http_pages(service.url), [D8], (), "2020-01-01")
    shipped = shipped_book()
    assert shipped.newest(new).vm(D8, "eastus") == 1.0
    assert shipped.newest(new).vm(D8, "westus2") == shipped.vm(D8, "westus2")
    assert shipped.newest(new).price("dns_zone", "eastus") == shipped.price("dns_zone", "eastus")
    assert shipped.newest(new).price("nat_gateway", "eastus") == 0.5
    assert shipped.newest(old) == shipped
    assert new.newest(shipped).vm(D8, "eastus") == 1.0
    assert shipped.regions[EVERYWHERE].date == "2026-06-18"
