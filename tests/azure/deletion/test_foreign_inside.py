"""Whose groups are deleted, and what of them: the real client against the local cloud's own daemon, with what others
tag, name and put into a run's groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azure import fake_daemon
from tests.azure.arm_calls import put
from tests.azure.arm_calls import put as put_resource
from tests.azure.fake_daemon import COMPUTE_NAME, KEEP_NAME, RUN, admin, make
from tests.localcloud.calls import COMPUTE, KEEP, SUB
from tfinfra.azure.clients import get_json
from tfinfra.azure.deletion.contents import contents
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.azure.deletion.groups import group_exists, list_runs, untagged_groups
from tfinfra.azure.vm_instances import instances
from tfinfra.cloud import Cloud
from tfinfra.errors import ForeignInside, TeardownIncomplete
from tfinfra.lifecycle.end import teardown
from tfinfra.lifecycle.record.in_store.published import BorrowedFolder
from tfinfra.lifecycle.wiring import real_ports

cloud, no_faults = fake_daemon.cloud, fake_daemon.no_faults
FOREIGN = f"{COMPUTE}/providers/Microsoft.Network/networkSecurityGroups/payroll"
RULES = f"{COMPUTE}/providers/Microsoft.Network/networkSecurityGroups/{RUN}-rules"
TAGS = {"tfinfra-run": RUN, "tfinfra-owner": "ada", "tfinfra-expires-at": "2000-01-01T00:00:00Z"}
PRODUCTION = f"{SUB}/resourceGroups/production-db"


def put_foreign(cloud: Cloud, path: str = FOREIGN) -> None:
    put(cloud, path, "2024-05-01", {"location": "eastus"})


def remove(cloud: Cloud, path: str) -> None:
    from tests.azure.arm_calls import send

    send(cloud, "DELETE", path, "2024-05-01" if "/providers/" in path else "2024-03-01")


def names(cloud: Cloud, group: str) -> set[str]:
    found = get_json(cloud, f"{SUB}/resourceGroups/{group}/resources", **{"api-version": "2021-04-01"})["value"]
    return {one["name"] for one in found}


@pytest.mark.parametrize("tags", [TAGS, {**TAGS, "tfinfra-run": "anything-abc123"}], ids=["a run", "no run"])
def test_a_tag_alone_makes_no_group_a_runs(cloud: Cloud, tags: dict[str, str]) -> None:
    put(cloud, PRODUCTION, "2024-03-01", {"location": "eastus", "tags": tags})
    try:
        assert list_runs(cloud) == ()
        assert untagged_groups(cloud) == ("production-db",)
        with pytest.raises(TeardownIncomplete, match="is left alone: it is not named as a group of"):
            delete_group(cloud, "production-db", tags["tfinfra-run"], timeout=10)
        assert group_exists(cloud, "production-db") is True
    finally:
        remove(cloud, PRODUCTION)


LEFT_ALONE = {
    "no tag": ({}, "has no tag"),
    "another run's tag": ({"tfinfra-run": "digits-xyz789"}, "is tagged for digits-xyz789"),
    "the tag in capitals": ({"tfinfra-run": RUN.upper()}, "is tagged for DIGITS-ABC123"),
}


@pytest.mark.parametrize(("tags", "why"), LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_a_name_alone_makes_no_group_a_runs(cloud: Cloud, tags: dict[str, str], why: str) -> None:
    put(cloud, COMPUTE, "2024-03-01", {"location": "eastus", "tags": tags})
    try:
        assert (list_runs(cloud), untagged_groups(cloud)) == ((), (COMPUTE_NAME,))
        with pytest.raises(TeardownIncomplete, match=why):
            delete_group(cloud, COMPUTE_NAME, RUN, timeout=10)
        assert group_exists(cloud, COMPUTE_NAME) is True
    finally:
        remove(cloud, COMPUTE)


def test_a_group_named_in_another_case_is_nobodys(cloud: Cloud) -> None:
    shouted = f"{SUB}/resourceGroups/{COMPUTE_NAME.upper()}"
    put(cloud, shouted, "2024-03-01", {"location": "eastus", "tags": TAGS})
    try:
        assert list_runs(cloud) == ()
        with pytest.raises(TeardownIncomplete, match="it is called TFINFRA-DIGITS"):
            delete_group(cloud, COMPUTE_NAME, RUN, timeout=10)
    finally:
        remove(cloud, shouted)


def test_a_tags_name_has_no_case(cloud: Cloud) -> None:
    put(cloud, COMPUTE, "2024-03-01", {"location": "eastus", "tags": {"Tfinfra-Run": RUN}})
    delete_group(cloud, COMPUTE_NAME, RUN, timeout=10)
    assert group_exists(cloud, COMPUTE_NAME) is False


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_what_is_listed_of_a_run_that_nobody_touched_is_all_its_own(cloud: Cloud, mode: str) -> None:
    make(cloud, mode)
    held = contents(cloud, COMPUTE_NAME, RUN)
    assert held.foreign == ()
    assert {one.type.rpartition("/")[2] for one in held.own} >= {"virtualMachineScaleSets", "virtualNetworks", "disks"}
    assert contents(cloud, KEEP_NAME, RUN).foreign == ()


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_what_is_ours_goes_one_by_one_around_what_is_not(cloud: Cloud, mode: str) -> None:
    make(cloud, mode)
    put(cloud, RULES, "2024-05-01", {"location": "eastus"})
    put_foreign(cloud)
    lines: list[str] = []
    with pytest.raises(ForeignInside, match="networkSecurityGroups 'payroll'") as caught:
        delete_group(cloud, COMPUTE_NAME, RUN, timeout=30, progress=lines.append)
    assert caught.value.emptied
    assert caught.value.exit_code == 10
    assert names(cloud, COMPUTE_NAME) == {"payroll"}
    assert instances(cloud, COMPUTE_NAME) == ()
    assert lines == [
        f"{COMPUTE_NAME} holds Microsoft.Network/networkSecurityGroups 'payroll': it stays, what is the run's goes one "
        "by one"
    ]
    remove(cloud, FOREIGN)
    delete_group(cloud, COMPUTE_NAME, RUN, timeout=10)
    assert group_exists(cloud, COMPUTE_NAME) is False


def test_machines_go_though_what_they_used_cannot(cloud: Cloud) -> None:
    """Somebody's lock on the network, and somebody's resource beside it."""
    make(cloud)
    put_foreign(cloud)
    vnet = f"{COMPUTE}/providers/Microsoft.Network/virtualNetworks/{RUN}-vnet"
    lock = f"{vnet}/providers/Microsoft.Authorization/locks/keep"
    put_resource(cloud, lock, "2020-05-01", {"properties": {"level": "CanNotDelete"}})
    try:
        with pytest.raises(ForeignInside, match=f"still Microsoft.Network/virtualNetworks '{RUN}-vnet'") as caught:
            delete_group(cloud, COMPUTE_NAME, RUN, timeout=30)
        assert not caught.value.emptied
        assert names(cloud, COMPUTE_NAME) == {"payroll", f"{RUN}-vnet"}
    finally:
        remove(cloud, lock)
        remove(cloud, FOREIGN)


def test_a_lock_keeps_the_group_and_no_machine(cloud: Cloud) -> None:
    make(cloud)
    vnet = f"{COMPUTE}/providers/Microsoft.Network/virtualNetworks/{RUN}-vnet"
    lock = f"{vnet}/providers/Microsoft.Authorization/locks/keep"
    put_resource(cloud, lock, "2020-05-01", {"properties": {"level": "CanNotDelete"}})
    try:
        with pytest.raises(TeardownIncomplete, match="its machines are deleted"):
            delete_group(cloud, COMPUTE_NAME, RUN, timeout=30)
        assert instances(cloud, COMPUTE_NAME) == ()
    finally:
        remove(cloud, lock)


def test_who_may_not_look_into_a_group_deletes_its_machines_and_not_the_group(cloud: Cloud) -> None:
    make(cloud)
    denied = {"kind": "status", "status": 403, "code": "AuthorizationFailed", "count": 1000}
    admin(cloud, "POST", "faults", {**denied, "method": "GET", "path": f"{COMPUTE_NAME}/resources"})
    lines: list[str] = []
    with pytest.raises(TeardownIncomplete, match="resources/read"):
        delete_group(cloud, COMPUTE_NAME, RUN, timeout=1, progress=lines.append)
    assert "only its machines are deleted" in lines[0]
    assert instances(cloud, COMPUTE_NAME) == ()
    assert group_exists(cloud, COMPUTE_NAME) is True


def test_what_appears_while_the_list_is_agreed_to_is_seen_before_the_deletion(cloud: Cloud) -> None:
    """Between a sweep's list and a group's turn may lie an hour."""
    make(cloud)
    assert len(list_runs(cloud)) == 2
    put_foreign(cloud)
    ports = real_ports(cloud, lambda: 0.0)
    folder = BorrowedFolder(Path(RUN))
    left = teardown.Teardown(ports, folder, RUN, lambda _: None).delete((COMPUTE_NAME, KEEP_NAME))
    assert list(left) == [COMPUTE_NAME]
    assert isinstance(left[COMPUTE_NAME], teardown.Emptied)
    assert teardown.present(left) == []
    assert group_exists(cloud, KEEP_NAME) is False  # nothing is left that its timer could delete
    assert "nothing of the run's" in teardown.incomplete(None, RUN, left, 0.0).message
    remove(cloud, FOREIGN)


def test_a_keep_group_loses_what_is_ours_and_stays_with_what_is_not(cloud: Cloud) -> None:
    make(cloud)
    put(
        cloud,
        f"{KEEP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs",
        "2023-01-31",
        {"location": "eastus"},
    )
    delete_group(cloud, COMPUTE_NAME, RUN, timeout=10)
    with pytest.raises(ForeignInside, match="userAssignedIdentities 'theirs'"):
        delete_group(cloud, KEEP_NAME, RUN, timeout=10)
    assert names(cloud, KEEP_NAME) == {"theirs"}
    remove(cloud, f"{KEEP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs")
