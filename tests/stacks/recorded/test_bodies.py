"""Every body that the stacks send, against ARM's types and against the rules that no type states."""

from __future__ import annotations

import base64
import ipaddress
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import Recorded
from tests.stacks.plans import FLEXIBLE, INFRASTRUCTURES, OTHERS, SUBNET_ID
from tests.stacks.recording import IDENTITY, RUN, SUBSCRIPTION, config, node_settings, record, run_program, write
from tfinfra.arm.deleter_role import group_deleter_id
from tfinfra.arm.requests import ResourceRequest
from tfinfra.localcloud.arm.checks.scale_set import check_scale_set
from tfinfra.localcloud.arm.checks.types import check_body

CASES = [(which, part) for which in INFRASTRUCTURES for part in ("keep", "compute")]
ENDPOINTS = {
    "": "https://management.azure.com",
    "https://management.usgovcloudapi.net/": "https://management.usgovcloudapi.net",
}
SETS = {"two CPU nodes": "Flexible", "two InfiniBand nodes": "Uniform", "one node": "Flexible"}


@pytest.mark.parametrize(("which", "part"), CASES)
def test_every_body_is_one_that_arm_takes(which: str, part: str, recorded: Recorded) -> None:
    requests, _ = recorded(which, part)
    found = {name: check_body(r.arm_type, r.api_version, r.body) for name, r in requests.items()}
    assert {name: findings for name, findings in found.items() if findings} == {}


@pytest.mark.parametrize(("which", "part"), CASES)
def test_every_resource_is_named_after_its_run_and_tagged_with_it(which: str, part: str, recorded: Recorded) -> None:
    requests, _ = recorded(which, part)
    marks = {"tfinfra-run": RUN, "tfinfra-owner": "ada", "tfinfra-expires-at": "2126-11-30T10:00:00Z"}
    wanted = {**marks, "team": "vision"}
    for request in requests.values():
        assert request.path.split("/")[4] == f"tfinfra-{RUN}-{part}"
        if "location" in request.body:
            assert request.body["tags"] == wanted, request.name


@pytest.mark.parametrize(("which", "mode"), SETS.items())
def test_the_scale_set_breaks_no_rule_of_its_orchestration_mode(which: str, mode: str, recorded: Recorded) -> None:
    body = recorded(which, "compute")[0]["scale-set"].body
    assert check_scale_set(body) == []
    assert body["properties"]["orchestrationMode"] == mode


def test_infiniband_nodes_are_one_placement_group_that_nothing_replaces(recorded: Recorded) -> None:
    properties = recorded("two InfiniBand nodes", "compute")[0]["scale-set"].body["properties"]
    assert properties["singlePlacementGroup"] is True
    assert properties["overprovision"] is False
    assert properties["upgradePolicy"] == {"mode": "Manual"}


def test_flexible_nodes_leave_no_disk_and_no_interface(recorded: Recorded) -> None:
    properties = recorded("two CPU nodes", "compute")[0]["scale-set"].body["properties"]
    profile = properties["virtualMachineProfile"]
    nics = profile["networkProfile"]["networkInterfaceConfigurations"]
    assert properties["platformFaultDomainCount"] == 1
    assert profile["networkProfile"]["networkApiVersion"] == "2022-11-01"
    assert profile["storageProfile"]["osDisk"]["deleteOption"] == "Delete"
    assert [nic["properties"]["deleteOption"] for nic in nics] == ["Delete"]


@pytest.mark.parametrize("which", SETS)
def test_no_node_has_a_public_address_and_none_may_come_in(which: str, recorded: Recorded) -> None:
    requests, _ = recorded(which, "compute")
    assert "publicIPAddress" not in json.dumps(requests["scale-set"].body)
    rules = [rule["properties"] for rule in requests["rules"].body["properties"]["securityRules"]]
    assert [(r["direction"], r["access"], r["sourceAddressPrefix"]) for r in rules] == [
        ("Inbound", "Allow", "10.64.0.0/20"),
        ("Inbound", "Deny", "*"),
    ]


def test_in_a_subnet_of_the_users_nothing_is_made_and_only_the_nodes_reach_each_other(recorded: Recorded) -> None:
    requests, _ = recorded("two nodes in a subnet", "compute")
    kinds = {request.arm_type.rpartition("/")[2] for request in requests.values()}
    assert kinds.isdisjoint({"virtualNetworks", "natGateways", "publicIPAddresses", "privateDnsZones"})
    members = [{"id": requests["nodes-group"].path}]
    first, last = (rule["properties"] for rule in requests["rules"].body["properties"]["securityRules"])
    assert first["sourceApplicationSecurityGroups"] == members == first["destinationApplicationSecurityGroups"]
    assert (last["access"], last["destinationApplicationSecurityGroups"]) == ("Deny", members)
    profile = requests["scale-set"].body["properties"]["virtualMachineProfile"]
    (nic,) = profile["networkProfile"]["networkInterfaceConfigurations"]
    (address,) = nic["properties"]["ipConfigurations"]
    assert (
        address["properties"]["subnet"]["id"]
        == SUBNET_ID
        == requests["shared-endpoint"].body["properties"]["subnet"]["id"]
    )
    assert address["properties"]["applicationSecurityGroups"] == members
    assert b"10.9.0.7 files.file.core.windows.net" in base64.b64decode(profile["osProfile"]["customData"])


@pytest.mark.parametrize("which", SETS)
def test_the_subnet_goes_out_through_its_nat_only(which: str, recorded: Recorded) -> None:
    requests, _ = recorded(which, "compute")
    (subnet,) = requests["vnet"].body["properties"]["subnets"]
    properties = subnet["properties"]
    assert properties["defaultOutboundAccess"] is False
    assert properties["natGateway"]["id"] == requests["nat"].path
    assert properties["serviceEndpoints"] == [{"service": "Microsoft.Storage"}]
    rdma = ipaddress.ip_network("172.16.0.0/16")
    assert not ipaddress.ip_network(properties["addressPrefix"]).overlaps(rdma)


@pytest.mark.parametrize("which", SETS)
def test_storage_has_no_keys_and_nothing_public(which: str, recorded: Recorded) -> None:
    requests, _ = recorded(which, "keep")
    accounts = [r.body["properties"] for r in requests.values() if r.arm_type.endswith("storageAccounts")]
    assert len(accounts) == (1 if which == "one node" else 2)
    for account in accounts:
        assert account["allowSharedKeyAccess"] is False
        assert account["allowBlobPublicAccess"] is False
        assert account["minimumTlsVersion"] == "TLS1_2"
    assert requests["container"].body["properties"]["publicAccess"] == "None"


def test_the_shared_directory_is_reached_through_a_private_endpoint_only(recorded: Recorded) -> None:
    keep, compute = recorded("two CPU nodes", "keep")[0], recorded("two CPU nodes", "compute")[0]
    assert keep["files"].body["properties"]["publicNetworkAccess"] == "Disabled"
    assert keep["share"].body["properties"]["enabledProtocols"] == "NFS"
    (link,) = compute["shared-endpoint"].body["properties"]["privateLinkServiceConnections"]
    assert link["properties"]["privateLinkServiceId"] == keep["files"].path
    assert link["properties"]["groupIds"] == ["file"]


def test_one_node_needs_no_shared_directory(recorded: Recorded) -> None:
    keep, outputs = recorded("one node", "keep")
    assert "share" not in keep
    assert outputs["shared"] is None
    assert not any("shared" in name for name in recorded("one node", "compute")[0])


def test_nobody_is_granted_more_than_blobs_and_the_deletion_of_the_groups(recorded: Recorded) -> None:
    blobs, reader = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    deleter = group_deleter_id(SUBSCRIPTION)
    keep, _ = recorded("two CPU nodes", "keep")
    assert keep["nodes-blobs"].path.startswith(keep["container"].path)
    assert keep["nodes-requests"].path.startswith(keep["requests"].path)
    assert _granted(recorded("two CPU nodes", "keep")[0]) == [
        ("caller-blobs", "storageAccounts", blobs),
        ("nodes-blobs", "containers", blobs),  # of the run's container: they may not write where they are asked
        ("nodes-requests", "containers", reader),
        ("timer-may-delete", "resourceGroups", deleter),  # the nodes may not delete what holds the outputs
    ]
    assert _granted(recorded("two CPU nodes", "compute")[0]) == [
        ("nodes-may-delete", "resourceGroups", deleter),
        ("timer-may-delete", "resourceGroups", deleter),
    ]


def test_the_caller_is_granted_blobs_as_the_kind_of_principal_that_it_is(tmp_path: Path) -> None:
    """ARM refuses an assignment to a principal of another kind, and the SDK takes everybody for a person."""
    for kind in ("ServicePrincipal", "User"):
        keep, _ = record(FLEXIBLE, "keep", tmp_path / kind, principalType=kind)
        assert keep["caller-blobs"].body["properties"]["principalType"] == kind


def test_the_shared_directorys_zone_ends_as_the_clouds_storage_accounts_do(tmp_path: Path) -> None:
    compute, _ = record(FLEXIBLE, "compute", tmp_path, storageSuffix="core.usgovcloudapi.net")
    assert compute["shared-zone"].path.endswith("/privatelink.file.core.usgovcloudapi.net")


def _granted(requests: dict[str, ResourceRequest]) -> list[tuple[str, str, str]]:
    """(logical name, kind of scope, role) of each role assignment; each lies in the stack's own group."""
    found = []
    for request in requests.values():
        if request.arm_type.endswith("roleAssignments"):
            scope = request.path.partition("/providers/Microsoft.Authorization")[0]
            role = request.body["properties"]["roleDefinitionId"].rsplit("/", 1)[-1]
            found.append((request.name, scope.split("/")[-2], role))
    return sorted(found)


@pytest.mark.parametrize("which", OTHERS)
def test_what_others_made_is_not_made_again(which: str, recorded: Recorded) -> None:
    access = OTHERS[which]
    keep, outputs = recorded(which, "keep")
    compute, _ = recorded(which, "compute")
    assert ("blobs" in keep) == (access.store is None)
    assert ("nodes" in keep) == (access.identity_id is None)
    assert ("requests" in keep) == (access.store is None and access.identity_id is None) == bool(outputs["requests"])
    assert ("workflow" in keep) == (access.reaper_id is None)
    grants = [*_granted(keep), *_granted(compute)]
    if access.identity_id:
        assert not [name for name, *_ in grants if not name.startswith("timer")], "its maker has granted it what it has"
        assert outputs["identityId"] == access.identity_id
    if access.reaper_id:
        assert not [name for name, *_ in grants if name.startswith("timer")]
    if access.identity_id and not access.reaper_id:
        deleter = group_deleter_id(SUBSCRIPTION)
        assert grants == [("timer-may-delete", "resourceGroups", deleter)] * 2
        (signer,) = keep["workflow"].body["identity"]["userAssignedIdentities"]
        assert signer.endswith(f"/{RUN}-timer"), "no script can act as the timer"


def test_the_timer_calls_the_endpoint_of_its_cloud(tmp_path: Path) -> None:
    for number, (given, expected) in enumerate(ENDPOINTS.items()):
        more = {"armEndpoint": given} if given else {}
        own = f"https://audience-{number}.example/guid" if number else f"{expected}/"
        more |= {"armAudience": own} if number else {}
        requests, _ = record(INFRASTRUCTURES["one node"], "keep", tmp_path / str(number), **more)
        flow = requests["workflow"].body["properties"]
        look = flow["definition"]["actions"]["look_at_keep"]["inputs"]
        assert look["uri"].startswith(f"{expected}/subscriptions/")
        assert look["authentication"]["audience"] == own
        assert list(flow["parameters"]) == ["subscription"]
        assert look["authentication"]["identity"].endswith(f"/{RUN}-timer")


def test_where_nobody_may_delete_there_is_no_timer_and_no_grant(tmp_path: Path) -> None:
    for part in ("keep", "compute"):
        requests, outputs = record(INFRASTRUCTURES["one node"], part, tmp_path / part, deleterRole="none")
        assert not [name for name, kind, _ in _granted(requests) if kind == "resourceGroups"]
        assert "workflow" not in requests
        assert outputs.get("timerIdentityId") is None


_ROLE = "b24988ac-6180-42a0-ab88-20f7382dd24c"


def test_a_role_that_somebody_else_made_is_granted_as_it_is_called(tmp_path: Path) -> None:
    requests, _ = record(INFRASTRUCTURES["one node"], "keep", tmp_path, deleterRole=_ROLE)
    assert ("timer-may-delete", "resourceGroups", _ROLE) in _granted(requests)


def test_nodes_and_timer_are_two_identities(recorded: Recorded) -> None:
    keep = recorded("two CPU nodes", "keep")[0]
    names = {request.path.rsplit("/", 1)[-1] for request in keep.values() if "userAssignedIdentities" in request.path}
    assert names == {f"{RUN}-nodes", f"{RUN}-timer"}
    assert next(iter(keep["workflow"].body["identity"]["userAssignedIdentities"])).endswith(f"{RUN}-timer")


def test_the_outputs_are_what_the_lifecycle_reads(recorded: Recorded) -> None:
    keep = recorded("two CPU nodes", "keep")[1]
    account = recorded("two CPU nodes", "keep")[0]["blobs"].path.rsplit("/", 1)[-1]
    assert keep["store"] == {"endpoint": f"https://{account}.blob.core.windows.net/", "container": "run"}
    assert keep["identityId"] == IDENTITY
    assert keep["requests"] == {**keep["store"], "container": "requests"}
    assert set(keep) == {"store", "requests", "shared", "identityId", "identityClientId", "timerIdentityId"}
    assert recorded("two CPU nodes", "compute")[1] == {}


def test_nothing_secret_is_in_any_body(recorded: Recorded) -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(names, value.values()))
        return set().union(*map(names, value)) if isinstance(value, list) else set()

    for which, part in CASES:
        for request in recorded(which, part)[0].values():
            assert not names(request.body) & {"adminPassword", "protectedSettings", "secrets", "keyData64"}


def chosen(choice: int) -> dict[str, str]:
    """The compute stack's configuration for one of the plan's choices."""
    return {**config("compute"), "choice": str(choice), "nodeSettings": json.dumps(node_settings(choice))}


def test_one_deploy_folder_serves_every_choice(tmp_path: Path) -> None:
    other = replace(FLEXIBLE, location="westeurope", vm_size="Standard_D16s_v5", proximity_placement=True, zone="2")
    folder = write(FLEXIBLE, tmp_path, (other,))
    first, last = (run_program(folder, chosen(choice))[0] for choice in (0, 1))
    for requests, made in ((first, FLEXIBLE), (last, other)):
        body = requests["scale-set"].body
        assert (body["location"], body["sku"]["name"]) == (made.location, made.vm_size)
        assert requests["vnet"].body["location"] == made.location
    near, nodes = last["placement"], last["scale-set"].body
    assert near.body["properties"]["intent"] == {"vmSizes": ["Standard_D16s_v5"]}
    assert near.body["zones"] == ["2"] == nodes["zones"]
    assert nodes["properties"]["proximityPlacementGroup"] == {"id": near.path}
