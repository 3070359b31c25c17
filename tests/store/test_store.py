"""What every store does, on each of them: files, memory, and azurite over HTTPS with a bearer token."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable

import pytest

from tests.store.azurite import Azurite, token
from tfinfra.store import MemoryStore, ObjectStore, keys, open_store
from tfinfra.store.blob.objects import BLOCK, MOST_BLOCKS, SMALL, BlobEntry, block_size
from tfinfra.store.opening import BlobLocation, blob_location, list_blobs

_numbers = itertools.count()


@pytest.fixture(params=["file", "memory", "azurite", "azurite, below a folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "file":
        return open_store((tmp_path / "store").as_uri())
    if request.param == "memory":
        return MemoryStore()
    served: Azurite = request.getfixturevalue("served")
    below = "/a folder" if "below" in request.param else ""
    return served.open(f"{served.url}{below}/{next(_numbers)}".replace(" ", "%20"))


def test_an_object_is_written_replaced_read_and_deleted(store: ObjectStore) -> None:
    assert store.get("nodes/a.json") is None
    store.put("nodes/a.json", b"1")
    store.put("nodes/a.json", b"22")
    assert store.get("nodes/a.json") == b"22"
    store.delete("nodes/a.json")
    store.delete("nodes/a.json")
    assert store.get("nodes/a.json") is None


def test_an_object_may_be_empty(store: ObjectStore, tmp_path: Path) -> None:
    store.put("empty", b"")
    assert store.get("empty") == b""
    store.get_file("empty", tmp_path / "empty")
    assert (tmp_path / "empty").read_bytes() == b""


def test_only_the_first_write_of_what_is_absent_counts(store: ObjectStore) -> None:
    assert store.put_if_absent("inventory.json", b"first")
    assert not store.put_if_absent("inventory.json", b"second")
    assert store.get("inventory.json") == b"first"


def test_a_list_is_of_one_folder_sorted_with_all_below(store: ObjectStore) -> None:
    for key in ("logs/b/1", "logs/b/0", "logs/a/7", "logs-of-others/0", "outcome.json"):
        store.put(key, b"x")
    assert store.list("logs") == ["logs/a/7", "logs/b/0", "logs/b/1"]
    assert store.list("logs/b") == ["logs/b/0", "logs/b/1"]
    assert store.list("nothing") == []


NAMES = ["a b", "c#d%e", "ü", "x*y?", "d/e/f", "+&=", "q'uote", "semi;colon", "\udcff"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_of_a_file_is_a_key(store: ObjectStore, name: str) -> None:
    key = keys.output_key("outputs", name)
    store.put(key, b"x")
    assert [keys.output_path(k) for k in store.list("outputs")] == [f"outputs/{name}"]
    assert store.get(key) == b"x"


SIZES = {"nothing": 0, "a small one": 10, "just small": SMALL, "one block": SMALL + 1, "some blocks": 3 * BLOCK + 1}


@pytest.mark.parametrize("size", SIZES)
def test_a_file_goes_up_and_comes_down_unchanged(store: ObjectStore, size: str, tmp_path: Path) -> None:
    data = bytes(range(251)) * (SIZES[size] // 251 + 1)
    (tmp_path / "up").write_bytes(data[: SIZES[size]])
    store.put_file("outputs/model", tmp_path / "up")
    store.get_file("outputs/model", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == data[: SIZES[size]]
    assert sorted(p.name for p in tmp_path.glob("*[!store]")) == ["down", "up"]  # and no part of it


def test_what_is_not_there_cannot_be_downloaded(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.get_file("nothing", tmp_path / "down")
    assert list(tmp_path.glob(".*")) == []


def test_many_threads_write_what_is_absent_and_one_wins(store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.put_if_absent("inventory.json", b"%d" % n), range(24)))
    assert won.count(True) == 1
    assert store.get("inventory.json") == b"%d" % won.index(True)


RACER = """
import sys, time
from pathlib import Path
from tfinfra.store import open_store
url, ca, token, name = sys.argv[1:]
store = open_store(url, lambda: (token, time.time() + 3600), ca=Path(ca).read_text())
print("ready", flush=True)
sys.stdin.readline()
print(int(store.put_if_absent("inventory.json", name.encode())), flush=True)
"""


def test_many_processes_write_what_is_absent_and_one_wins(served: Azurite) -> None:
    url = f"{served.url}/race-{next(_numbers)}"
    line = [executable, "-c", RACER, url, str(served.server.ca), token()]
    racers = [Popen([*line, str(n)], stdin=PIPE, stdout=PIPE, text=True) for n in range(6)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    answers = [racer.communicate("go\n")[0].strip() for racer in racers]
    assert sorted(answers) == ["0"] * 5 + ["1"]
    assert served.open(url).get("inventory.json") == str(answers.index("1")).encode()


PLACES = {
    "Azure": (
        "https://digits.blob.core.windows.net/run",
        BlobLocation("https://digits.blob.core.windows.net", "digits", "run", ""),
    ),
    "another Azure, below a folder": (
        "https://digits.blob.core.chinacloudapi.cn/run/a%20b/c/",
        BlobLocation("https://digits.blob.core.chinacloudapi.cn", "digits", "run", "a b/c"),
    ),
    "an emulator": (
        "https://127.0.0.1:10000/digits/run/a",
        BlobLocation("https://127.0.0.1:10000/digits", "digits", "run", "a"),
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_url_is_a_place_in_blob(case: str) -> None:
    url, location = PLACES[case]
    assert blob_location(url) == location


@pytest.mark.parametrize("url", ["https://digits.blob.core.windows.net/", "https://127.0.0.1/digits", "s3://a/b", "x"])
def test_another_url_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"names no container|no object store"):
        open_store(url, lambda: ("", 0.0))


@pytest.mark.parametrize("gib", [1, 100, 1000, 4000])
def test_a_file_of_any_size_fits_into_as_many_blocks_as_a_blob_may_have(gib: int) -> None:
    size = gib << 30
    assert BLOCK <= block_size(size) <= 4000 << 20
    assert -(-size // block_size(size)) <= MOST_BLOCKS


def test_blob_lists_names_sizes_and_an_etag_that_each_write_changes(served: Azurite) -> None:
    store = served.open()
    for key in ("listed/a", "listed/b/c", "listed-2"):
        store.put(key, b"12345")

    def listed(below: str) -> tuple[BlobEntry, ...]:
        return list_blobs(f"{served.url}/{below}", served.credential, ca=served.ca)

    before = listed("listed")
    assert [(one.key, one.size) for one in before] == [("listed/a", 5), ("listed/b/c", 5)]
    assert listed("listed") == before
    store.put("listed/a", b"12345")
    after = listed("listed")
    assert [one.e_tag == other.e_tag for one, other in zip(before, after, strict=True)] == [False, True]
    assert listed("listed/a") == after[:1], "one blob by its key"
    assert listed("listed/nothing") == ()
