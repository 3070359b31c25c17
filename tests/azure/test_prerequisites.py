"""What a subscription has ready for runs, asked by the real clients: the role, and what others made."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure import fake_daemon, platform
from tests.azure.arm_calls import put, send
from tests.azure.fake_daemon import admin
from tests.localcloud.calls import BLOB_CONTRIBUTOR, COMPUTE, GROUP_DELETER, SUB
from tests.stacks.plans import OTHERS, THEIR_IDENTITY, THEIR_REAPER, THEIR_STORE
from tfinfra.arm.deleter_role import GROUP_DELETER as PLAIN_NAME
from tfinfra.arm.deleter_role import GROUPS, ROLES_API, definition_path, group_deleter, group_deleter_names
from tfinfra.azure.deletion.groups import group_exists
from tfinfra.azure.prerequisites.find import find_prerequisites, require_prerequisites
from tfinfra.azure.prerequisites.group_deleter import is_deleter, make_group_deleter
from tfinfra.azure.timer import await_armed
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, NotFeasible, ProvisioningError
from tfinfra.model import Access

RUN = "digits-abc123"
SUBSCRIPTION = SUB.rpartition("/")[2]
ROLE = definition_path(SUBSCRIPTION, GROUP_DELETER)

cloud, no_faults = fake_daemon.cloud, fake_daemon.no_faults  # fixtures


@pytest.fixture
def platform_group(cloud: Cloud) -> Iterator[None]:
    platform.make_group(cloud)
    yield
    platform.remove(cloud)


def test_the_local_cloud_has_the_role_from_its_first_start(cloud: Cloud) -> None:
    found = require_prerequisites(cloud, Access())
    assert (found.may_delete, found.deleter_role) == (True, GROUP_DELETER)


def test_setup_makes_the_role_once(cloud: Cloud) -> None:
    assert send(cloud, "DELETE", ROLE, "2022-04-01") == 200
    assert not require_prerequisites(cloud, Access()).may_delete
    assert [make_group_deleter(cloud).made for _ in range(3)] == [True, False, False]
    assert require_prerequisites(cloud, Access()).deleter_role == GROUP_DELETER


def test_who_may_not_make_it_is_told_what_an_owner_runs(cloud: Cloud) -> None:
    assert send(cloud, "DELETE", ROLE, "2022-04-01") == 200
    refusal = {"status": 403, "code": "AuthorizationFailed", "message": "no"}
    admin(cloud, "POST", "faults", {"kind": "status", "method": "PUT", "path": "roleDefinitions", **refusal})
    with pytest.raises(CredentialsError) as caught:
        make_group_deleter(cloud)
    assert caught.value.exit_code == 5
    line = str(caught.value.hint)
    assert "az role definition create --role-definition '{" in line
    role = json.loads(line.partition("'")[2].rstrip("'"))
    assert role["Actions"] == [f"{GROUPS}/read", f"{GROUPS}/delete"]
    assert role["AssignableScopes"] == [SUB]
    assert make_group_deleter(cloud).made


NAMES: dict[str, str] = dict(
    zip(("its own", "without the subscription"), group_deleter_names(SUBSCRIPTION), strict=True)
)


@pytest.mark.parametrize("case", NAMES)
def test_a_role_that_somebody_made_by_hand_is_found_by_its_name(cloud: Cloud, case: str) -> None:
    body = group_deleter(SUBSCRIPTION)
    theirs = definition_path(SUBSCRIPTION, "77777777-7777-4777-8777-777777777777")
    send(cloud, "DELETE", ROLE, ROLES_API)
    put(cloud, theirs, ROLES_API, {"properties": {**body["properties"], "roleName": NAMES[case]}})
    try:
        assert require_prerequisites(cloud, Access()).deleter_role == theirs.rpartition("/")[2]
        found = make_group_deleter(cloud)
        assert (found.role, found.id, found.made) == (NAMES[case], theirs, False)
    finally:
        send(cloud, "DELETE", theirs, ROLES_API)
        assert make_group_deleter(cloud).made


def test_a_role_of_its_id_counts_under_its_old_name(cloud: Cloud) -> None:
    body = group_deleter(SUBSCRIPTION)
    put(cloud, ROLE, ROLES_API, {"properties": {**body["properties"], "roleName": PLAIN_NAME}})
    assert (make_group_deleter(cloud).role, make_group_deleter(cloud).made) == (PLAIN_NAME, False)
    put(cloud, ROLE, ROLES_API, body)


def test_two_subscriptions_of_a_tenant_have_two_names() -> None:
    other = "11111111-2222-3333-4444-555555555555"
    assert len({group_deleter(one)["properties"]["roleName"] for one in (SUBSCRIPTION, other)}) == 2


def test_a_name_that_the_tenant_has_elsewhere_is_told_with_the_way_out(cloud: Cloud) -> None:
    """In the words of hashicorp/terraform-provider-azurerm#10728."""
    assert send(cloud, "DELETE", ROLE, ROLES_API) == 200
    taken = {"status": 409, "code": "RoleDefinitionWithSameNameExists"}
    said = "A role definition cannot be updated with a name that already exists."
    fault = {"kind": "status", "method": "PUT", "path": "roleDefinitions", "message": said, **taken}
    admin(cloud, "POST", "faults", fault)
    with pytest.raises(ProvisioningError, match=r"has a custom role 'tfinfra group deleter .*' already") as told:
        make_group_deleter(cloud)
    assert f"add /subscriptions/{SUBSCRIPTION} to its assignable scopes" in str(told.value.hint)
    assert make_group_deleter(cloud).made


def test_all_that_others_made_is_found(cloud: Cloud, platform_group: None) -> None:
    platform.make_all(cloud, RUN)
    assert await_armed(cloud, "platform", THEIR_REAPER.rpartition("/")[2], timeout=20)
    found = require_prerequisites(cloud, OTHERS["all of others"])
    assert not found.may_delete  # the reaper does
    assert found.deletes_all
    assert found.identity_client_id
    assert found.store_url is not None
    assert found.store_url.startswith("file:///")
    assert found.store_url.endswith("/teamruns/blob/runs")
    assert Path(found.store_url.removeprefix("file://")).is_dir()


def test_a_shared_identity_that_deletes_no_groups_leaves_it_to_the_timer(cloud: Cloud, platform_group: None) -> None:
    platform.make_identity(cloud, (platform.GROUP, GROUP_DELETER), (SUB, BLOB_CONTRIBUTOR))
    found = require_prerequisites(cloud, Access(identity_id=THEIR_IDENTITY))
    assert (found.may_delete, found.deletes_all, found.deleter_role) == (
        True,
        False,
        GROUP_DELETER,
    )


def test_who_may_not_assign_roles_gets_no_timer_with_a_shared_identity(cloud: Cloud, platform_group: None) -> None:
    platform.make_identity(cloud)
    contributor = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
    admin(cloud, "PUT", "market", {"permissions": [contributor]})
    try:
        found = require_prerequisites(cloud, Access(identity_id=THEIR_IDENTITY))
    finally:
        admin(cloud, "DELETE", "market")
    assert (found.may_delete, found.deleter_role) == (False, None)


WIDER = {
    "everything": ({"actions": ["*"]}, False),
    "all of groups": ({"actions": [f"{GROUPS}/*"]}, False),
    "one action more": ({"actions": [f"{GROUPS}/read", f"{GROUPS}/delete", f"{GROUPS}/write"]}, False),
    "data too": ({"actions": [f"{GROUPS}/read", f"{GROUPS}/delete"], "dataActions": ["*"]}, False),
    "less": ({"actions": [f"{GROUPS}/delete"]}, False),
    "the same in another order and case": ({"actions": [f"{GROUPS}/Delete", f"{GROUPS}/read"]}, True),
}


@pytest.mark.parametrize(("permissions", "is_one"), WIDER.values(), ids=WIDER.keys())
def test_only_a_role_of_exactly_its_actions_is_the_deleter(permissions: dict[str, list[str]], is_one: bool) -> None:
    assert is_deleter({"properties": {"permissions": [permissions]}}) is is_one


def test_a_wider_role_of_the_name_is_given_to_nobody(cloud: Cloud) -> None:
    body = group_deleter(SUBSCRIPTION)
    wide = [{**body["properties"]["permissions"][0], "actions": ["*"]}]
    put(cloud, ROLE, ROLES_API, {"properties": {**body["properties"], "permissions": wide}})
    try:
        assert require_prerequisites(cloud, Access()).deleter_role is None
        assert make_group_deleter(cloud).made
        assert require_prerequisites(cloud, Access()).deleter_role == GROUP_DELETER
    finally:
        put(cloud, ROLE, ROLES_API, body)


MISSING = {
    "no identity": (Access(identity_id=THEIR_IDENTITY), "identity_id of the target cannot be read"),
    "no account": (Access(store=THEIR_STORE), "there is no storage account 'teamruns'"),
    "no reaper": (Access(reaper_id=THEIR_REAPER), "reaper_id of the target cannot be read"),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_not_there_is_refused(cloud: Cloud, platform_group: None, case: str) -> None:
    access, message = MISSING[case]
    with pytest.raises(NotFeasible, match=message):
        require_prerequisites(cloud, access)


def test_all_that_is_missing_is_told_at_once(cloud: Cloud) -> None:
    found, lacking = find_prerequisites(cloud, OTHERS["all of others"])
    assert [lack.key for lack in lacking] == ["reaper_id", "store", "identity_id"]
    assert (found.may_delete, found.store_url) == (False, THEIR_STORE)


def test_a_token_that_is_not_taken_is_a_fault_of_the_credentials(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 401, "path": "roleDefinitions"})
    with pytest.raises(CredentialsError, match="does not accept your token"):
        require_prerequisites(cloud, Access())


def test_a_container_that_is_not_there_is_refused(cloud: Cloud, platform_group: None) -> None:
    platform.make_store(cloud)
    with pytest.raises(NotFeasible, match="store of the target cannot be read"):
        require_prerequisites(cloud, Access(store=THEIR_STORE.replace("/runs", "/walks")))


def test_a_reaper_that_does_not_work_is_refused(cloud: Cloud, platform_group: None) -> None:
    access = Access(reaper_id=THEIR_REAPER)
    platform.make_identity(cloud, (SUB, GROUP_DELETER))
    platform.make_reaper(cloud, RUN, state="Disabled")
    with pytest.raises(NotFeasible, match="is disabled"):
        require_prerequisites(cloud, access)
    platform.make_reaper(cloud, RUN)
    assert await_armed(cloud, "platform", "reaper", timeout=20)
    assert require_prerequisites(cloud, access).may_delete  # the nodes
    with pytest.raises(NotFeasible, match=r"no run of .* has succeeded within 1 h"):
        require_prerequisites(cloud, access, clock=lambda: 4_000_000_000.0)


def test_the_reaper_of_others_deletes_what_has_expired(cloud: Cloud, platform_group: None) -> None:
    tags = {"tfinfra-run": RUN, "tfinfra-expires-at": "2000-01-01T00:00:00Z"}
    put(cloud, COMPUTE, "2024-03-01", {"location": "eastus", "tags": tags})
    platform.make_identity(cloud, (SUB, GROUP_DELETER))
    platform.make_reaper(cloud, RUN)
    assert await_armed(cloud, "platform", "reaper", timeout=20)
    until = time.monotonic() + 20
    while group_exists(cloud, COMPUTE.rpartition("/")[2]) and time.monotonic() < until:
        time.sleep(0.1)
    assert group_exists(cloud, COMPUTE.rpartition("/")[2]) is False
