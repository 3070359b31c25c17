"""The local cloud takes the timer of stacks/timer.py, and no other workflow."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stacks.timer import definition
from tests.localcloud.calls import IDENTITY, SUB, Arm
from tests.localcloud.workflows import LATEST, RUN, TIMER, Body, workflow
from tfinfra.localcloud.common.state_folder import AUDIENCE


def _http(body: Body, name: str) -> Body:
    actions: Body = body["properties"]["definition"]["actions"]
    return dict(actions[name]["inputs"]) if name in actions else {}


def _set(path: str, value: Any) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        *parents, last = path.split("/")
        inner = body["properties"]["definition"]
        for parent in parents:
            inner = inner[parent]
        inner[last] = value

    return change


def _add(name: str, action: Body) -> Callable[[Body], None]:
    return _set(f"actions/{name}", action)


def _delete_at_once() -> Body:
    inputs = _http(workflow(), "look_at_compute")
    return {"type": "Http", "inputs": {**inputs, "method": "DELETE"}, "runAfter": {}}


LOOK, END = "actions/look_at_compute", "actions/delete_compute_after_its_time"
OF_COMPUTE = definition({"compute": f"tfinfra-{RUN}-compute"}, IDENTITY, LATEST)["actions"]
DELETE = f"{END}/actions/delete_compute"
URI = "https://management.azure.com/subscriptions/@{parameters('subscription')}/"
TAG = "coalesce(body('look_at_compute')?['tags']?['tfinfra-expires-at'], '9999-12-31T23:59:59Z')"
NOW = "@ticks(utcNow())"
EXPIRED = {"greater": [NOW, f"@ticks({TAG})"]}
GONE = {"or": [{"equals": ["@outputs('look_at_compute')?['statusCode']", status]} for status in (404, 403)]}
THERE = {"not": GONE}
LAST, KEEP_END = "actions/delete_compute_at_the_latest", "actions/delete_keep_after_its_time"


def _asks(operator: str, time: str) -> Callable[[Body], None]:
    return _set(f"{END}/expression", {"and": [{operator: [NOW, f"@ticks({time})"]}, THERE]})


REFUSED: dict[str, tuple[Callable[[Body], None], str]] = {
    "another host": (_set(f"{LOOK}/inputs/uri", "https://example.com/x?api-version=1"), "which is no group of run"),
    "a group of another run": (
        _set(f"{LOOK}/inputs/uri", f"{URI}resourceGroups/tfinfra-digits-xyz789-compute?api-version=2024-03-01"),
        "which is no group of run 'digits-abc123'",
    ),
    "a resource in a group": (
        _set(f"{LOOK}/inputs/uri", f"{URI}resourceGroups/tfinfra-{RUN}-keep/providers/A.B/c/d?api-version=1"),
        "which is no group",
    ),
    "another subscription": (
        _set(
            f"{LOOK}/inputs/uri",
            f"https://management.azure.com/subscriptions/x/resourceGroups/tfinfra-{RUN}-keep?api-version=1",
        ),
        "which is no group",
    ),
    "another method": (_set(f"{LOOK}/inputs/method", "PUT"), "sends PUT"),
    "a body": (_set(f"{LOOK}/inputs/body", {"a": 1}), "sends GET with authentication, body"),
    "no signature": (_set(f"{LOOK}/inputs/authentication", {"type": "None"}), "is not signed"),
    "an identity that it does not have": (
        _set(f"{LOOK}/inputs/authentication/identity", IDENTITY.replace("nodes", "another")),
        "is not signed",
    ),
    "a token for another endpoint than it calls": (
        _set(f"{LOOK}/inputs/authentication/audience", "https://127.0.0.1:4433/"),
        "is not signed",
    ),
    "another port of this machine": (
        _set(
            f"{LOOK}/inputs/uri",
            f"https://127.0.0.1:4434{SUB}/resourceGroups/tfinfra-{RUN}-keep?api-version=2024-03-01",
        ),
        "which is no group",
    ),
    "a token for somebody else": (
        _set(f"{LOOK}/inputs/authentication/audience", "https://vault.azure.net"),
        "not signed",
    ),
    "a deletion without a look": (_add("now", _delete_at_once()), "sends DELETE without having looked"),
    "a deletion of what it did not look at": (
        _set(f"{DELETE}/inputs/uri", f"{URI}resourceGroups/tfinfra-{RUN}-keep?api-version=2024-03-01"),
        "sends DELETE to tfinfra-digits-abc123-keep after a look at tfinfra-digits-abc123-compute",
    ),
    "a deletion that asks for no time": (_set(f"{END}/expression", "@equals(1, 1)"), "does not ask whether"),
    "a time of its own": (
        _set(f"{END}/expression", {"and": [{"greater": ["@ticks(utcNow())", "@ticks('2026-11-23T10:00:00Z')"]}]}),
        "does not ask whether tfinfra-expires-at",
    ),
    "a deletion before the time": (_asks("less", TAG), "does not ask whether"),
    "a deletion of what has no tag": (
        _asks("greater", TAG.replace("9999", "1999")),
        "does not ask whether",
    ),
    "a tag of another name": (_asks("greater", TAG.replace("expires-at", "expires")), "does not ask whether"),
    "a time in a condition that is always true": (
        _set(f"{END}/expression", {"or": [{"equals": [1, 1]}, EXPIRED]}),
        "does not ask whether",
    ),
    "an old time as well": (
        _set(f"{END}/expression", {"or": [{"greater": [NOW, "@ticks('2020-01-01T00:00:00Z')"]}, EXPIRED]}),
        "does not ask whether",
    ),
    "a time that has long passed": (
        _set(f"{END}/expression", {"and": [EXPIRED, {"less": [NOW, "@ticks('2010-01-01T00:00:00Z')"]}]}),
        "does not ask whether",
    ),
    "the other way round": (_set(f"{END}/expression", {"less": [f"@ticks({TAG})", NOW]}), "does not ask whether"),
    "the look of another group": (
        _asks("greater", TAG.replace("look_at_compute", "look_at_keep")),
        "does not ask whether",
    ),
    "a deletion that is always skipped": (
        _set(f"{END}/runAfter", {"look_at_compute": ["Skipped"]}),
        "runs not just after",
    ),
    "a keep group that need not be there": (
        _set(f"{KEEP_END}/runAfter/look_at_keep", ["Succeeded", "Failed"]),
        "runs not just after",
    ),
    "a deletion after two looks": (
        _set(f"{END}/runAfter", {"look_at_compute": ["Succeeded"], "look_at_keep": ["Succeeded"]}),
        "runs not just after",
    ),
    "a group that goes whether or not it is there": (_set(f"{END}/expression", {"and": [EXPIRED]}), "does not ask"),
    "a keep group that goes before the machines": (
        _set(
            f"{KEEP_END}/expression/and",
            workflow()["properties"]["definition"]["actions"]["delete_keep_after_its_time"]["expression"]["and"][:1],
        ),
        "does not ask whether",
    ),
    "a word for the time that the keep group waits for": (
        lambda body: body["properties"]["definition"]["actions"]["delete_keep_after_its_time"]["expression"][
            "and"
        ].__setitem__(1, {"greater": [NOW, "@ticks('None')"]}),
        "does not ask whether",
    ),
    "no latest time": (
        lambda body: body["properties"]["definition"]["actions"].pop("delete_compute_at_the_latest"),
        "'look_at_compute' is followed by 0 deletions at the latest time",
    ),
    "a latest time in the tag": (_set(f"{LAST}/expression", {"and": [EXPIRED, THERE]}), "runs not just after"),
    "a latest time that is none": (
        _set(f"{LAST}/expression", {"and": [{"greater": [NOW, "@ticks('soon')"]}, THERE]}),
        "names no time at which",
    ),
    "a latest time only where the tag could be read": (
        _set(f"{LAST}/runAfter", {"delete_compute_after_its_time": ["Succeeded"]}),
        "runs not just after",
    ),
    "looks that wait for a deletion": (
        _set(f"{LOOK}/runAfter", {"delete_compute_after_its_time": ["Succeeded"]}),
        "'look_at_compute' has the settings {'runAfter'",
    ),
    "no action": (_set("actions", {}), "it looks at no group"),
    "a look without a deletion": (
        _set("actions", {"look_at_compute": OF_COMPUTE["look_at_compute"]}),
        "'look_at_compute' is followed by 0 deletions",
    ),
    "two deletions": (
        _add("again", OF_COMPUTE["delete_compute_after_its_time"]),
        "'look_at_compute' is followed by 2 deletions",
    ),
    "a condition with nothing behind it": (_set(f"{END}/actions", {}), "has 0 actions and not one"),
    "something else otherwise": (_set(f"{END}/else", {"actions": {"x": {}}}), "has the settings {'else'"),
    "a deletion that waits for its end": (_set(f"{DELETE}/operationOptions", None), "and not {'operationOptions'"),
    "a look with a time limit": (_set(f"{LOOK}/limit", {"timeout": "PT1S"}), "has the settings {'limit'"),
    "results that are made up": (_set("staticResults", {"a": {}}), "it has staticResults"),
    "a parameter without a value": (_set("parameters/more", {"type": "String"}), "declares other parameters"),
    "a version that is none": (
        _set(f"{LOOK}/inputs/uri", f"{URI}resourceGroups/tfinfra-{RUN}-compute?api-version=1"),
        "which is no group",
    ),
    "another kind of action": (_add("wait", {"type": "Wait", "inputs": {}}), "is an action of type 'Wait'"),
    "another kind of action inside": (_set(f"{END}/actions", {"x": {"type": "Terminate"}}), "of type 'Terminate'"),
    "a parameter that is not given": (
        _set(f"{LOOK}/inputs/uri", "https://management.azure.com/@{parameters('more')}"),
        "there is no parameter 'more'",
    ),
    "a function that is not known": (_set(f"{LOOK}/inputs/uri", "@concat('a')"), "there is no function 'concat'"),
    "another trigger": (_set("triggers", {"hook": {"type": "Request", "kind": "Http"}}), "is no recurrence"),
    "no trigger": (_set("triggers", {}), "0 triggers"),
    "a recurrence that has ended": (
        _set("triggers/clock/recurrence/endTime", "2010-01-01T00:00:00Z"),
        "is no recurrence of a frequency and an interval alone",
    ),
    "a recurrence on a condition": (_set("triggers/clock/conditions", [{}]), "is no recurrence"),
    "a recurrence at no interval": (_set("triggers/clock/recurrence/interval", 0), "is no recurrence"),
    "a recurrence of a text": (_set("triggers/clock/recurrence/interval", "5"), "is no recurrence"),
}


def test_it_may_call_this_clouds_own_endpoint(arm: Arm) -> None:
    """With a token for the audience that this cloud names, as nodes have; its address is no audience."""
    arm.make_all()
    own = "https://127.0.0.1:4433"
    assert arm.put(TIMER, workflow(arm=own, audience=f"{own}/")).status == 400
    assert arm.put(TIMER, workflow(arm=own, audience=AUDIENCE)).status == 201


VARIED: dict[str, Callable[[Body], None]] = {
    "other groups of the run": _set(
        "actions",
        definition({"compute": f"tfinfra-{RUN}-compute", "second": f"tfinfra-{RUN}-compute-2"}, IDENTITY, LATEST)[
            "actions"
        ],
    ),
    "another interval": _set("triggers/clock/recurrence", {"frequency": "Hour", "interval": 2}),
    "another name of its trigger": _set("triggers", {"often": definition({}, IDENTITY, {})["triggers"]["clock"]}),
    "another version of the API": _set(
        f"{LOOK}/inputs/uri", f"{URI}resourceGroups/tfinfra-{RUN}-compute?api-version=2025-04-01"
    ),
    "the subscription itself, and no parameter": _set(
        f"{LOOK}/inputs/uri",
        f"https://management.azure.com{SUB}/resourceGroups/tfinfra-{RUN}-compute?api-version=2024-03-01",
    ),
}


@pytest.mark.parametrize("case", VARIED)
def test_what_others_may_choose_is_taken(arm: Arm, case: str) -> None:
    arm.make_all()
    body = copy.deepcopy(workflow())
    VARIED[case](body)
    assert arm.put(TIMER, body).status == 201


def _places(inner: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The path to each member of a definition."""
    for key, value in inner.items() if isinstance(inner, dict) else ():
        yield *path, key
        yield from _places(value, *path, key)


PLACES = ["/".join(path) for path in _places(workflow()["properties"]["definition"]) if path != ("contentVersion",)]


@pytest.mark.parametrize("place", PLACES)
def test_no_part_of_a_definition_may_be_another_or_have_more(arm: Arm, place: str) -> None:
    arm.make_all()
    usual = workflow()["properties"]["definition"]
    for part in place.split("/"):
        usual = usual[part]
    others: list[Any] = [None, "x", 0, [], [usual], {"x": {}}]
    for other in [*others, {**usual, "x": "y"}] if isinstance(usual, dict) else others:
        body = copy.deepcopy(workflow())
        _set(place, other)(body)
        assert arm.put(TIMER, body).code == "InvalidTemplate", other


@pytest.mark.parametrize("case", REFUSED)
def test_any_other_definition_is_refused_with_the_reason(arm: Arm, case: str) -> None:
    change, reason = REFUSED[case]
    arm.make_all()
    body = copy.deepcopy(workflow())
    change(body)
    reply = arm.put(TIMER, body)
    assert (reply.status, reply.code) == (400, "InvalidTemplate")
    assert reason in reply.body["error"]["message"]
    assert arm.get(TIMER).status == 404


def test_a_workflow_of_no_run_is_refused(arm: Arm) -> None:
    arm.make_all()
    assert arm.put(TIMER, {**workflow(), "tags": {}}).code == "InvalidTemplate"
