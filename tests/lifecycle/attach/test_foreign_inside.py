"""A run whose group stays because of what somebody else has put in it, and a record that names others' groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.fakes import World
from tests.lifecycle.runs import COMPUTE, KEEP, record_of
from tfinfra.errors import ForeignInside, TeardownIncomplete
from tfinfra.lifecycle.end import teardown
from tfinfra.lifecycle.record.names import begun_groups
from tfinfra.lifecycle.record.run_record import Attempt
from tfinfra.money.budget import Burn

RUN = "digits-abc123"


def holding(world: World, *, emptied: bool) -> None:
    """The compute group holds something foreign, and, unless `emptied`, a network that does not go."""
    delete = world.delete_group

    def stays(group: str) -> None:
        if group == COMPUTE:
            raise ForeignInside(f"{COMPUTE} stays, for it holds a database", emptied=emptied)
        delete(group)

    world.delete_group = stays  # type: ignore[method-assign]


def test_a_group_in_which_nothing_is_ours_any_more_keeps_no_timer_and_costs_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    holding(world, emptied=True)
    result = world.new_run(burn=Burn(27.2, 0.0)).go()
    assert isinstance(result.error, TeardownIncomplete)
    assert result.error.exit_code == 10
    assert f"{COMPUTE}: nothing of the run's: {COMPUTE} stays, for it holds a database" in str(result.error)
    assert world.deleted == [KEEP]
    assert record_of(world).left == (COMPUTE,)
    assert record_of(world).ledger.running() == ()


def test_a_group_in_which_something_of_ours_is_left_keeps_its_timer(tmp_path: Path) -> None:
    world = World(tmp_path)
    holding(world, emptied=False)
    result = world.new_run(burn=Burn(27.2, 0.0)).go()
    assert isinstance(result.error, TeardownIncomplete)
    assert f"{COMPUTE}: 27.20 USD per hour" in str(result.error)
    assert world.deleted == []
    assert record_of(world).left == (COMPUTE, KEEP)


@pytest.mark.parametrize("name", ["hr-prod", "tfinfra-words-xyz789-compute", "tfinfra-digits-abc123-keep", ""])
def test_no_record_names_a_group_of_others_as_the_runs(name: str, tmp_path: Path) -> None:
    """Of a run that this machine has no record of, it is the run's script that may have written it."""
    world = World(tmp_path)
    world.new_run().go()
    told = replace(record_of(world), attempts=(Attempt(name, "eastus", "Standard_D8s_v5"),), compute_group=name)
    assert begun_groups(told, RUN) == (COMPUTE, KEEP)
    known = teardown.all_groups(world.ports(), told, RUN, lambda _: None)
    assert (known.groups, known.alone) == ((COMPUTE, KEEP), {})
