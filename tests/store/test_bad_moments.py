"""What a store bears: throttling, downloads that are broken off, an azurite that is away for a while."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import pytest
from obstore.exceptions import BaseError

from tests.store import azurite as azurites
from tests.store.azurite import Azurite
from tests.store.faulty import Fault, Proxied, faulty
from tfinfra.store import ObjectStore, PatientStore
from tfinfra.store.blob import download as downloads
from tfinfra.store.blob.objects import BLOCK, BLOCKS_AT_ONCE
from tfinfra.system.clock import SystemClock

SIZE = 3 * BLOCK + 12345


def first(count: int, status: int) -> Fault:
    """The first `count` requests are throttled."""
    left = iter(range(count))
    return lambda request: next(left, None) is not None and request.throttle(status)


def cuts(*sizes: int) -> Fault:
    """The bodies of the first GETs end after so many bytes, and their connections with them."""
    left = iter(sizes)

    def fault(request: Proxied) -> bool:
        if request.command == "GET" and "comp=list" not in request.path:
            request.cut = next(left, None)
        return False

    return fault


def together(meeting: threading.Barrier) -> Fault:
    """Blocks wait until as many as `meeting` wants are under way at once; it breaks where they do not come."""

    def fault(request: Proxied) -> bool:
        if "blockid=" in request.path and not meeting.broken:
            with suppress(threading.BrokenBarrierError):
                meeting.wait(10)
        return False

    return fault


def gone_after(count: int) -> Fault:
    """Whoever asks more than `count` times to GET is refused for good."""
    asked = iter(range(count))
    return lambda request: (
        request.command == "GET" and next(asked, None) is None and request.throttle(HTTPStatus.FORBIDDEN)
    )


OPERATIONS: dict[str, Callable[[ObjectStore], object]] = {
    "put": lambda store: store.put("a", b"2"),
    "put if absent": lambda store: store.put_if_absent("b", b"2"),
    "get": lambda store: store.get("a"),
    "list": lambda store: store.list("none"),
    "delete": lambda store: store.delete("a"),
}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_throttled_operation_is_tried_again(served: Azurite, operation: str, status: int) -> None:
    folder = uuid.uuid4().hex
    served.open(f"{served.url}/{folder}").put("a", b"1")
    with faulty(served, first(2, status)) as (url, plan):
        answer = OPERATIONS[operation](served.open(f"{url}/{folder}"))
    assert len(plan.seen) >= 3
    assert answer in (None, True, [], b"1")


def test_throttled_blocks_do_not_begin_an_upload_anew(served: Azurite, tmp_path: Path) -> None:
    (tmp_path / "up").write_bytes(os.urandom(SIZE))
    key = uuid.uuid4().hex
    with faulty(served, first(6, 503)) as (url, plan):
        served.open(url).put_file(key, tmp_path / "up")
    blocks = [target for method, target, _ in plan.seen if method == "PUT" and "blockid=" in target]
    assert len(set(blocks)) == 4
    assert len(plan.seen) == 4 + 1 + 6  # every block once, their list, and what was throttled
    served.open().get_file(key, tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()


def test_blocks_go_up_at_the_same_time(served: Azurite, tmp_path: Path) -> None:
    (tmp_path / "up").write_bytes(bytes(BLOCKS_AT_ONCE * BLOCK))
    meeting = threading.Barrier(BLOCKS_AT_ONCE)
    with faulty(served, together(meeting)) as (url, _):
        served.open(url).put_file(uuid.uuid4().hex, tmp_path / "up")
    assert not meeting.broken


def uploaded(served: Azurite, folder: Path) -> tuple[str, bytes]:
    data, key = os.urandom(SIZE), uuid.uuid4().hex
    (folder / "up").write_bytes(data)
    served.open().put_file(key, folder / "up")
    return key, data


def test_a_download_goes_on_where_it_was_broken_off(served: Azurite, tmp_path: Path) -> None:
    key, data = uploaded(served, tmp_path)
    with faulty(served, cuts(5_000_000, 0, 1_000_000)) as (url, plan):
        served.open(url).get_file(key, tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == data
    ranges = [given for method, _, given in plan.seen if method == "GET" and given]
    assert ranges  # asked for the rest, not for all
    assert not any(given.startswith("bytes=0-") for given in ranges)


def test_a_later_call_goes_on_with_what_an_earlier_one_left(
    served: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, data = uploaded(served, tmp_path)
    monkeypatch.setattr(downloads, "TRIES", 1)
    with faulty(served, gone_after(1), cuts(5 << 20)) as (url, _), pytest.raises(BaseError):
        served.open(url).get_file(key, tmp_path / "down")
    (part,) = tmp_path.glob(".*.part")
    held = part.stat().st_size
    assert data.startswith(part.read_bytes())
    assert held > 0
    with faulty(served) as (url, plan):
        served.open(url).get_file(key, tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == data
    assert [given for method, _, given in plan.seen if method == "GET"] == [f"bytes={held}-"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["down", "up"]


def test_what_is_left_of_another_version_is_not_used(served: Azurite, tmp_path: Path) -> None:
    key, _ = uploaded(served, tmp_path)
    part = downloads.Part(tmp_path / "down", key)
    part.belong('"another"')
    part.append([b"x" * 1000])
    served.open().put(key, b"new")
    served.open().get_file(key, tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"new"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Azurite]:
    with azurites.azurite(tmp_path / "azurite") as made:
        yield made


def test_an_azurite_that_comes_back_is_gone_on_with(own: Azurite) -> None:
    own.open().put("before", b"1")
    own.stop()
    patient = PatientStore(own.open(), SystemClock(), patience=120)
    with pytest.raises(BaseError):
        own.open().put("while it is away", b"1")
    threading.Timer(1.0, own.start).start()
    patient.put("after", b"2")
    assert patient.get("before") == b"1"
    assert patient.list("after") == []
    assert patient.get("after") == b"2"


def test_a_killed_azurite_is_started_again_by_who_keeps_it(own: Azurite) -> None:
    own.servers._running[own.server.account].process.kill()
    own.start()
    assert own.open().get("nothing") is None


def test_a_proxy_of_the_environment_is_not_asked_for_an_emulator(
    served: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert served.open().get(uuid.uuid4().hex) is None
