"""A deletion that ARM denies or cannot finish: by recorded answers, through azure-core's own policies and polling."""

from __future__ import annotations

from typing import Any

import pytest

from tests.azure import recorded
from tests.azure.answering import Reply, Wire, azure
from tfinfra.azure.deletion import delete_group as deletion
from tfinfra.azure.deletion.delete_group import TRIES, delete_group
from tfinfra.azure.vm_instances import instances
from tfinfra.errors import ProvisioningError, TeardownIncomplete

RUN = "digits-abc123"
GROUP = f"tfinfra-{RUN}-compute"
_POLL = "https://management.azure.com/subscriptions/s/operationresults/1"


def _standing(method: str, answers: dict[str, Reply], path: str = "") -> Reply:
    if path.endswith("/resources"):
        return 200, {"value": []}, {}
    group = {"id": "/g", "name": GROUP, "location": "eastus", "tags": {"tfinfra-run": RUN}, "properties": {}}
    return answers.get(method, (200, group, {}))


DENIED: dict[str, tuple[str, str]] = {
    "a lock": ("scope-locked", f"az lock list -g {GROUP}"),
    "a deny assignment": ("deny-assignment", "the owner of the deny assignment has to lift it"),
    "a subscription that was switched off": ("read-only-disabled-subscription", "its owner has to enable it again"),
}


@pytest.mark.parametrize(("name", "way"), DENIED.values(), ids=DENIED.keys())
def test_what_is_denied_is_asked_for_a_few_times_and_told_with_who_can_lift_it(
    name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = recorded.status(name)
    wire = Wire(lambda method, path: _standing(method, {"DELETE": (status, recorded.body(name), {})}, path))
    wire.put_under(monkeypatch)
    lines: list[str] = []
    with pytest.raises(TeardownIncomplete, match=f"{GROUP} is not verified deleted") as caught:
        delete_group(azure(), GROUP, RUN, timeout=1800, progress=lines.append)
    assert [method for method, _ in wire.asked].count("DELETE") == TRIES
    assert len(lines) == TRIES - 1
    assert way in caught.value.message
    assert recorded.body(name)["error"]["message"][:60] in caught.value.message


def test_a_right_that_is_not_there_yet_is_asked_for_while_grants_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    denied: Reply = (403, {"error": {"code": "AuthorizationFailed", "message": "The client 'c' may not."}}, {})
    answers = [denied] * (2 * TRIES)

    def answer(method: str, path: str) -> Reply:
        if answers:
            return answers.pop() if method == "DELETE" else _standing(method, {}, path)
        return 404, {"error": {"code": "ResourceGroupNotFound", "message": "no"}}, {}

    wire = Wire(answer)
    wire.put_under(monkeypatch)
    delete_group(azure(), GROUP, RUN, timeout=1800)
    assert [method for method, _ in wire.asked].count("DELETE") == 2 * TRIES


def test_a_right_that_does_not_come_is_given_up_before_the_time_for_the_deletion_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deletion, "GRANTING", 1.0)
    body = {"error": {"code": "AuthorizationFailed", "message": "The client 'c' may not."}}
    wire = Wire(lambda method, path: _standing(method, {"DELETE": (403, body, {})}, path))
    wire.put_under(monkeypatch)
    with pytest.raises(TeardownIncomplete, match="resourceGroups/delete"):
        delete_group(azure(), GROUP, RUN, timeout=1800)
    assert [method for method, _ in wire.asked].count("DELETE") > TRIES


def test_a_right_that_is_missing_to_look_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "GRANTING", 0.0)
    body = {"error": {"code": "AuthorizationFailed", "message": "The client 'c' may not."}}
    wire = Wire(lambda method, _: (403, body, {}))
    wire.put_under(monkeypatch)
    with pytest.raises(TeardownIncomplete, match="resourceGroups/delete"):
        delete_group(azure(), GROUP, RUN, timeout=1800)
    assert len(wire.asked) <= TRIES + 1


def test_what_blocks_a_deletion_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = recorded.body("resource-group-deletion-blocked")

    def answer(method: str, path: str) -> Reply:
        if "operationresults" in path:
            return 409, blocked, {}
        return _standing(method, {"DELETE": (202, None, {"Location": _POLL})}, path)

    Wire(answer).put_under(monkeypatch)
    lines: list[str] = []
    with pytest.raises(TeardownIncomplete) as caught:
        delete_group(azure(), GROUP, RUN, timeout=0.2, progress=lines.append)
    for text in (caught.value.message, lines[0]):
        assert "could not be deleted" in text
        assert "Microsoft.Network/virtualNetworks/vnet: InUseSubnetCannotBeDeleted: Subnet GatewaySubnet is in" in text


def test_a_lock_within_a_blocked_deletion_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = {"Code": "ScopeLocked", "Target": "/subscriptions/s/resourceGroups/g/providers/a/b/c", "Message": "locked"}
    body = {"Error": {"Code": "ResourceGroupDeletionBlocked", "Message": "Deletion failed.", "Details": [inner]}}
    wire = Wire(lambda method, path: _standing(method, {"DELETE": (409, body, {})}, path))
    wire.put_under(monkeypatch)
    with pytest.raises(TeardownIncomplete, match="az lock delete"):
        delete_group(azure(), GROUP, RUN, timeout=1800)


SETS: dict[str, Any] = {"value": [{"id": "/s/nodes", "name": "nodes", "properties": {"orchestrationMode": "Uniform"}}]}


def test_machines_are_asked_for_once_however_long_arm_asks_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = recorded.body("throttled-by-high-cost-gets")

    def answer(method: str, path: str) -> Reply:
        return (200, SETS, {}) if path.endswith("virtualMachineScaleSets") else (429, busy, {"Retry-After": "1235"})

    wire = Wire(answer)
    wire.put_under(monkeypatch)
    with pytest.raises(ProvisioningError, match="too many requests") as caught:
        instances(azure(), GROUP)
    assert caught.value.status == 429
    assert (len(wire.asked), wire.slept) == (2, [])


def test_a_deletion_waits_for_a_throttled_arm_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    replies: list[Reply] = [(429, {"error": {"code": "TooManyRequests", "message": "m"}}, {"Retry-After": "1235"})]

    def answer(method: str, _: str) -> Reply:
        if method == "DELETE":
            return replies.pop() if replies else (200, None, {})
        return (
            _standing(method, {}, _)
            if "DELETE" not in [asked for asked, _ in wire.asked] or replies
            else (404, {"error": {"code": "ResourceGroupNotFound"}}, {})
        )

    wire = Wire(answer)
    wire.put_under(monkeypatch)
    delete_group(azure(), GROUP, RUN, timeout=60)
    assert wire.slept == [20.0]
