"""What the preflight sends to deployments/validate: the stacks' own bodies, taken whole by ARM's types and rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.localcloud.calls import SUB, Arm
from tests.stacks.conftest import Recorded
from tests.stacks.plans import INFRASTRUCTURES
from tests.stacks.recording import PRINCIPAL, RUN
from tfinfra.arm.template import subscription_template
from tfinfra.azure.preflight.permissions import needed
from tfinfra.azure.preflight.roles import definitions, existing_principals

VALIDATE = f"{SUB}/providers/Microsoft.Resources/deployments/tfinfra-{RUN}-keep/validate"


@pytest.mark.parametrize("which", INFRASTRUCTURES)
def test_the_template_of_both_stacks_is_valid(which: str, recorded: Recorded, tmp_path: Path) -> None:
    requests = [r for part in ("keep", "compute") for r in recorded(which, part)[0].values()]
    template = subscription_template(requests)
    body = {"location": "eastus", "properties": {"mode": "Incremental", "template": template}}
    arm = Arm(tmp_path / "cloud")
    reply = arm.call("POST", VALIDATE, body, query="api-version=2024-11-01")
    arm.loop.close()
    assert (reply.status, reply.body.get("error")) == (200, None)
    inner = [len(r["properties"]["template"]["resources"]) for r in template["resources"] if "properties" in r]
    assert sum(inner) + 2 == len(requests)


def test_the_stacks_take_the_rights_that_their_resources_say(recorded: Recorded) -> None:
    requests = [r for part in ("keep", "compute") for r in recorded("two CPU nodes", part)[0].values()]
    actions = needed(requests)
    assert "Microsoft.Network/virtualNetworks/subnets/join/action" in actions
    assert "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action" in actions
    assert "Microsoft.Authorization/roleAssignments/write" in actions
    assert len(definitions(requests)) == 3


def test_of_those_who_are_given_roles_only_the_caller_exists(recorded: Recorded) -> None:
    keep, compute = ([*recorded("two CPU nodes", part)[0].values()] for part in ("keep", "compute"))
    given = [r.body["properties"]["principalId"] for r in (*keep, *compute) if r.arm_type.endswith("roleAssignments")]
    assert len(set(given)) == 3  # the caller, the nodes and the timer, the same in both stacks
    assert existing_principals([*keep, *compute]) == {PRINCIPAL}
