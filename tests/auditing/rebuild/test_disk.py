"""What a rebuild may take of the auditor's disk."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tfinfra.lifecycle.auditing.rebuild.disk import taken_too_much, watch_disk

GIB = 2**30
ENDED: dict[str, tuple[int, int, str | None]] = {
    # the GiB that were free when it began, and that are now
    "a usual environment": (100, 90, None),
    "a large one, on a small disk": (20, 2, None),
    "more than any environment": (500, 435, "64 GiB of the disk had gone"),
    "a disk that is nearly full": (3, 0, "less than 1 GiB of the disk was free"),
    "others that clean up": (10, 100, None),
}


@pytest.mark.parametrize("case", ENDED)
def test_a_build_ends_where_the_disk_is_taken(case: str) -> None:
    begin, now, why = ENDED[case]
    found = taken_too_much(begin * GIB, now * GIB)
    assert (found is None) == (why is None) and (why or "") in (found or "")


def test_a_build_that_fills_the_disk_is_ended_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([60 * GIB, 50 * GIB, 40 * GIB])
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=next(free, 0)))
    told: list[str] = []
    watch_disk(tmp_path, told.append, pause=0.001)
    for _ in range(500):
        if told:
            break
        time.sleep(0.01)
    assert told == ["it was ended when less than 1 GiB of the disk was free (TMPDIR names another)"]
