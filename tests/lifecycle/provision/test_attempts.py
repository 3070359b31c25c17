"""One place after the other: what is tried next, what is left behind, and how it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lifecycle.fakes import World, a_plan, succeeding
from tfinfra.audit.log import read_events
from tfinfra.errors import LimitReached, NotFeasible, ProvisioningError, Result, TeardownIncomplete
from tfinfra.lifecycle.attach.found_run import FoundRun, opened
from tfinfra.lifecycle.end import teardown
from tfinfra.lifecycle.provision import attempts
from tfinfra.lifecycle.record.names import group_name
from tfinfra.lifecycle.record.run_record import RunRecord, run_folder
from tfinfra.model import Limits, Outcome, Plan, to_json
from tfinfra.money.budget import Burn
from tfinfra.store import keys

RUN = "digits-abc123"
KEEP = f"tfinfra-{RUN}-keep"
GROUPS = tuple(f"tfinfra-{RUN}-compute{end}" for end in ("", "-1", "-2"))
PLACES = ("eastus", "westeurope", "swedencentral")
QUOTA = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota."


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0, 0.0))


def refusal(code: str, said: str = "ARM's own words.", status: int = 409) -> ProvisioningError:
    message = f"VirtualMachineScaleSet 'scale-set': {code}: {said}"
    return ProvisioningError(message, status=status, code=code, said=said)


def in_places(count: int = 3, **changes: Any) -> Plan:
    plan = a_plan(**changes)
    return replace(plan, alternatives=tuple(replace(plan.infrastructure, location=p) for p in PLACES[1:count]))


def record_of(world: World) -> RunRecord:
    record = run_folder(world.tmp / "state", RUN).read()
    assert record is not None
    return record


def events_of(world: World, name: str) -> list[dict[str, Any]]:
    events = read_events(run_folder(world.tmp / "state", RUN).audit.path)
    return [event for event in events if event["event"] == name]


def test_a_place_without_room_is_left_for_the_next_and_deleted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    result = world.new_run(in_places()).go()
    assert result.error is None
    assert world.groups == {}
    assert {KEEP, *GROUPS[:2]} == set(world.deleted)
    said = "say AllocationFailed in eastus (too few machines of this size are free there): trying westeurope"
    assert said in world.observer.lines
    record = record_of(world)
    assert record.compute_group == GROUPS[1]
    assert [(a.group, a.location) for a in record.attempts] == list(zip(GROUPS[:2], PLACES[:2], strict=True))
    assert record.attempts[0].refused == "AllocationFailed: ARM's own words."
    assert result.document["attempts"][1] == {**to_json(record.attempts[1]), "refused": None}


def test_the_next_stack_is_made_by_the_plans_next_choice_with_its_own_group_and_store(tmp_path: Path) -> None:
    world, made = World(tmp_path), []
    up = world.up

    def watched(part: str, config: Any) -> dict[str, Any]:
        made.append((part, dict(config)))
        return up(part, config)

    world.up, world.refusals = watched, [refusal("SkuNotAvailable")]  # type: ignore[method-assign]
    world.new_run(in_places()).go()
    (keep, first, second) = made
    assert [part for part, _ in made] == ["keep", "compute", "compute-1"]
    assert "choice" not in keep[1]
    assert (first[1]["choice"], second[1]["choice"]) == ("0", "1")
    nodes = json.loads(second[1]["nodeSettings"])
    assert nodes["compute_group_id"].endswith(f"/{GROUPS[1]}")
    assert nodes["store"] == "file:///store/run/attempt-1"
    assert nodes["bundle"] in world.store_at(nodes["store"]).objects


def test_nodes_that_did_come_up_are_told_to_stop_and_are_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    world = World(tmp_path)
    up = world.up

    def partly(part: str, config: Any) -> dict[str, Any]:
        if part == "compute":
            world.store.put(keys.node_key("left-over"), b"{}")
            outcome = Outcome(Result.FAILED, "1 of 2 nodes registered")
            world.store.put(keys.OUTCOME, json.dumps(to_json(outcome)).encode())
        return up(part, config)

    world.up, world.refusals = partly, [refusal("AllocationFailed")]  # type: ignore[method-assign]
    result = world.new_run(in_places(), keep=False).go()
    assert result.error is None
    assert json.loads(world.store.objects[keys.STOP])["reason"] == "cancelled"
    (second,) = world.attempt_stores.values()
    assert second.list(keys.NODES) == []


def test_what_the_client_leaves_for_the_nodes_is_there_for_the_next_ones_too(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    world.store.put(keys.DATA, b'{"inputs": []}')
    world.new_run(in_places(), keep=True, detach=True).go()
    (second,) = world.attempt_stores.values()
    assert keys.KEEP in second.objects
    assert second.objects[keys.DATA] == b'{"inputs": []}'


def test_places_without_room_are_all_named_with_their_reasons(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed"), refusal("OperationNotAllowed", QUOTA), refusal("SkuNotAvailable")]
    result = world.new_run(in_places()).go()
    assert isinstance(result.error, NotFeasible)
    assert str(result.error).splitlines() == [
        "no place has the nodes that are asked for; tried were:",
        "  2 nodes of Standard_D8s_v5 in eastus: AllocationFailed: ARM's own words.",
        f"  2 nodes of Standard_D8s_v5 in westeurope: OperationNotAllowed: {QUOTA}",
        "  2 nodes of Standard_D8s_v5 in swedencentral: SkuNotAvailable: ARM's own words.",
    ]
    assert result.error.hint
    assert set(world.deleted) == {KEEP, *GROUPS}


def test_a_first_location_that_is_closed_is_named_as_where_the_store_is(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"up keep": refusal("RequestDisallowedByAzure", "not accepting new customers", 403)})
    result = world.new_run(in_places()).go()
    assert isinstance(result.error, NotFeasible)
    assert str(result.error).splitlines() == [
        "eastus does not take the run's store, which is in the first location: "
        "RequestDisallowedByAzure: not accepting new customers",
        "  the location is closed to this subscription",
    ]
    assert result.error.hint == "name another location first"


def test_a_policy_ends_the_run_at_once_with_an_explanation(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("RequestDisallowedByPolicy", "policy 'no-gpus'", 403)]
    result = world.new_run(in_places()).go()
    assert isinstance(result.error, ProvisioningError)
    assert "a policy of the subscription forbids it" in str(result.error)
    assert "policy 'no-gpus'" in str(result.error)
    assert set(world.deleted) == {KEEP, GROUPS[0]}


def test_what_the_subscription_lacks_is_not_feasible(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("MissingSubscriptionRegistration")]
    result = world.new_run(in_places()).go()
    assert isinstance(result.error, NotFeasible)
    assert "az provider register" in str(result.error.hint)


def test_what_passes_by_itself_is_tried_again_in_the_same_place_and_not_for_ever(tmp_path: Path) -> None:
    world = World(tmp_path / "well")
    world.refusals = [refusal("AnotherOperationInProgress"), refusal("TooManyRequests", status=429)]
    assert world.new_run(in_places()).go().error is None
    assert len(record_of(world).attempts) == 1
    world = World(tmp_path / "ill")
    world.refusals = [refusal("AnotherOperationInProgress")] * 9
    result = world.new_run(in_places()).go()
    assert isinstance(result.error, ProvisioningError)
    assert len(world.refusals) == 9 - (1 + len(attempts.PAUSES))


def test_a_fault_that_is_not_arms_is_no_reason_to_go_elsewhere(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [ProvisioningError("the provider plugin was killed by signal 9")]
    result = world.new_run(in_places()).go()
    assert str(result.error) == "the provider plugin was killed by signal 9"
    assert len(record_of(world).attempts) == 1


def test_each_refusal_is_in_the_audit_log_with_code_reaction_and_place(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("Conflict"), refusal("AllocationFailed")]
    world.new_run(in_places()).go()
    told = [(e["code"], e["reaction"], e["location"]) for e in events_of(world, "refused")]
    assert told == [("Conflict", "retry", "eastus"), ("AllocationFailed", "next", "eastus")]
    begun = [(e["group"], e["location"]) for e in events_of(world, "attempt")]
    assert begun == list(zip(GROUPS[:2], PLACES[:2], strict=True))


def test_a_budget_that_one_attempt_uses_up_ends_the_run_with_all_that_was_tried(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    up = world.up

    def slow(part: str, config: Any) -> dict[str, Any]:
        world.now += 1200.0
        return up(part, config)

    world.up = slow  # type: ignore[method-assign]
    limits = Limits(max_run_duration=86_400, keep_outputs=3600, max_cost_usd=15.0)
    result = world.new_run(in_places(limits=limits), burn=Burn(10.0, 0.5)).go()
    assert isinstance(result.error, LimitReached)
    assert "leaves no time for another attempt" in str(result.error)
    assert "in eastus: AllocationFailed" in str(result.error)
    assert set(world.deleted) == {KEEP, GROUPS[0]}


def test_the_deadline_of_the_next_attempt_is_its_own_and_the_ledger_has_both(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.step = 20.0
    world.refusals = [refusal("AllocationFailed")]
    limits = Limits(max_run_duration=86_400, keep_outputs=3600, max_cost_usd=60.0)
    result = world.new_run(in_places(limits=limits), burn=Burn(10.0, 0.5)).go()
    assert result.error is None
    billed = [interval["group"] for interval in result.document["ledger"]]
    assert billed == [KEEP, *GROUPS[:2]]
    assert all(interval["end"] for interval in result.document["ledger"])


def test_a_group_of_an_earlier_attempt_that_cannot_be_deleted_is_named(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    delete = world.delete_group

    def locked(group: str) -> None:
        if group == GROUPS[0]:
            raise TeardownIncomplete("a lock")
        delete(group)

    world.delete_group = locked  # type: ignore[method-assign]
    result = world.new_run(in_places(), burn=Burn(27.2, 0.0)).go()
    assert isinstance(result.error, TeardownIncomplete)
    assert f"{GROUPS[0]}: 27.20 USD per hour: a lock" in str(result.error)
    assert record_of(world).left == (GROUPS[0], KEEP)


def test_down_deletes_the_groups_of_all_attempts(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    world.new_run(in_places(), detach=True).go()
    folder = run_folder(tmp_path / "state", RUN)
    world.deleted.clear()
    teardown.down(world.ports(), folder, RUN, lambda text: None, lambda record: None)
    assert set(world.deleted) == {KEEP, *GROUPS[:2]}
    assert world.groups == {}


@pytest.mark.parametrize("here", [True, False], ids=["with its record", "by what lies in its store"])
def test_whoever_looks_later_finds_what_the_newest_attempt_left(tmp_path: Path, here: bool) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    world.new_run(in_places(), detach=True).go()
    (second,) = world.attempt_stores.values()
    folder = run_folder(tmp_path / ("state" if here else "another"), RUN)
    found = FoundRun(RUN, folder, folder.read(), world.ports, tuple(world.ports().arm.groups()), None, None)
    told = opened(found)
    assert told.store is second
    assert told.outcome is not None
    assert told.outcome.result == "succeeded"
    assert told.record is not None
    assert told.record.compute_group == GROUPS[1]


def exists(group: str, name: str = "virtualMachineScaleSets/nodes") -> ProvisioningError:
    id_ = f"/subscriptions/s/resourceGroups/{group}" + (f"/providers/Microsoft.Compute/{name}" if name else "")
    code, said = "CannotCreateAlreadyExisting", f"{id_} is there already"
    return ProvisioningError(f"ScaleSet 'nodes': {said}", status=200, code=code, said=said)


def test_what_a_write_made_that_seemed_to_fail_is_removed_and_made_again_without_what_its_nodes_wrote(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("InternalServerError", status=500), exists(GROUPS[0])]
    up, stale = world.up, keys.node_key("of the first set")

    def watched(part: str, config: Any) -> dict[str, Any]:
        if part == "compute" and len(world.refusals) == 2:
            world.store.put(stale, b"{}")
        return up(part, config)

    world.up = watched  # type: ignore[method-assign]
    result = world.new_run(in_places()).go()
    assert result.error is None
    assert len(record_of(world).attempts) == 1
    assert world.removed == [
        f"/subscriptions/s/resourceGroups/{GROUPS[0]}/providers/Microsoft.Compute/virtualMachineScaleSets/nodes"
    ]
    assert stale not in world.store.objects
    assert events_of(world, "removed")


def test_a_keep_group_that_was_made_after_all_is_begun_anew(tmp_path: Path) -> None:
    world = World(tmp_path)
    up, refused = world.up, [exists(KEEP, "")]

    def watched(part: str, config: Any) -> dict[str, Any]:
        if part == "keep" and refused:
            raise refused.pop()
        return up(part, config)

    world.up = watched  # type: ignore[method-assign]
    assert world.new_run(in_places()).go().error is None
    assert world.removed == [f"/subscriptions/s/resourceGroups/{KEEP}"]


def test_what_cannot_be_removed_gives_the_place_up_for_the_next(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"remove": ProvisioningError("a lock")})
    world.refusals = [exists(GROUPS[0])]
    result = world.new_run(in_places()).go()
    assert result.error is None
    assert [a.location for a in record_of(world).attempts] == list(PLACES[:2])


def test_what_lies_in_a_group_of_others_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [exists("theirs")]
    result = world.new_run(in_places(1)).go()
    assert isinstance(result.error, ProvisioningError)
    assert "is there already" in str(result.error)
    assert world.removed == []


def test_an_arm_that_does_not_answer_is_asked_for_a_while_and_told_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    silent = ProvisioningError("ScaleSet 'nodes': ARM did not answer: EOF", status=0, said="ARM did not answer: EOF")
    world.refusals = [silent] * 9
    up = world.up

    def slow(part: str, config: Any) -> dict[str, Any]:
        world.now += 0.0 if part == "keep" else 250.0
        return up(part, config)

    world.up = slow  # type: ignore[method-assign]
    limits = Limits(max_run_duration=86_400, keep_outputs=3600)
    result = world.new_run(in_places(limits=limits)).go()
    assert isinstance(result.error, ProvisioningError)
    assert len(world.refusals) == 9 - 3
    assert str(result.error).startswith(
        "ScaleSet 'nodes': ARM did not answer: EOF\n  no answer came, though ARM was asked for 12 min"
    )
    assert "proxy" in str(result.error.hint)


def test_a_place_that_is_known_to_have_no_room_is_left_out_and_named_with_the_reason(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    world.lacks = {"westeurope": "needs 16 vCPUs of family DSv5 in westeurope, 0 of 0 are free"}
    result = world.new_run(in_places()).go()
    assert result.error is None
    assert [a.location for a in record_of(world).attempts] == ["eastus", "swedencentral"]
    assert (
        "say AllocationFailed in eastus (too few machines of this size are free there): trying swedencentral"
        in world.observer.lines
    )
    assert [e["location"] for e in events_of(world, "skipped")] == ["westeurope"]


def test_places_that_are_all_known_to_have_no_room_are_named_beside_the_one_that_was_tried(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.refusals = [refusal("AllocationFailed")]
    world.lacks = dict.fromkeys(PLACES, "closed to this subscription")
    result = world.new_run(in_places()).go()
    assert isinstance(result.error, NotFeasible)
    assert str(result.error).splitlines()[1:] == [
        "  2 nodes of Standard_D8s_v5 in eastus: AllocationFailed: ARM's own words.",
        "  2 nodes of Standard_D8s_v5 in westeurope: not tried: closed to this subscription",
        "  2 nodes of Standard_D8s_v5 in swedencentral: not tried: closed to this subscription",
    ]
    assert len(record_of(world).attempts) == 1


CODES = st.sampled_from(
    ["AllocationFailed", "OperationNotAllowed", "Conflict", "RequestDisallowedByPolicy", "SkuNotAvailable", "New", None]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CODES, max_size=14), st.integers(1, 3), st.sets(st.sampled_from(GROUPS), max_size=1))
def test_whatever_azure_answers_every_group_is_deleted_or_named_and_no_place_is_tried_twice(
    codes: list[str | None], count: int, locked: set[str]
) -> None:
    with TemporaryDirectory() as folder:
        world, begun = World(Path(folder), succeeding), list[str]()
        up = world.up

        def watched(part: str, config: Any) -> dict[str, Any]:
            if part != "keep":
                begun.append(group_name(config["run"], part))
            return up(part, config)

        delete = world.delete_group

        def watched_delete(group: str) -> None:
            if group in locked:
                raise TeardownIncomplete("a lock")
            delete(group)

        world.up, world.delete_group = watched, watched_delete  # type: ignore[method-assign]
        world.refusals = [refusal(code) if code else None for code in codes]
        result = world.new_run(in_places(count)).go()
        left = set(record_of(world).left)
        assert left == set(world.groups)
        assert {*begun, KEEP} == {*world.deleted, *left}
        assert isinstance(result.error, TeardownIncomplete) == bool(left)
        assert len(set(begun)) <= count
        assert len(begun) <= count * (1 + len(attempts.PAUSES))
        assert begun == sorted(begun)  # never back to a place that was left
