"""What a program asks of ARM is kept, in whatever state the cache and a checkout of tfinfra are."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.locking import locks
from tfinfra.lifecycle.locking import known_requests
from tfinfra.lifecycle.locking.make import write
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
