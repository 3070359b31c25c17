"""What a program asks of ARM is kept, in whatever state the cache and a checkout of tfinfra are."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.locking import locks
from tfinfra.compiler.pipeline import Compiled
from tfinfra.lifecycle.locking import bodies, known_requests
from tfinfra.lifecycle.locking.make import write
from tfinfra.locking.now import Requests
from tfinfra.system.progress import say_nothing


def test_links_to_nowhere_and_closed_folders_of_a_checkout_are_passed_over(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "checkout/lifecycle/locking"
    inner.mkdir(parents=True)
    (inner / "one.py").write_text("")
    (inner / ".#one.py").symlink_to("ada@host.1234")
    monkeypatch.setattr(known_requests, "__file__", str(inner / "known_requests.py"))
    scan, asked = os.scandir, locks.compiled(manifest)

    def scandir(folder: str) -> object:
        if folder.endswith("/closed"):
            raise PermissionError(folder)
        return scan(folder)

    (inner.parent / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", scandir)
    assert known_requests.requests_of(asked, say_nothing) == locks.requests()


@pytest.mark.parametrize("file", ["arm/body_shapes.py", "arm/data/azure_types.json"])
def test_a_change_of_a_checkout_is_recorded_anew(
    file: str, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, recorded = tmp_path / "checkout" / file, list[Compiled]()

    def record(asked: Compiled) -> Requests:
        recorded.append(asked)
        return locks.requests()

    changed.parent.mkdir(parents=True)
    changed.write_text("[1]\n")
    monkeypatch.setattr(known_requests, "__file__", str(tmp_path / "checkout/lifecycle/locking/known_requests.py"))
    monkeypatch.setattr(bodies, "recorded_requests", record)
    asked = locks.compiled(manifest)
    for _ in range(2):
        known_requests.requests_of(asked, say_nothing)
    assert len(recorded) == 1
    changed.write_text("[1, 2]\n")
    known_requests.requests_of(asked, say_nothing)
    assert len(recorded) == 2


def test_a_cache_that_holds_another_thing_is_recorded_anew(manifest: Path, tmp_path: Path) -> None:
    (kept,) = (tmp_path / "cache/requests").iterdir()
    kept.write_text("[" * 100_000)
    assert known_requests.requests_of(locks.compiled(manifest), say_nothing) == locks.requests()


def test_two_that_write_one_lock_do_not_meet(tmp_path: Path) -> None:
    path, faults = tmp_path / "train.lock.yaml", list[Exception]()

    def many(letter: str) -> None:
        try:
            for number in range(150):
                write(f"{letter}{number}" * 9, path)
        except Exception as error:  # noqa: BLE001
            faults.append(error)

    both = [threading.Thread(target=many, args=(letter,)) for letter in "ab"]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert faults == []
    assert list(tmp_path.iterdir()) == [path]
