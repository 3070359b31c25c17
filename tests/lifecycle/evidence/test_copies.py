"""Copies of evidence are written where nothing is, and never over anything: in memory, in azurite, and where a policy
of the container answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.attach.test_resume import RUN
from tests.lifecycle.evidence.test_run_evidence import CONTAINER
from tests.lifecycle.fakes import World
from tests.store.azurite import azurite, needs_node
from tests.store.test_blob_answers import BODY, Blob, blob, opened
from tfinfra.evidence import names
from tfinfra.lifecycle.evidence.copies import NotKept, hand_in, takes_copies
from tfinfra.store import MemoryStore, ObjectStore

__all__ = ["blob"]
FILES = {names.SUMS: b"sums", names.STATEMENT: b"{}", "nodes/0.attested.p7": b"0p7"}


def holds_one_copy(store: ObjectStore) -> None:
    folder = hand_in(store, RUN, FILES)
    assert store.list("") == sorted(f"{folder}/{name}" for name in FILES)
    assert hand_in(store, RUN, FILES) == folder
    other = {**FILES, names.SUMS: b"later sums"}
    assert hand_in(store, RUN, other) != folder
    with pytest.raises(NotKept, match=r"statement\.json is there already, with other bytes"):
        hand_in(store, RUN, {**FILES, names.STATEMENT: b"forged"})
    assert store.get(f"{folder}/{names.STATEMENT}") == b"{}"


def test_a_copy_is_made_once_and_never_written_over() -> None:
    holds_one_copy(MemoryStore())


@needs_node
def test_azurite_writes_over_no_copy(tmp_path: Path) -> None:
    with azurite(tmp_path / "azurite") as served:
        holds_one_copy(served.open())


def test_a_container_whose_policy_refuses_is_no_copy(blob: Blob) -> None:
    blob.status, blob.refused = 409, 1
    blob.body = BODY.format("BlobImmutableDueToPolicy", "the blob is immutable").encode()
    with pytest.raises(NotKept):
        hand_in(opened(blob), RUN, FILES)


def test_a_container_that_lets_nobody_in_is_no_copy(blob: Blob) -> None:
    blob.body = BODY.format("AuthorizationPermissionMismatch", "not authorized").encode()
    with pytest.raises(NotKept):
        hand_in(opened(blob), RUN, FILES)


@pytest.mark.parametrize(
    ("cloud", "url", "takes"),
    [
        ("local", CONTAINER, True),
        ("local", "https://team.blob.core.windows.net/evidence", False),
        ("azure", "https://team.blob.core.windows.net/evidence", True),
        ("azure", "https://team.blob.core.windows.net.evil.example/evidence", False),
        ("azure", CONTAINER, False),
    ],
)
def test_no_token_goes_to_a_container_that_is_not_of_the_run_s_cloud(
    cloud: str, url: str, takes: bool, tmp_path: Path
) -> None:
    assert takes_copies(url, replace(World(tmp_path).cloud(), name=cloud)) is takes
