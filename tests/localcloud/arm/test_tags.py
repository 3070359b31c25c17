"""Tags written by themselves, at the scope of what has them, by those who may write nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.arm.test_arm_rights import PERSON, TAG_CONTRIBUTOR, assign, ready
from tests.localcloud.calls import ACCOUNT, COMPUTE, KEEP, SUB, Arm, Reply

TAGS = "providers/Microsoft.Resources/tags/default"
RUN, EXPIRES = "tfinfra-run", "tfinfra-expires-at"
BEFORE = {RUN: "digits-abc123", EXPIRES: "2030-01-01T00:00:00Z"}


@pytest.fixture
def tagger(arm: Arm) -> dict[str, str]:
    """A person with a Tag Contributor's rights in the subscription, as headers."""
    ready(arm)
    assert assign(arm, PERSON, role=TAG_CONTRIBUTOR, scope=SUB).status == 201
    return {"authorization": f"Bearer {arm.token(PERSON)}"}


def write(arm: Arm, method: str, tags: dict[str, Any], operation: str = "", scope: str = KEEP, **who: str) -> Reply:
    asked = {"operation": operation} if operation else {}
    return arm.call(method, f"{scope}/{TAGS}", {**asked, "properties": {"tags": tags}}, **who)


CHANGES: dict[str, tuple[str, str, dict[str, str], dict[str, str]]] = {
    "all anew": ("PUT", "", {"a": "b"}, {"a": "b"}),
    "replaced": ("PATCH", "Replace", {"a": "b"}, {"a": "b"}),
    "merged": ("PATCH", "Merge", {"a": "b"}, {**BEFORE, "a": "b"}),
    "merged over another value": ("PATCH", "Merge", {EXPIRES: "2031"}, {**BEFORE, EXPIRES: "2031"}),
    "merged over another case": ("PATCH", "merge", {RUN.upper(): "x"}, {EXPIRES: BEFORE[EXPIRES], RUN.upper(): "x"}),
    "deleted by name": ("PATCH", "Delete", {RUN: ""}, {EXPIRES: BEFORE[EXPIRES]}),
    "deleted with the value": ("PATCH", "Delete", {RUN: BEFORE[RUN]}, {EXPIRES: BEFORE[EXPIRES]}),
    "not deleted with another value": ("PATCH", "Delete", {RUN: "other"}, BEFORE),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_tag_contributor_changes_a_groups_tags(arm: Arm, tagger: dict[str, str], case: str) -> None:
    method, operation, given, expected = CHANGES[case]
    reply = write(arm, method, given, operation, **tagger)
    assert (reply.status, reply.body["properties"]["tags"]) == (200, expected)
    assert (reply.body["id"], reply.body["type"]) == (f"{KEEP}/{TAGS}", "Microsoft.Resources/tags")
    assert arm.get(KEEP).body["tags"] == expected
    assert arm.get(f"{KEEP}/{TAGS}", **tagger).body == reply.body
    assert arm.get(COMPUTE).body["tags"] == BEFORE


def test_all_tags_of_a_group_go_at_once(arm: Arm, tagger: dict[str, str]) -> None:
    assert arm.delete(f"{KEEP}/{TAGS}", **tagger).status == 200
    assert arm.get(KEEP).body["tags"] == {}


def test_a_resource_that_a_tag_contributor_may_not_read_gets_tags_too(arm: Arm, tagger: dict[str, str]) -> None:
    assert arm.get(ACCOUNT, **tagger).status == 403
    assert write(arm, "PATCH", {"a": "b"}, "Merge", ACCOUNT, **tagger).status == 200
    assert arm.get(ACCOUNT).body["tags"] == {"a": "b"}


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "properties that are a list": ({"operation": "Merge", "properties": [1]}, 400, "InvalidRequestContent"),
    "no operation": ({"properties": {"tags": {}}}, 400, "InvalidRequestContent"),
    "an operation that there is not": (
        {"operation": "Add", "properties": {"tags": {}}},
        400,
        "InvalidRequestContent",
    ),
    "no tags": ({"operation": "Merge"}, 400, "InvalidRequestContent"),
    "a value that is no text": ({"operation": "Merge", "properties": {"tags": {"a": 1}}}, 400, "InvalidRequestContent"),
    "too many with those that are there": (
        {"operation": "Merge", "properties": {"tags": {f"t{i}": "" for i in range(49)}}},
        400,
        "TooManyTags",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_change_of_tags_is_refused(arm: Arm, tagger: dict[str, str], case: str) -> None:
    body, status, code = REFUSED[case]
    reply = arm.call("PATCH", f"{KEEP}/{TAGS}", body, **tagger)
    assert (reply.status, reply.code) == (status, code)
    assert arm.get(KEEP).body["tags"] == BEFORE


def test_a_group_holds_fifty_tags_by_whatever_way_they_come(arm: Arm, tagger: dict[str, str]) -> None:
    fifty = {f"t{i}": "" for i in range(50)}
    assert write(arm, "PUT", fifty, **tagger).status == 200
    for method in ("PUT", "PATCH"):
        body = {"location": "eastus", "tags": {**fifty, "one more": ""}}
        assert arm.call(method, KEEP, body).code == "TooManyTags"


def test_lists_show_a_changed_tag_later(arm: Arm, tagger: dict[str, str]) -> None:
    arm.put("/tfinfra/market", {"lists": 30})
    arm.now += 60
    write(arm, "PATCH", {EXPIRES: "2031"}, "Merge", **tagger)

    def listed() -> list[str]:
        groups = arm.get(f"{SUB}/resourceGroups", query=f"api-version=2024-03-01&$filter=tagName eq '{RUN}'")
        return [group["tags"][EXPIRES] for group in groups.body["value"] if group["id"] == KEEP]

    assert (arm.get(KEEP).body["tags"][EXPIRES], listed()) == ("2031", [BEFORE[EXPIRES]])
    arm.now += 31
    assert listed() == ["2031"]


def test_who_may_write_a_group_writes_its_tags_only_with_the_right_to_tags(arm: Arm) -> None:
    may = {"actions": ["*"], "notActions": ["Microsoft.Resources/tags/*"]}
    arm.make_groups()
    arm.put("/tfinfra/market", {"permissions": [may]})
    refused = write(arm, "PATCH", {"a": "b"}, "Merge")
    assert "to perform action 'Microsoft.Resources/tags/write'" in refused.body["error"]["message"]
    assert arm.call("PATCH", KEEP, {"tags": {"a": "b"}}).status == 200


def test_a_lock_a_policy_and_a_deletion_hold_for_tags_too(arm: Arm, tagger: dict[str, str]) -> None:
    policy = {"name": "t", "path": f"tags.{RUN}", "type": "Microsoft.Resources/resourceGroups"}
    arm.put("/tfinfra/market", {"policies": [policy], "deleting": 60})
    assert write(arm, "PUT", {"a": "b"}, **tagger).code == "RequestDisallowedByPolicy"
    lock = f"{KEEP}/providers/Microsoft.Authorization/locks/hold"
    arm.put(lock, {"properties": {"level": "ReadOnly"}}, query="api-version=2020-05-01")
    assert write(arm, "PATCH", {"a": "b"}, "Merge", **tagger).code == "ScopeLocked"
    arm.delete(lock, query="api-version=2020-05-01")
    arm.delete(KEEP)
    assert write(arm, "PATCH", {"a": "b"}, "Merge", **tagger).code == "ResourceGroupBeingDeleted"
    arm.delete("/tfinfra/market")
    arm.now += 61


def test_what_is_not_there_has_no_tags(arm: Arm, tagger: dict[str, str]) -> None:
    assert arm.get(f"{KEEP}-not/{TAGS}", **tagger).code == "ResourceGroupNotFound"
    assert write(arm, "PUT", {"a": "b"}, scope=f"{ACCOUNT}x", **tagger).code == "ResourceNotFound"
