"""Inputs at URLs of Blob: their listing stands in the lock where it could be had, and a run is held against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.fakes import FakeObserver, World
from tests.locking import locks
from tests.locking.test_differences import LOCK, TRAIN, edited, signed
from tests.store.azurite import Azurite, azurite, needs_node
from tfinfra.cloud import Cloud
from tfinfra.compiler.load import load_project
from tfinfra.errors import DifferenceFound
from tfinfra.lifecycle.locking import blob_listings, run_locked
from tfinfra.lifecycle.locking import make as making
from tfinfra.lifecycle.locking.blob_listings import Lister, Unlisted
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up.launch import compile_to_folder
from tfinfra.locking.document import LockedData
from tfinfra.locking.read import read_lock
from tfinfra.store.blob.objects import BlobEntry
from tfinfra.store.opening import list_blobs

URL = "https://team.blob.core.windows.net/data/corpus"
FILES = (BlobEntry("corpus/a", 10, "0x1"), BlobEntry("corpus/b", 20, "0x2"))


def tells(*files: BlobEntry) -> Lister:
    def lister(url: str) -> Sequence[BlobEntry]:
        assert url == URL
        return files

    return lister


def silent(url: str) -> Sequence[BlobEntry]:
    raise Unlisted("it is forbidden")


@pytest.fixture
def project(manifest: Path) -> Path:
    edited(TRAIN, "  labels:", f"  corpus: {{url: '{URL}'}}\n  labels:")(manifest.parent)
    return manifest


def locked(manifest: Path, lister: Lister, monkeypatch: pytest.MonkeyPatch) -> LockedData:
    """What the lock has of the corpus, as it is made while Blob tells this."""
    monkeypatch.setattr(making, "lister_of", lambda compiled: lister)
    locks.lock(manifest)
    read = read_lock((manifest.parent / LOCK).read_bytes(), LOCK)
    assert read.lock is not None
    return read.lock.inputs["corpus"]


def run(manifest: Path, lister: Lister, monkeypatch: pytest.MonkeyPatch) -> None:
    """`up --locked`, as far as it is held against the lock."""
    monkeypatch.setattr(run_locked, "lister_of", lambda compiled: lister)
    options = UpOptions(manifest.parent, locked=True)
    compile_to_folder(load_project(manifest), options, FakeObserver(), {}, manifest)


def test_what_can_be_listed_is_locked_and_the_check_asks_nobody(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = locked(project, tells(*FILES), monkeypatch)
    assert data.sha256 is not None
    assert (data.url, data.files, data.bytes) == (URL, 2, 30)
    assert locks.found(project) == ()
    run(project, tells(*FILES), monkeypatch)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Started before a test has a cache folder of its own, where azurite is not."""
    with azurite(tmp_path_factory.mktemp("azurite")) as made:
        yield made


@needs_node
def test_a_blob_of_azurite_that_is_written_again_is_another_whatever_its_bytes(
    served: Azurite, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lister(url: str) -> Sequence[BlobEntry]:
        assert url == URL
        return list_blobs(f"{served.url}/corpus", served.credential, ca=served.ca)

    store = served.open()
    for name, written in (("corpus/a", b"one"), ("corpus/ü/b", b"other"), ("elsewhere", b"nobody's")):
        store.put(name, written)
    data = locked(project, lister, monkeypatch)
    assert (data.files, data.bytes) == (2, 8)
    store.put("elsewhere", b"somebody's")
    run(project, lister, monkeypatch)
    store.put("corpus/a", b"one")
    with pytest.raises(DifferenceFound):
        run(project, lister, monkeypatch)


def test_what_cannot_be_listed_is_declared_and_runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locked(project, silent, monkeypatch) == LockedData(url=URL)
    run(project, silent, monkeypatch)


OTHER: dict[str, tuple[tuple[BlobEntry, ...], str]] = {
    "a blob overwritten": ((FILES[0], replace(FILES[1], e_tag="0x3")), "though it has as many files and bytes"),
    "a blob of another size": ((FILES[0], replace(FILES[1], size=21)), "2 files of 31 bytes, 2 of 30 in the lock"),
    "a blob more": ((*FILES, BlobEntry("corpus/c", 0, "0x4")), "3 files of 30 bytes"),
    "a blob less": (FILES[:1], "1 file of 10 bytes"),
    "two blobs swapped": (
        (replace(FILES[0], size=20, e_tag="0x2"), replace(FILES[1], size=10, e_tag="0x1")),
        "though it has as many",
    ),
}


@pytest.mark.parametrize("case", OTHER)
def test_a_run_is_refused_where_blob_holds_something_else(
    case: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, text = OTHER[case]
    locked(project, tells(*FILES), monkeypatch)
    with pytest.raises(DifferenceFound) as refused:
        run(project, tells(*files), monkeypatch)
    (found,) = refused.value.diagnostics
    assert found.code == "TFI906" and text in found.message
    assert found.position and found.position.file.endswith(LOCK)


def test_a_run_is_refused_where_what_was_listed_cannot_be_now(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked(project, tells(*FILES), monkeypatch)
    with pytest.raises(DifferenceFound, match=r"inputs\.corpus cannot be listed, .*: it is forbidden"):
        run(project, silent, monkeypatch)


def test_a_listing_in_the_lock_that_was_edited_is_found_by_a_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = str(locked(project, tells(*FILES), monkeypatch).sha256)
    signed(edited(LOCK, digest, locks.digest("8")))(project.parent)
    with pytest.raises(DifferenceFound):
        run(project, tells(*FILES), monkeypatch)


@pytest.mark.parametrize(("host", "asked"), [("core.windows.net", 1), ("core.usgovcloudapi.net", 0)])
def test_no_token_goes_to_a_host_that_is_not_of_the_target_s_cloud(
    host: str, asked: int, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = list[str]()

    def listed(cloud: Cloud, url: str) -> Sequence[BlobEntry]:
        urls.append(url)
        return FILES

    cloud = replace(World(tmp_path).cloud(), name="azure")
    monkeypatch.setattr("tfinfra.clouds.azure_cloud", lambda target: cloud)
    monkeypatch.setattr("tfinfra.lifecycle.wiring.list_input", listed)
    edited(TRAIN, "core.windows.net", host)(project.parent)
    try:
        blob_listings.lister_of(locks.compiled(project))(f"https://team.blob.{host}/data/corpus")
    except Unlisted as why:
        assert "is no host of this cloud's storage" in str(why)
    assert len(urls) == asked
