"""Which build of TensorFlow a run's environment has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.fakes import NEEDS, World, a_plan
from tfinfra.errors import NotFeasible
from tfinfra.lifecycle.provision.environment_needs import requirements_on

# (use_gpu, on this machine, GPUs here, rehearse), (the build is the GPU's, lines that were said)
TABLE: dict[str, tuple[tuple[bool, bool, int, bool], tuple[bool, int]]] = {
    "this machine has a GPU": ((True, True, 1, False), (True, 0)),
    "a rehearsal without a GPU": ((True, True, 0, True), (False, 1)),
    "another machine's GPU": ((True, False, 0, False), (True, 0)),
    "no GPU is wanted": ((False, True, 0, False), (True, 0)),
}


@pytest.mark.parametrize(("case", "expected"), TABLE.values(), ids=TABLE)
def test_the_cpu_build_is_taken_in_a_rehearsal_alone_and_said(
    case: tuple[bool, bool, int, bool], expected: tuple[bool, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_gpu, here, gpus, rehearse = case
    monkeypatch.setattr("tfinfra.compiler.load.machine_gpus", lambda: gpus)
    cloud, said = World(tmp_path).cloud(), list[str]()
    cloud = cloud if here else replace(cloud, environment_cache=None)
    plan = a_plan(use_gpu=use_gpu, requirements=replace(NEEDS, gpu=True))
    found = requirements_on(cloud, plan, rehearse=rehearse, tell=said.append)
    assert (found.gpu, len(said)) == expected


def test_a_gpu_that_is_not_there_is_not_feasible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfinfra.compiler.load.machine_gpus", lambda: 0)
    plan = a_plan(use_gpu=True, requirements=replace(NEEDS, gpu=True))
    with pytest.raises(NotFeasible):
        requirements_on(World(tmp_path).cloud(), plan, rehearse=False, tell=print)
