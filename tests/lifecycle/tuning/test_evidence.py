"""The evidence of a tune covers its journal, its trials and the best of them; an honest one alarms nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lifecycle.evidence.test_audited import found
from tests.lifecycle.tuning.fake_pool import Life
from tests.lifecycle.tuning.test_resume import NEXT, Killed, left_by
from tests.lifecycle.tuning.tuned_world import TunedWorld, hurried
from tfinfra.lifecycle.tuning.before import Before
from tfinfra.lifecycle.tuning.resume import with_ends

__all__ = ["hurried"]


def finished(tmp: Path) -> Path:
    world = TunedWorld(tmp)
    world.search()
    return world.results


def without_best(tmp: Path) -> Path:
    world = TunedWorld(tmp, lambda _: Life(exit_status=1, word="boom"))
    world.search()
    return world.results


def resumed(tmp: Path) -> Path:
    killed = Killed(tmp / "first", 8)
    world = TunedWorld(tmp / "second")
    left = left_by(killed, killed.store)
    world.search(Before(left, (), with_ends(left)), letters="next00")
    return world.tmp / "runs" / NEXT


@pytest.mark.parametrize("made", [finished, without_best, resumed])
def test_an_honest_tune_alarms_nobody(made: Callable[[Path], Path], tmp_path: Path) -> None:
    assert found(made(tmp_path)) == []


CHANGED: dict[str, tuple[str, bytes, bytes]] = {
    "a point of a trial": ("trials/2/metrics/worker-0.jsonl", b"1.0", b"9.0"),
    "a parameter in the journal": ("audit/tune.jsonl", b'"--x": 1', b'"--x": 7'),
    "what a trial made": ("trials/2/outputs/model.json", b"--x", b"--y"),
    "what the best trial made": ("best/outputs/model.json", b"--x", b"--y"),
    "how a trial ended": ("trials/2/run.json", b"succeeded", b"failed"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_somebody_changes_is_found(what: str, tmp_path: Path) -> None:
    name, old, new = CHANGED[what]
    path = finished(tmp_path) / name
    data = path.read_bytes()
    assert old in data
    path.unlink()  # best/ and trials/ may share a file
    path.write_bytes(data.replace(old, new))
    assert any(name in (each.file, each.subject) for each in found(tmp_path / "runs" / "digits-abc123"))
