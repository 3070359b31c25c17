"""Whose a listed resource is: its id, which is what would be deleted, must say the same as its kind and name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lifecycle.fakes import World
from tfinfra.azure.deletion import contents as listing

RUN = "digits-abc123"
GROUP = f"tfinfra-{RUN}-compute"
ABOVE = f"/subscriptions/s/resourceGroups/{GROUP}"
SETS, NODES = "Microsoft.Compute/virtualMachineScaleSets", f"{RUN}-nodes"
IDS = {
    "the run's own": (f"{ABOVE}/providers/{SETS}/{NODES}", True),
    "the run's own in other letters": (f"{ABOVE}/providers/{SETS}/{NODES}".upper(), True),
    "another group": (f"/subscriptions/s/resourceGroups/prod/providers/{SETS}/{NODES}", False),
    "a group whose name ends so": (f"/subscriptions/s/resourceGroups/x{GROUP}/providers/{SETS}/{NODES}", False),
    "another kind": (f"{ABOVE}/providers/Microsoft.Sql/servers/{NODES}", False),
    "another name": (f"{ABOVE}/providers/{SETS}/prod", False),
    "something on a resource of others": (
        f"{ABOVE}/providers/Microsoft.Sql/servers/prod/providers/{SETS}/{NODES}",
        False,
    ),
    "a group within a group": (f"/subscriptions/s/resourceGroups/prod{ABOVE}/providers/{SETS}/{NODES}", False),
    "nothing": ("", False),
}


@pytest.mark.parametrize(("id_", "ours"), IDS.values(), ids=IDS.keys())
def test_a_resource_is_the_runs_only_where_its_id_says_so_too(
    id_: str, ours: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listed = {"value": [{"id": id_, "type": SETS, "name": NODES}]}
    monkeypatch.setattr(listing, "get_json", lambda *_, **__: listed)
    held = listing.contents(World(tmp_path).cloud(), GROUP, RUN)
    assert (bool(held.own), bool(held.foreign)) == (ours, not ours)
