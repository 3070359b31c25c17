"""The list of what is a run's own (tfinfra/arm/own.py) against what the stacks really send: a resource that a stack
gains, and that list does not, would keep every group of every run for ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stacks.run import account_name as stacks_account_name
from tests.stacks.conftest import Recorded, recorded
from tests.stacks.plans import INFRASTRUCTURES
from tests.stacks.recording import RUN
from tfinfra.arm import own
from tfinfra.arm.kinds import kind_of
from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.rights.caller_role import stack_tokens
from tfinfra.system.resources import resource_folder

__all__ = ["recorded"]  # the fixture
GRANTS = "Microsoft.Authorization/roleAssignments"
GROUPS = "Microsoft.Resources/resourceGroups"
OTHER = "other-zzz999"


def named(request: ResourceRequest) -> tuple[str, str]:
    """(ARM type, name as a list gives it)."""
    namespace, *rest = request.path.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *rest[::2]]), "/".join(rest[1::2])


def resources(requests: dict[str, ResourceRequest]) -> Iterator[ResourceRequest]:
    """What ARM lists in a group: grants are on what they are for, and the group is none of its own resources."""
    yield from (r for r in requests.values() if r.arm_type not in (GRANTS, GROUPS))


@pytest.mark.parametrize("part", ["keep", "compute"])
@pytest.mark.parametrize("which", INFRASTRUCTURES)
def test_everything_that_a_stack_makes_is_its_runs_own_and_no_other_runs(
    which: str, part: str, recorded: Recorded
) -> None:
    group, other = f"tfinfra-{RUN}-{part}", "keep" if part == "compute" else "compute"
    for request in resources(recorded(which, part)[0]):
        type_, name = named(request)
        assert own.is_own(RUN, group, type_, name), request.path
        assert own.is_own(RUN, group, type_.upper(), name.upper()), "ARM's names have no case"
        assert not own.is_own(RUN, f"tfinfra-{RUN}-{other}", type_, name), "each group has its own kinds"
        if "privatelink" not in name:
            assert not own.is_own(OTHER, f"tfinfra-{OTHER}-{part}", type_, name)


def test_nothing_is_on_the_list_that_no_stack_makes() -> None:
    made = {kind_of(f"azure-native:{token}").arm_type for token in stack_tokens(resource_folder("stacks"))}
    assert {*own.KEEP, *own.COMPUTE} <= made
    top = {kind for kind in made if kind.count("/") == 1}
    assert top - {GRANTS, GROUPS} == {kind for kind in (*own.KEEP, *own.COMPUTE) if kind.count("/") == 1}


def test_accounts_are_named_as_the_stacks_name_them() -> None:
    for purpose in ("blob", "file"):
        assert own.account_name(purpose, RUN) == stacks_account_name(purpose, RUN)


COMPUTE, KEEP = f"tfinfra-{RUN}-compute", f"tfinfra-{RUN}-keep"
NODES = f"{RUN}-nodes"
CASES = {
    "a database": (COMPUTE, "Microsoft.Sql/servers", "payroll", False),
    "another kind with one of our names": (COMPUTE, "Microsoft.Sql/servers", NODES, False),
    "one of our kinds with another name": (COMPUTE, "Microsoft.Network/virtualNetworks", "hub", False),
    "one of our kinds with the name of another of ours": (COMPUTE, "Microsoft.Network/virtualNetworks", NODES, False),
    "our kind and name in the other group": (KEEP, "Microsoft.Compute/virtualMachineScaleSets", NODES, False),
    "a storage account of others": (KEEP, "Microsoft.Storage/storageAccounts", "payroll", False),
    "a machine of others": (COMPUTE, "Microsoft.Compute/virtualMachines", "build-agent", False),
    "a disk of others": (COMPUTE, "Microsoft.Compute/disks", "payroll-data", False),
    "a machine of a set": (COMPUTE, "Microsoft.Compute/virtualMachines", f"{NODES}_1a2b3c4d", True),
    "its disk": (COMPUTE, "Microsoft.Compute/disks", f"{NODES}_1a2b3c4d_OsDisk_1_0123", True),
    "its interface": (COMPUTE, "Microsoft.Network/networkInterfaces", "nic0-1a2b3c4d", True),
    "the endpoint's interface": (COMPUTE, "Microsoft.Network/networkInterfaces", f"{RUN}-shared.nic.0123", True),
    "an extension that a policy puts on it": (
        COMPUTE,
        "Microsoft.Compute/virtualMachines/extensions",
        f"{NODES}_1a2b3c4d/AzureMonitorLinuxAgent",
        True,
    ),
    "an extension of another machine": (COMPUTE, "Microsoft.Compute/virtualMachines/extensions", "agent/x", False),
    "nothing": (COMPUTE, "", "", False),
}


@pytest.mark.parametrize(("group", "type_", "name", "ours"), CASES.values(), ids=CASES.keys())
def test_whose_a_resource_is(group: str, type_: str, name: str, ours: bool) -> None:
    assert own.is_own(RUN, group, type_, name) is ours


def test_every_kind_that_may_be_ours_can_be_deleted_by_itself_or_with_another() -> None:
    for kind in own.kinds():
        names = "/".join(f"{part}/x" for part in kind.split("/")[1:])
        assert own.version_for(f"/subscriptions/s/resourceGroups/g/providers/{kind.split('/')[0]}/{names}", kind)


def test_machines_go_first_and_what_is_used_after_what_uses_it() -> None:
    turns = [
        own.turn(f"Microsoft.{kind}")
        for kind in (
            "Compute/virtualMachineScaleSets",
            "Compute/virtualMachines",
            "Network/privateEndpoints",
            "Network/privateDnsZones/virtualNetworkLinks",
            "Network/privateDnsZones",
            "Network/virtualNetworks",
            "Network/natGateways",
            "Network/publicIPAddresses",
        )
    ]
    assert turns == sorted(turns)
