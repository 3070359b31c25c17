"""What came of a download that was broken off, and a store that is patient with deletions too."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.exceptions import GenericError

from tfinfra.store import MemoryStore, PatientStore
from tfinfra.store.blob.download import Part
from tfinfra.system.clock import SystemClock


@pytest.mark.parametrize(("size", "kept"), [(9, 5), (3, 0)], ids=["half of it is gone on with", "too much is dropped"])
def test_a_part_takes_the_files_place_only_where_it_is_whole(size: int, kept: int, tmp_path: Path) -> None:
    part = Part(tmp_path / "weights", "weights")
    part.belong("tag")
    part.append([b"12345"])
    with pytest.raises(GenericError, match=f"5 of {size} bytes came"):
        part.finish(size)
    assert not (tmp_path / "weights").exists()
    assert part.belong("tag") == kept
    part.append([b"1" * (5 - kept)])
    part.finish(5)
    assert (tmp_path / "weights").stat().st_size == 5


def test_a_patient_store_deletes() -> None:
    below = MemoryStore()
    store = PatientStore(below, SystemClock(), 1.0)
    store.put("a", b"1")
    store.delete("a")
    assert below.get("a") is None
