"""What `plan` lists is what the stacks make: each resource is on the list, or is a part of one that is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stacks.plans import FLEXIBLE, INFRASTRUCTURES, plan
from tests.stacks.recording import record
from tfinfra.compiler.summary.resource_list import resources
from tfinfra.model import Infrastructure

CASES = {**INFRASTRUCTURES, "nodes close to each other": replace(FLEXIBLE, proximity_placement=True)}
# Parts of something else than ARM's parent: the list's row of that names them.
PART_OF = {"Microsoft.Network/privateDnsZones": "Microsoft.Network/privateEndpoints"}


@pytest.mark.parametrize("infrastructure", CASES.values(), ids=CASES.keys())
def test_the_list_of_a_plan_agrees_with_a_recording_of_its_stacks(
    infrastructure: Infrastructure, tmp_path: Path
) -> None:
    made = set[tuple[str, str]]()
    for part in ("keep", "compute"):
        requests, _ = record(infrastructure, part, tmp_path / part)
        made |= {(part, _whole(request.arm_type)) for request in requests.values()}
    listed = {(row.group, row.type) for row in resources(plan(infrastructure))}
    assert listed == made


def _whole(arm_type: str) -> str:
    """The type of what a resource is a part of: a container's account, a subnet's network."""
    outermost = "/".join(arm_type.split("/")[:2])
    return PART_OF.get(outermost, outermost)
