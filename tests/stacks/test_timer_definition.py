"""The timer's definition: its fixed shape, and what Azure's schema of workflow definitions says of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from stacks.timer import definition
from tests.stacks import published_schema
from tests.stacks.recording import IDENTITY

SCHEMA = json.loads((Path(__file__).parent / "data" / "workflowdefinition.json").read_text())
GROUPS = {"compute": "tfinfra-r-compute", "keep": "tfinfra-r-keep"}
LATEST = {"compute": "2126-11-30T10:00:00Z", "compute_1": "2126-11-30T10:00:00Z", "keep": "2126-12-07T10:00:00Z"}


def gone(what: str) -> dict[str, Any]:
    return {"or": [{"equals": [f"@outputs('look_at_{what}')?['statusCode']", status]} for status in (404, 403)]}


NOW = "@ticks(utcNow())"


def wrong(flow: Any) -> list[str]:
    return [error.json_path for error in Draft7Validator(SCHEMA).iter_errors(flow)]


def test_the_schema_itself_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_the_definition_is_one_that_the_schema_takes() -> None:
    assert wrong(definition(GROUPS, IDENTITY, LATEST)) == []
    assert wrong(definition({"compute": "a", "compute_1": "b", "keep": "c"}, IDENTITY, LATEST)) == []


def test_the_check_against_the_published_schema_sees_all_but_the_authentication() -> None:
    assert published_schema.wrong(SCHEMA) == []
    assert published_schema.wrong({"properties": {"triggers": {"maxProperties": 0}}}) != []


def _without(*path: str) -> Callable[[Any], None]:
    def change(flow: Any) -> None:
        for name in path[:-1]:
            flow = flow[name]
        del flow[path[-1]]

    return change


def _with(value: Any, *path: str) -> Callable[[Any], None]:
    def change(flow: Any) -> None:
        for name in path[:-1]:
            flow = flow[name]
        flow[path[-1]] = value

    return change


MISTAKES: dict[str, Callable[[Any], None]] = {
    "no content version": _without("contentVersion"),
    "no recurrence": _without("triggers", "clock", "recurrence"),
    "a frequency that is none": _with("Minutes", "triggers", "clock", "recurrence", "frequency"),
    "a key that is none": _with({}, "actions", "look_at_keep", "input"),
    "no method": _without("actions", "look_at_keep", "inputs", "method"),
    "no audience": _without("actions", "look_at_keep", "inputs", "authentication", "audience"),
    "a status that is none": _with(["Done"], "actions", "delete_keep_after_its_time", "runAfter", "look_at_keep"),
    "an operator that is none": _with({"gt": [1, 2]}, "actions", "delete_keep_after_its_time", "expression"),
    "an option that is none": _with(
        "Async", "actions", "delete_keep_after_its_time", "actions", "delete_keep", "operationOptions"
    ),
    "a type of parameter that is none": _with("string", "parameters", "subscription", "type"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_the_schema_sees_mistakes(case: str) -> None:
    flow = copy.deepcopy(definition(GROUPS, IDENTITY, LATEST))
    MISTAKES[case](flow)
    assert wrong(flow)


def test_it_looks_before_it_deletes_and_deletes_what_its_own_tag_says_is_past() -> None:
    flow = definition(GROUPS, IDENTITY, LATEST)
    assert flow["triggers"]["clock"]["recurrence"] == {"frequency": "Minute", "interval": 5}
    assert list(flow["actions"]) == [
        "look_at_compute",
        "look_at_keep",
        "delete_compute_after_its_time",
        "delete_compute_at_the_latest",
        "delete_keep_after_its_time",
        "delete_keep_at_the_latest",
    ]
    timely = flow["actions"]["delete_compute_after_its_time"]
    tag = "@ticks(coalesce(body('look_at_compute')?['tags']?['tfinfra-expires-at'], '9999-12-31T23:59:59Z'))"
    assert timely["expression"] == {"and": [{"greater": [NOW, tag]}, {"not": gone("compute")}]}
    (request,) = timely["actions"].values()
    assert request["inputs"]["method"] == "DELETE"
    assert "/resourceGroups/tfinfra-r-compute?" in request["inputs"]["uri"]


@pytest.mark.parametrize("what", ["compute", "keep"])
def test_a_time_that_stands_in_it_counts_however_the_tag_reads(what: str) -> None:
    actions = definition(GROUPS, IDENTITY, LATEST)["actions"]
    last, timely = actions[f"delete_{what}_at_the_latest"], actions[f"delete_{what}_after_its_time"]
    assert last["expression"]["and"][0] == {"greater": [NOW, f"@ticks('{LATEST[what]}')"]}
    assert "body(" not in json.dumps(last["expression"])
    assert {"Succeeded", "Failed", "TimedOut"} <= set(last["runAfter"][f"delete_{what}_after_its_time"])
    (soon,), (late,) = timely["actions"].values(), last["actions"].values()
    assert soon == late


def test_the_keep_group_goes_when_no_other_is_there_and_its_looks_are_waited_for() -> None:
    groups = {"compute": "a", "compute_1": "b", "keep": "c"}
    actions = definition(groups, IDENTITY, LATEST)["actions"]
    wanted = [gone("compute"), gone("compute_1")]
    timely, last = (actions[f"delete_keep_{when}"]["expression"]["and"] for when in ("after_its_time", "at_the_latest"))
    assert timely[1:] == [
        {"greater": [NOW, f"@ticks('{LATEST['compute']}')"]},
        *wanted,
    ]  # not while they have time left
    assert last[1:] == wanted
    assert set(actions["delete_keep_after_its_time"]["runAfter"]) == {f"look_at_{what}" for what in groups}


def test_it_is_signed_by_its_identity_for_the_endpoint_that_it_calls() -> None:
    """The identity is literal: Logic's designer looks for it in the definition (Azure/LogicAppsUX#2907)."""
    for arm in ("https://management.azure.com", "https://management.chinacloudapi.cn"):
        inputs = definition(GROUPS, IDENTITY, LATEST, arm)["actions"]["look_at_keep"]["inputs"]
        assert inputs["uri"].startswith(f"{arm}/subscriptions/")
        assert inputs["authentication"] == {
            "type": "ManagedServiceIdentity",
            "audience": f"{arm}/",
            "identity": IDENTITY,
        }


def test_only_the_keep_group_must_be_there() -> None:
    """A look at it that fails leaves nothing behind it that succeeds, so that the run fails and proves no right."""
    actions = definition(GROUPS, IDENTITY, LATEST)["actions"]
    every = ["Succeeded", "Failed", "Skipped", "TimedOut"]
    assert actions["delete_compute_at_the_latest"]["runAfter"] == {"delete_compute_after_its_time": every}
    for name in ("delete_keep_after_its_time", "delete_keep_at_the_latest"):
        assert actions[name]["runAfter"]["look_at_keep"] == ["Succeeded"]
    assert actions["delete_keep_at_the_latest"]["runAfter"]["delete_keep_after_its_time"] == every[:2] + every[3:]
