"""A run that fails: whatever happens after the first write, nothing is left, or it is named."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import World, a_plan, differing, failing
from tests.lifecycle.runs import COMPUTE, KEEP, record_of
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.errors import Cancelled, DifferenceFound, NotFeasible, ProvisioningError
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.record.run_status import run_status
from tfinfra.model import Limits
from tfinfra.money.budget import Burn


@pytest.mark.parametrize("step", ["up keep", "up compute", "environment"])
def test_whatever_fails_after_the_first_write_everything_is_deleted(tmp_path: Path, step: str) -> None:
    world = World(tmp_path, faults={step: ProvisioningError("no")})
    result = world.new_run().go()
    assert isinstance(result.error, ProvisioningError)
    assert sorted(world.deleted) == [COMPUTE, KEEP]
    assert record_of(world).result == "error"
    assert record_of(world).exit_code == 6


def test_a_fault_of_tfinfra_itself_deletes_too_and_is_raised(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"up compute": RuntimeError("a bug")})
    with pytest.raises(RuntimeError, match="a bug"):
        world.new_run().go()
    assert sorted(world.deleted) == [COMPUTE, KEEP]


def test_what_fails_before_the_first_write_touches_nothing_and_leaves_its_reason(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"lock": ProvisioningError("no such package")})
    with pytest.raises(ProvisioningError):
        world.new_run(burn=Burn(27.2, 0.1)).go()
    assert world.deleted == []
    record = record_of(world)
    told = (record.phase, record.result, record.exit_code, record.message, record.client)
    assert told == ("deleted", "error", 6, "no such package", None)
    assert run_status(record, (), None, world.now + 1e6).usd == 0.0
    left = {path.name for path in run_folder(tmp_path / "state", "digits-abc123").path.iterdir()}
    assert left <= {"run.json", "plan.json", ".lock", "events.jsonl", "events.jsonl.lock"}


def test_packages_that_only_the_lock_can_refuse_are_told_at_their_line(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"lock": RefusedPackages("pip_packages: no such package", about=("numpy",))})
    with pytest.raises(RefusedPackages) as caught:
        world.new_run().go()
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("TFI329", "no such package")
    assert (world.deleted, record_of(world).exit_code) == ([], 3)


def test_a_training_that_fails_names_the_task_and_its_last_lines(tmp_path: Path) -> None:
    world = World(tmp_path, failing)
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 7
    assert "rank-1 ended with exit status 7" in str(result.error)
    assert "boom" in str(result.error)
    assert world.groups == {}
    assert (record_of(world).failed_task, record_of(world).exit_status) == ("rank-1", 7)


def test_a_node_that_is_not_what_the_lock_says_is_a_difference_and_no_failed_training(tmp_path: Path) -> None:
    world = World(tmp_path, differing)
    result = world.new_run().go()
    assert isinstance(result.error, DifferenceFound)
    assert str(result.error) == "node 1 is not what the lock says: image: another version"
    assert (record_of(world).result, record_of(world).exit_code) == ("error", 11)
    assert world.groups == {}


def test_a_deletion_that_fails_outranks_everything_and_names_the_cost(tmp_path: Path) -> None:
    world = World(tmp_path, failing, faults={"delete": OSError("a lock")})
    result = world.new_run(burn=Burn(27.2, 0.0)).go()
    assert result.error is not None
    assert result.error.exit_code == 10
    assert f"{COMPUTE}: 27.20 USD per hour: a lock" in str(result.error)
    assert record_of(world).phase == "incomplete"
    assert record_of(world).left == (COMPUTE, KEEP)
    assert KEEP in world.groups  # the timer in it is the last who can delete the other


def test_nothing_that_is_billed_is_made_before_the_timer_is_proven(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.armed = False
    result = world.new_run().go()
    assert isinstance(result.error, ProvisioningError)
    assert "begin compute" not in world.observer.lines
    assert world.groups == {}


def test_without_the_role_the_run_goes_on_with_the_client_alone_and_says_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.armed, world.prerequisites = False, Prerequisites(may_delete=False)
    configs: list[Any] = []
    up = world.up

    def seen_up(part: str, config: Any) -> dict[str, Any]:
        configs.append(config)
        return up(part, config)

    world.up = seen_up  # type: ignore[method-assign]
    assert world.new_run().go().error is None
    assert [config["deleterRole"] for config in configs] == ["none", "none"]
    warned = [line for line in world.observer.lines if "will not delete" in line]
    assert [line.split()[2] for line in warned] == ["nodes", "timer"]


def test_what_a_target_names_and_is_not_there_touches_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"prerequisites": NotFeasible("no such identity")})
    with pytest.raises(NotFeasible):
        world.new_run().go()
    assert world.deleted == []
    assert record_of(world).phase == "deleted"


def test_nodes_that_are_gone_end_the_run_with_a_message(tmp_path: Path) -> None:
    world = World(tmp_path, lambda store: None)
    world.running, world.step = 0, 0.3
    result = world.new_run().go()
    assert result.error is not None
    assert result.error.exit_code == 7
    assert "all nodes are gone" in str(result.error)
    assert world.groups == {}


def test_a_failed_training_is_held_and_ctrl_c_ends_the_hold(tmp_path: Path) -> None:
    world = World(tmp_path, failing)
    threading.Timer(0.6, lambda: world.interrupt.request(Cancelled("Ctrl-C"))).start()
    result = world.new_run(a_plan(hold_on_failure=1800, limits=Limits(6000, 60))).go()
    assert result.error is not None
    assert result.error.exit_code == 7
    assert any("held for" in line for line in world.observer.lines)
    assert world.groups == {}
