"""The role that `tfinfra doctor --role` prints holds for everything that the stacks send, in every variant."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.localcloud.calls import SUB
from tests.stacks.conftest import Recorded, recorded
from tests.stacks.plans import FLEXIBLE, INFRASTRUCTURES, PLATFORM
from tests.stacks.recording import record
from tfinfra.arm.deleter_role import covers, group_deleter_id
from tfinfra.arm.kinds import BY_ITSELF, UnknownKind, kind_of
from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.preflight import permissions as preflight
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.azure.rights.caller_role import caller_role, stack_tokens
from tfinfra.azure.rights.linked_actions import USES
from tfinfra.cli.main import main
from tfinfra.localcloud.arm.checks.types import check_body
from tfinfra.localcloud.arm.providers.authorization import action_of
from tfinfra.localcloud.arm.rbac import conditions
from tfinfra.localcloud.common import ids
from tfinfra.machine.needed_role import needed_role
from tfinfra.model import Image, Infrastructure
from tfinfra.system.resources import resource_folder

__all__ = ["recorded"]  # the fixture
_COMPUTE = f"{PLATFORM}/Microsoft.Compute"
BROUGHT: dict[str, Infrastructure] = {
    "an image of a gallery": replace(FLEXIBLE, image=Image(id=f"{_COMPUTE}/galleries/g/images/i/versions/1.0.0")),
    "an image of the subscription": replace(FLEXIBLE, image=Image(id=f"{_COMPUTE}/images/i")),
    "reserved capacity": replace(FLEXIBLE, capacity_reservation_id=f"{_COMPUTE}/capacityReservationGroups/r"),
}


def missing(requests: Iterable[ResourceRequest]) -> list[str]:
    """What the preflight tells a caller who has this role and no other."""
    has = ArmReply(200, {"value": needed_role(None)["properties"]["permissions"]})
    return [finding.message for finding in preflight.findings(tuple(requests), has)]


@pytest.mark.parametrize("part", ["keep", "compute"])
@pytest.mark.parametrize("which", INFRASTRUCTURES)
def test_it_covers_every_resource_of_every_variant(which: str, part: str, recorded: Recorded) -> None:
    permissions = needed_role(None)["properties"]["permissions"]
    requests, _ = recorded(which, part)
    for request in requests.values():
        for method in ("GET", "PUT") if request.arm_type in BY_ITSELF else ("GET", "PUT", "DELETE"):
            assert covers(permissions, action_of(method, ids.parse(request.path))), (method, request.arm_type)


@pytest.mark.parametrize("which", INFRASTRUCTURES)
def test_who_has_it_may_use_what_every_variant_uses(which: str, recorded: Recorded) -> None:
    assert missing([*recorded(which, "keep")[0].values(), *recorded(which, "compute")[0].values()]) == []


@pytest.mark.parametrize("case", BROUGHT)
def test_who_has_it_may_use_what_a_target_brings(case: str, tmp_path: Path) -> None:
    requests, _ = record(BROUGHT[case], "compute", tmp_path)
    assert missing(requests.values()) == []
    named = {kind for kind in USES if kind.startswith("Microsoft.Compute")}
    assert any(action.rpartition("/")[0] in named for action in preflight.needed(requests.values()))


# As the sessions that Azure/azure-libraries-for-net has recorded address them.
FOLLOWED = (
    f"{SUB}/providers/Microsoft.Compute/locations/eastus/operations/o",
    f"{SUB}/providers/Microsoft.Network/locations/eastus/operations/o",
    f"{SUB}/providers/Microsoft.Network/locations/eastus/operationResults/o",
    f"{SUB}/providers/Microsoft.Storage/locations/eastus/asyncoperations/o",
    f"{SUB}/resourceGroups/g/providers/Microsoft.Network/privateDnsOperationStatuses/o",
    f"{SUB}/resourceGroups/g/providers/Microsoft.Network/privateDnsOperationResults/o",
)


@pytest.mark.parametrize("path", FOLLOWED)
def test_who_has_it_may_look_how_a_long_operation_stands(path: str) -> None:
    permissions = needed_role(None)["properties"]["permissions"]
    assert covers(permissions, action_of("GET", ids.parse(path)))


def test_every_provider_that_the_stacks_use_is_followed_or_known_to_be_done_at_once() -> None:
    types = {kind_of(f"azure-native:{token}").arm_type for token in stack_tokens(resource_folder("stacks"))}
    at_once = {"Microsoft.Authorization", "Microsoft.Logic", "Microsoft.ManagedIdentity"}
    permissions = needed_role(None)["properties"]["permissions"]
    followed = {path.partition("/providers/")[2].partition("/")[0] for path in FOLLOWED}
    assert {kind.partition("/")[0] for kind in types} - at_once - {"Microsoft.Resources"} == followed
    assert covers(permissions, action_of("GET", ids.parse(f"{SUB}/operationresults/o")))


def test_it_covers_no_more_than_what_the_stacks_name() -> None:
    permissions = needed_role(None)["properties"]["permissions"]
    for action in ("Microsoft.KeyVault/vaults/write", "Microsoft.Compute/virtualMachines/write", "*"):
        assert not covers(permissions, action)


def test_a_stack_that_gains_a_type_gains_it_in_the_role(tmp_path: Path) -> None:
    for file in resource_folder("stacks").glob("*.py"):
        (tmp_path / file.name).write_text(file.read_text())
    before = stack_tokens(tmp_path)
    more = "from pulumi_azure_native import network, keyvault as kv\nnetwork.Subnet('a', network.X())\nkv.Vault('b')\n"
    (tmp_path / "more.py").write_text(f"{more}network.SubnetArgs()\n")
    assert stack_tokens(tmp_path) - before == {"network:Subnet", "network:X", "keyvault:Vault"}
    with pytest.raises(UnknownKind):
        kind_of("azure-native:keyvault:Vault")


def test_it_is_a_body_that_arm_takes() -> None:
    role = caller_role(["Microsoft.Resources/resourceGroups"], "s")
    assert check_body("Microsoft.Authorization/roleDefinitions", "2022-04-01", role) == []


def test_doctor_prints_it_for_the_subscription_of_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    subscription = "11111111-2222-3333-4444-555555555555"
    target = f"gpu: {{cloud: azure, vm_size: Standard_D8s_v5, subscription_id: {subscription}}}\n"
    (tmp_path / "compute_targets.yaml").write_text(target)
    assert main(["doctor", "--role", "--target", "gpu"]) == 0
    printed = capsys.readouterr()
    role = json.loads(printed.out)
    assert "without the condition its holder can make himself Owner" in printed.err
    line = next(line for line in printed.err.splitlines() if line.startswith("az role assignment create"))
    words = shlex.split(line)
    said = words[words.index("--condition") + 1]
    assert "ForAnyOfAnyValues:GuidEquals {" + group_deleter_id(subscription) in said
    conditions.parse(said.replace("<object id of the caller>", subscription))
    assert words[words.index("--role") + 1] == role["properties"]["roleName"]
    assert role["properties"]["assignableScopes"] == [f"/subscriptions/{subscription}"]
    assert main(["doctor", "--role", "--target", "gpx"]) == 3
    assert "did you mean 'gpu'" in capsys.readouterr().err
