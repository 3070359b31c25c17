"""What has outlived its time, by tags alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle.fakes import World
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import TeardownIncomplete
from tfinfra.lifecycle.attach import sweep
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.sweep import due
from tfinfra.lifecycle.record.in_store.published import BorrowedFolder
from tfinfra.system.clock import unix_time

PAST, NOW, LATER = "2026-11-24T09:00:00Z", unix_time("2026-11-24T10:00:00Z"), "2026-11-24T11:00:00Z"
RUN = "digits-abc123"
KEEP, COMPUTE, RETRY = (f"tfinfra-{RUN}-{part}" for part in ("keep", "compute", "compute-2"))
CASES: dict[str, tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "nothing": ({KEEP: LATER, COMPUTE: LATER}, (), ()),
    "the nodes, whose outputs have time left": ({KEEP: LATER, COMPUTE: PAST}, (COMPUTE,), (KEEP,)),
    "both": ({KEEP: PAST, COMPUTE: PAST}, (KEEP, COMPUTE), ()),
    "outputs whose nodes are gone": ({KEEP: PAST}, (KEEP,), ()),
    "not the timer of nodes that have time left": ({KEEP: PAST, COMPUTE: LATER}, (), ()),
    "one attempt of two": ({KEEP: PAST, COMPUTE: PAST, RETRY: LATER}, (COMPUTE,), (KEEP, RETRY)),
    "no time that can be read": ({COMPUTE: "soon", KEEP: ""}, (), ()),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_expired_is(case: tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]) -> None:
    expiries, gone, kept = case
    found = due([RunGroup(name, RUN, expires) for name, expires in expiries.items()], NOW)
    assert [one.gone for one in found] == ([gone] if gone else [])
    assert [tuple(group.name for group in one.kept) for one in found] == ([kept] if gone else [])


def test_runs_are_told_apart() -> None:
    groups = [RunGroup(COMPUTE, RUN, PAST), RunGroup("tfinfra-words-abc123-compute", "words-abc123", LATER)]
    assert [one.run for one in due(groups, NOW)] == [RUN]


@pytest.mark.parametrize("keep_until", [PAST, LATER])
def test_a_run_whose_folder_cannot_be_read_is_named_and_keeps_no_other_from_its_end(
    keep_until: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    world, other = World(tmp_path), "tfinfra-words-abc123-compute"
    expiries = {KEEP: keep_until, COMPUTE: PAST, other: PAST}
    world.groups = {name: {} for name in expiries}
    tagged = [RunGroup(name, RUN if RUN in name else "words-abc123", until) for name, until in expiries.items()]
    monkeypatch.setattr(world.arm, "groups", lambda: [group for group in tagged if group.name in world.groups])
    monkeypatch.setattr(sweep, "reach_scope", lambda *asked: world.ports)

    def folder(run: str) -> BorrowedFolder:
        if run == RUN:
            raise PermissionError(13, "Permission denied")
        return BorrowedFolder(tmp_path / run)

    monkeypatch.setattr(sweep, "_folder", folder)
    with pytest.raises(TeardownIncomplete, match=f"{RUN}: PermissionError: .*Permission denied"):
        sweep.down_expired(CloudOptions(), lambda text: None, lambda: NOW)
    assert [*world.groups] == [KEEP, COMPUTE]
