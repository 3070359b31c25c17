"""What has outlived its time, by tags alone."""

from __future__ import annotations

import pytest

from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.lifecycle.attach.sweep import due
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
