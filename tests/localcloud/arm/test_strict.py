"""How the local ARM throttles, lags and spells, beyond what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.localcloud.arm.test_refusals import CONTAINER, GROUP, STORE
from tests.localcloud.calls import ACCOUNT, COMPUTE, IDENTITY, KEEP, KEY, SET, SUB, VNET, Arm, scale_set
from tfinfra.localcloud.arm.strict.throttle import Throttle
from tfinfra.localcloud.arm.subscription.rate_limits import CountedCall
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.machines import fake_machines

SETS = "microsoft.compute/virtualmachinescalesets"
MACHINES = "microsoft.compute/virtualmachines"
# (calls, those that are taken in one moment, how many more after so many seconds)
PUBLISHED = {
    "ARM's reads": (CountedCall("me", "GET", f"{SUB}/resourcegroups", "", False), 250, (1, 25)),
    "ARM's deletions": (CountedCall("me", "DELETE", KEEP, "", False), 200, (1, 10)),
    "ARM's writes": (CountedCall("me", "PATCH", KEEP, "", False), 200, (1, 10)),
    "one scale set": (CountedCall("me", "GET", SET, SETS, False, "eastus"), 36, (60, 12)),
    "a new scale set": (CountedCall("me", "PUT", SET, SETS, False, "eastus", exists=False), 12, (60, 4)),
    "the end of a scale set": (CountedCall("me", "DELETE", SET, SETS, False, "eastus"), 12, (60, 4)),
    "a set's instance view": (
        CountedCall("me", "GET", f"{SET}/instanceView", f"{SETS}/instanceview", True, "eastus"),
        30,
        (60, 10),
    ),
    "how an operation stands": (
        CountedCall("me", "GET", f"{SUB}/x", "microsoft.compute/locations/operations", False, "eastus"),
        45,
        (60, 15),
    ),
    "lists of accounts": (
        CountedCall("me", "GET", SUB, "microsoft.storage/storageaccounts", True, "eastus"),
        100,
        (300, 100),
    ),
}


def taken(throttle: Throttle, call: CountedCall, now: float) -> int:
    for count in range(2000):
        try:
            throttle.take(call, {}, now)
        except ArmRefusal as error:
            assert error.status == 429
            return count
    return 2000


@pytest.mark.parametrize("case", PUBLISHED)
def test_a_bucket_has_the_published_size_and_refill(case: str) -> None:
    call, size, (seconds, refill) = PUBLISHED[case]
    throttle = Throttle()
    assert taken(throttle, call, 1e9) == size
    assert taken(throttle, call, 1e9 + seconds) == refill


def test_lists_of_machines_are_the_dear_ones_and_all_callers_share_them() -> None:
    throttle, left = Throttle(), {}
    for second in range(9):  # within ARM's own 250, of which 25 come back each second
        for who in ("a", "b", "c", "d"):
            call = CountedCall(who, "GET", COMPUTE, MACHINES, True, "eastus")
            left = [throttle.take(call, {}, 1e9 + second) for _ in range(25)][-1]
    assert left["x-ms-ratelimit-remaining-resource"] == "Microsoft.Compute/HighCostGetVM;0"
    with pytest.raises(ArmRefusal) as refused:
        throttle.take(CountedCall("e", "GET", COMPUTE, MACHINES, True, "eastus"), {}, 1e9 + 9)
    assert refused.value.headers["Retry-After"] == "51"
    assert refused.value.more["details"][0]["target"] == "HighCostGetVM"
    throttle.take(CountedCall("e", "GET", COMPUTE, MACHINES, True, "westus"), {}, 1e9 + 9)


def test_one_caller_does_not_use_up_what_another_has() -> None:
    throttle = Throttle()
    mine, yours = (CountedCall(who, "GET", KEEP, "", False) for who in ("me", "you"))
    assert taken(throttle, mine, 1e9) == 250
    assert throttle.take(yours, {}, 1e9) == {"x-ms-ratelimit-remaining-subscription-reads": "249"}


def test_lists_lag_and_a_get_does_not(arm: Arm) -> None:
    def listed() -> dict[str, object]:
        return {g["name"]: g.get("tags") for g in arm.get(f"{SUB}/resourcegroups").body["value"]}

    arm.put("/tfinfra/market", {"lists": 20})
    arm.put(KEEP, {**GROUP, "tags": {"a": "1"}})
    assert (arm.get(KEEP).status, listed()) == (200, {})
    arm.now += 21
    assert list(listed().values()) == [{"a": "1"}]
    arm.call("PATCH", KEEP, {"tags": {"a": "2"}})
    assert (arm.get(KEEP).body["tags"], list(listed().values())) == ({"a": "2"}, [{"a": "1"}])
    arm.now += 21
    assert list(listed().values()) == [{"a": "2"}]
    arm.delete(KEEP)
    arm.settle()
    assert (arm.get(KEEP).status, len(listed())) == (404, 1)
    arm.now += 21
    assert listed() == {}


def test_a_policy_that_modifies_is_read_back(arm: Arm) -> None:
    policy = {
        "name": "p",
        "effect": "modify",
        "path": "tags.cost",
        "value": "42",
        "type": "Microsoft.Network/virtualNetworks",
    }
    arm.put("/tfinfra/market", {"policies": [policy]})
    arm.make_all()
    assert (arm.get(VNET).body["tags"], arm.get(ACCOUNT).body.get("tags")) == ({"cost": "42"}, None)
    assert arm.put("/tfinfra/market", {"policies": [{**policy, "effect": "audit"}]}).status == 400


def test_a_provider_is_registered_in_a_while(arm: Arm) -> None:
    arm.put("/tfinfra/market", {"registrations": {"Microsoft.Storage": "NotRegistered"}, "registering": 30})
    arm.make_groups()
    refused = arm.put(ACCOUNT, STORE)
    assert refused.body["error"]["details"][0]["target"] == "Microsoft.Storage"
    path = f"{SUB}/providers/Microsoft.Storage"
    assert arm.call("POST", f"{path}/register").body["registrationState"] == "Registering"
    arm.now += 31
    assert arm.get(path).body["registrationState"] == "Registered"
    assert arm.put(ACCOUNT, STORE).status == 202


def test_ids_are_spelt_as_arm_spells_them(arm: Arm) -> None:
    arm.make_groups()
    arm.make_account()
    asked = (
        IDENTITY.replace("resourceGroups", "resourcegroups")
        .replace("userAssigned", "USERassigned")
        .replace("keep", "KEEP")
    )
    assert arm.put(asked, GROUP).body["id"] == IDENTITY
    assert arm.put(CONTAINER.lower(), {}).body["id"] == CONTAINER
    assert arm.get(asked.upper().replace("/SUBSCRIPTIONS", "/subscriptions")).body["id"] == IDENTITY


def test_operations_are_followed_at_their_provider(arm: Arm) -> None:
    arm.make_groups()
    arm.make_identity()
    base = f"https://127.0.0.1:4433{SUB}/providers"
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}
    network = arm.put(VNET, {"location": "East US", "properties": {**space, "subnets": []}})
    assert network.headers["azure-asyncoperation"].startswith(f"{base}/Microsoft.Network/locations/eastus/operations/")
    assert network.body["properties"]["provisioningState"] == "Updating"
    assert arm.get(VNET).body["properties"]["provisioningState"] == "Succeeded"
    account = arm.put(ACCOUNT, STORE)
    where = account.headers["location"]
    assert (account.status, account.body) == (202, None)
    assert where.startswith(f"{base}/Microsoft.Storage/locations/eastus/asyncoperations/")
    arm.put("/tfinfra/market", {"permissions": [{"actions": ["Microsoft.Network/*"], "notActions": []}]})
    path = where.removeprefix("https://127.0.0.1:4433").partition("?")[0]
    refused = arm.get(path)
    assert "'Microsoft.Storage/locations/asyncoperations/read'" in refused.body["error"]["message"]


def test_a_set_is_followed_at_compute(arm: Arm) -> None:
    arm.make_all()
    made = arm.put(SET, scale_set())
    arm.settle()
    where = f"https://127.0.0.1:4433{SUB}/providers/Microsoft.Compute/locations/eastus/operations/"
    assert made.headers["azure-asyncoperation"].startswith(where)


class Stuck(fake_machines.FakeMachines):
    def stop(self, folder: Path) -> None:
        raise OSError(f"{folder.name} does not stop")


def test_a_deletion_that_is_blocked_ends_with_capital_keys(arm: Arm) -> None:
    arm.make_all()
    arm.put(SET, scale_set())
    arm.settle()
    usual, arm.context.machines = arm.context.machines, lambda _: Stuck()
    where = arm.delete(COMPUTE).headers["location"].removeprefix("https://127.0.0.1:4433").partition("?")[0]
    arm.settle()
    ended = arm.get(where)
    error = ended.body["Error"]
    assert (ended.status, error["Code"]) == (409, "ResourceGroupDeletionBlocked")
    assert "'Microsoft.Compute/virtualMachineScaleSets/digits-abc123-nodes' could not be deleted" in error["Message"]
    assert [detail["Target"] for detail in error["Details"]] == [SET]
    assert "nodes does not stop" in error["Details"][0]["Message"]
    arm.context.machines = usual
    assert arm.delete(COMPUTE).status == 202


def test_a_token_of_another_tenant_sees_no_subscription(arm: Arm) -> None:
    token = tokens.mint(KEY, tokens.OWNER_OID, arm.now, 3600, tenant="11111111-0000-0000-0000-000000000000")
    assert arm.get("/subscriptions", authorization=f"Bearer {token}").body == {"value": []}


def test_a_disabled_subscription_is_read_and_emptied(arm: Arm) -> None:
    arm.make_groups()
    arm.put("/tfinfra/market", {"subscriptions": {SUB.rpartition("/")[2]: "Disabled"}})
    assert arm.get(SUB).body["state"] == "Disabled"
    assert (arm.get(KEEP).status, arm.delete(KEEP).status) == (200, 202)


def test_names_that_others_have_are_not_available(arm: Arm) -> None:
    arm.put("/tfinfra/market", {"taken": ["tfi08b9424e327a73637d968"]})
    asked = {"name": "tfi08b9424e327a73637d968", "type": "Microsoft.Storage/storageAccounts"}
    path = f"{SUB}/providers/Microsoft.Storage/checkNameAvailability"
    assert arm.call("POST", path, asked, query="api-version=2024-01-01").body["reason"] == "AlreadyExists"
