"""The timer of stacks/timer.py in the local cloud does what its definition says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.localcloud.calls import COMPUTE, GROUP_DELETER, KEEP, Arm
from tests.localcloud.workflows import LATEST, RUN, TIMER, Body, workflow
from tfinfra.localcloud.arm.core import ArmResponse
from tfinfra.localcloud.common.state_folder import AUDIENCE
from tfinfra.system.clock import iso_time

SECOND = "22222222-2222-2222-2222-222222222222"


def expire(arm: Arm, group: str, seconds: float) -> None:
    """Tags a group with a time from now."""
    tags = {"tfinfra-run": RUN, "tfinfra-expires-at": iso_time(arm.now + seconds)}
    assert arm.call("PATCH", group, {"tags": tags}).status == 200


def armed(arm: Arm, **latest: float) -> None:
    """Both groups, for 10 and 20 minutes, and a timer that has shown that it may act; `latest` are the seconds after
    which it deletes whatever a tag says, in years if nothing is said."""
    principal = arm.make_all()
    arm.grant(KEEP, GROUP_DELETER, principal)
    arm.grant(COMPUTE, GROUP_DELETER, principal, SECOND)
    expire(arm, COMPUTE, 600)
    expire(arm, KEEP, 1200)
    times = {**LATEST, **{what: iso_time(arm.now + seconds) for what, seconds in latest.items()}}
    assert arm.put(TIMER, workflow(latest=times)).status == 201
    arm.tick()
    assert last_run(arm)["status"] == "Succeeded"


def last_run(arm: Arm) -> Body:
    found: Body = arm.get(f"{TIMER}/runs").body["value"][0]["properties"]
    return found


def pass_time(arm: Arm, minutes: int) -> None:
    """Lets the clock go on, with a look at it each minute as the daemon would take."""
    for _ in range(minutes):
        arm.now += 60
        arm.tick()


def there(arm: Arm) -> list[bool]:
    return [arm.get(group).status == 200 for group in (COMPUTE, KEEP)]


def test_each_group_goes_within_five_minutes_of_its_own_time(arm: Arm) -> None:
    armed(arm, compute=600)
    pass_time(arm, 10)
    assert there(arm) == [True, True]
    pass_time(arm, 5)
    assert there(arm) == [False, True]
    pass_time(arm, 4)
    assert there(arm) == [False, True]
    pass_time(arm, 6)
    assert there(arm) == [False, False]


def test_a_tag_that_was_changed_counts_from_the_next_look_on(arm: Arm) -> None:
    armed(arm)
    expire(arm, COMPUTE, 6000)
    expire(arm, KEEP, 9000)
    pass_time(arm, 15)
    assert there(arm) == [True, True]
    expire(arm, COMPUTE, -1)
    pass_time(arm, 5)
    assert there(arm) == [False, True]


TAGS: dict[str, dict[str, str]] = {
    "a later time": {"tfinfra-run": RUN, "tfinfra-expires-at": "2099-01-01T00:00:00Z"},
    "no time": {"tfinfra-expires-at": "soon"},
    "an empty one": {"tfinfra-expires-at": ""},
    "a day that there is not": {"tfinfra-expires-at": "2026-02-30T00:00:00Z"},
    "no tag": {},
}


@pytest.mark.parametrize("case", TAGS)
def test_no_tag_buys_time(case: str, arm: Arm) -> None:
    armed(arm, compute=600, keep=1200)
    for group in (COMPUTE, KEEP):
        assert arm.call("PATCH", group, {"tags": TAGS[case]}).status == 200
    pass_time(arm, 9)
    assert there(arm) == [True, True]
    pass_time(arm, 6)
    assert there(arm) == [False, True]
    pass_time(arm, 10)
    assert there(arm) == [False, False]


def test_the_group_with_the_timer_stays_until_the_machines_are_gone(arm: Arm) -> None:
    """Whoever may write tags moves the machines' time away, and the timer's own group's into the past."""
    armed(arm, compute=3600, keep=7200)
    expire(arm, COMPUTE, 1e8)
    expire(arm, KEEP, -1)
    pass_time(arm, 60)
    assert there(arm) == [True, True]
    pass_time(arm, 5)
    assert there(arm) == [False, True]
    pass_time(arm, 5)
    assert there(arm) == [False, False]


def test_the_timer_stays_with_machines_that_it_cannot_delete(arm: Arm) -> None:
    armed(arm, compute=600, keep=600)
    lock = f"{COMPUTE}/providers/Microsoft.Authorization/locks/keep"
    held = {"properties": {"level": "CanNotDelete"}}
    assert arm.put(lock, held, query="api-version=2020-05-01").status == 201
    pass_time(arm, 60)
    assert there(arm) == [True, True]
    assert last_run(arm)["status"] == "Failed"
    arm.delete(lock, query="api-version=2020-05-01")
    pass_time(arm, 11)
    assert there(arm) == [False, False]


def test_an_early_time_of_the_keep_group_waits_for_the_latest_one_of_the_machines(arm: Arm) -> None:
    """Before they are made, ARM says of their group what it says of one that is gone."""
    arm.make_groups()
    principal = arm.make_identity()
    arm.delete(COMPUTE)
    arm.settle()
    arm.grant(KEEP, GROUP_DELETER, principal)
    expire(arm, KEEP, -1)
    times = {**LATEST, "compute": iso_time(arm.now + 1800)}
    assert arm.put(TIMER, workflow(latest=times)).status == 201
    arm.tick()
    pass_time(arm, 29)
    assert there(arm) == [False, True]
    pass_time(arm, 6)
    assert there(arm) == [False, False]


def test_a_group_without_the_tag_and_one_with_another_than_a_time_stay_until_the_latest_time(arm: Arm) -> None:
    armed(arm)
    arm.call("PATCH", COMPUTE, {"tags": {"tfinfra-expires-at": "soon"}})
    arm.call("PATCH", KEEP, {"tags": {}})
    pass_time(arm, 30)
    assert there(arm) == [True, True]


def test_nothing_expires_where_no_workflow_deletes_it(arm: Arm) -> None:
    arm.make_groups(expires="2000-01-01T00:00:00Z")
    pass_time(arm, 10)
    assert there(arm) == [True, True]


def test_a_workflow_that_cannot_be_read_keeps_no_other_from_running(arm: Arm) -> None:
    armed(arm)
    timer = arm.context.state.get(TIMER)
    assert timer is not None
    arm.context.state.remove(TIMER)
    for name in ("before", "timer", "after"):
        content = timer if name == "timer" else timer.with_properties(definition={})
        arm.context.state.put(replace(content, id=TIMER.removesuffix("timer") + name))
    expire(arm, COMPUTE, -1)
    pass_time(arm, 6)
    assert there(arm) == [False, True]


TAGS_OF_TIMER = f"{TIMER}/providers/Microsoft.Resources/tags/default"


def test_a_timer_that_lost_its_tag_still_deletes_both_groups(arm: Arm) -> None:
    armed(arm, compute=600, keep=1200)
    less = {"operation": "Delete", "properties": {"tags": {"tfinfra-run": RUN}}}
    assert arm.call("PATCH", TAGS_OF_TIMER, less).status == 200
    assert arm.call("POST", f"{TIMER}/triggers/clock/run").status == 202
    pass_time(arm, 40)
    assert there(arm) == [False, False]


@pytest.mark.parametrize("identity", [{"type": "None"}, None])
def test_a_timer_that_lost_its_identity_runs_and_fails(arm: Arm, identity: Body | None) -> None:
    armed(arm, compute=600, keep=1200)
    assert arm.call("PATCH", TIMER, {"identity": identity}).status == 200
    pass_time(arm, 40)
    assert there(arm) == [True, True]
    assert last_run(arm)["startTime"] > iso_time(arm.now - 300)
    assert (last_run(arm)["status"], last_run(arm)["actions"]["look_at_keep"]) == ("Failed", "Failed")


@pytest.mark.parametrize("body", [None, "a page", [], {"tags": ["tfinfra-run"]}])
def test_an_answer_that_is_no_group_fails_the_run_until_the_next_recurrence(
    arm: Arm, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed(arm, compute=600, keep=1200)
    sent: list[str] = []

    async def dispatch(oid: str, method: str, path: str, version: str) -> ArmResponse:
        sent.append(method)
        return ArmResponse(200, body)

    arm.now += 300
    with monkeypatch.context() as patched:
        patched.setattr(arm.app, "dispatch", dispatch)
        arm.tick()
        arm.tick()
    assert sent == ["GET", "GET"]
    run = last_run(arm)
    assert (run["status"], run["startTime"]) == ("Failed", iso_time(arm.now))
    assert run["actions"]["delete_compute_after_its_time"] == "Failed"
    pass_time(arm, 40)
    assert there(arm) == [False, False]


def test_a_timer_that_was_taken_keeps_its_endpoint_when_the_cloud_has_another_port(arm: Arm) -> None:
    armed(arm)
    arm.put(TIMER, workflow(arm="https://127.0.0.1:4433", audience=AUDIENCE))
    arm.context.arm_port = 4434
    expire(arm, COMPUTE, -1)
    pass_time(arm, 6)
    assert there(arm) == [False, True]


def test_a_disabled_timer_does_nothing(arm: Arm) -> None:
    armed(arm)
    body = workflow()
    body["properties"]["state"] = "Disabled"
    assert arm.put(TIMER, body).status == 200
    pass_time(arm, 30)
    assert there(arm) == [True, True]


def test_its_first_run_proves_the_right_to_the_keep_group_though_there_is_no_other(arm: Arm) -> None:
    arm.make_groups()
    principal = arm.make_identity()
    arm.delete(COMPUTE)
    arm.settle()
    assert arm.put(TIMER, workflow()).status == 201
    arm.tick()
    assert last_run(arm)["status"] == "Failed"  # no right yet
    arm.grant(KEEP, GROUP_DELETER, principal)
    arm.now += 1
    arm.tick()
    assert last_run(arm)["status"] == "Failed"  # as on Azure, where nothing comes before the recurrence
    assert arm.call("POST", f"{TIMER}/triggers/clock/run").status == 202
    arm.tick()
    assert last_run(arm)["status"] == "Succeeded"
    assert last_run(arm)["actions"]["look_at_compute"] == "Failed"


def test_a_run_is_asked_for_by_the_name_of_its_trigger_while_the_workflow_is_enabled(arm: Arm) -> None:
    arm.make_all()
    assert arm.call("POST", f"{TIMER}/triggers/clock/run").status == 404
    body = workflow()
    arm.put(TIMER, body)
    assert arm.call("POST", f"{TIMER}/triggers/bell/run").code == "WorkflowTriggerNotFound"
    body["properties"]["state"] = "Disabled"
    arm.put(TIMER, body)
    assert arm.call("POST", f"{TIMER}/triggers/clock/run").code == "WorkflowTriggerIsNotEnabled"


def test_it_takes_a_right_of_its_own_to_ask_for_a_run(arm: Arm) -> None:
    principal = arm.make_all()
    arm.put(TIMER, workflow())
    mine = f"Bearer {arm.token(principal)}"
    refused = arm.call("POST", f"{TIMER}/triggers/clock/run", authorization=mine)
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert "'Microsoft.Logic/workflows/triggers/run/action'" in refused.body["error"]["message"]
