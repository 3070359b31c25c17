"""What ARM does not say is said: never passed over, never taken for a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.auditing.live.rehearsed import COMPUTE, COMPUTE_NAME, KEEP, NODES, RULES, SET, TIMER, Rehearsed
from tests.localcloud.calls import SUB
from tfinfra.auditing.findings import Verdict
from tfinfra.localcloud.common.arm_refusal import forbidden

MACHINES = f"{COMPUTE}/providers/Microsoft.Compute/virtualMachines"
REFUSED: dict[str, tuple[str, str]] = {
    "a resource": (RULES, "Microsoft.Network/networkSecurityGroups/read"),
    "what a group holds": (f"{COMPUTE}/resources", "Microsoft.Resources/subscriptions/resourceGroups/resources/read"),
    "role assignments": (
        f"{KEEP}/providers/Microsoft.Authorization/roleAssignments",
        "Microsoft.Authorization/roleAssignments/read",
    ),
    "locks": (f"{SUB}/providers/Microsoft.Authorization/locks", "Microsoft.Authorization/locks/read"),
    "the machines": (MACHINES, "Microsoft.Compute/virtualMachines/read"),
    "extensions": (f"{SET}/extensions", "Microsoft.Compute/virtualMachineScaleSets/extensions/read"),
    "the timer's looks": (f"{TIMER}/runs", "Microsoft.Logic/workflows/runs/read"),
    "who may sign in": (
        f"{NODES}/federatedIdentityCredentials",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_right_that_is_missing_is_named(what: str, run: Rehearsed) -> None:
    path, right = REFUSED[what]
    run.answer(path, forbidden("me", right, path).document(), 403)
    (found,) = run.audit()
    assert (found.rule, found.verdict) == ("TFA603", Verdict.UNVERIFIABLE)
    assert found.sentence.endswith(f"the right {right} is missing")


def test_a_refusal_without_words_names_the_right_of_the_question(run: Rehearsed) -> None:
    run.answer(RULES, None, 403)
    (found,) = run.audit()
    assert found.sentence.endswith("the right Microsoft.Network/networkSecurityGroups/read is missing")


ODD: dict[str, tuple[int, Any]] = {
    "ARM is ill": (500, {"error": {"code": "InternalServerError", "message": "It is broken."}}),
    "ARM throttles for longer than anybody waits": (429, {"error": {"code": "TooManyRequests", "message": "Later."}}),
    "a proxy answers": (404, "<html>no</html>"),
    "the subscription is not seen": (404, {"error": {"code": "SubscriptionNotFound", "message": "It is not there."}}),
    "no answer": (0, {"error": {"code": "ServiceRequestError", "message": "connection refused"}}),
    "an answer that is no document": (200, ["what"]),
}


@pytest.mark.parametrize("what", ODD)
def test_an_answer_that_says_nothing_is_no_change(what: str, run: Rehearsed) -> None:
    status, document = ODD[what]
    run.answer(RULES, document, status)
    assert [(one.rule, one.subject) for one in run.audit()] == [("TFA603", RULES)]


def test_a_list_of_odd_things_is_read_as_far_as_it_goes(run: Rehearsed) -> None:
    for path in (f"{COMPUTE}/resources", MACHINES, f"{TIMER}/runs", f"{SET}/extensions"):
        run.answer(path, {"value": [1, None, "x"]})
    run.answer(f"{SUB}/providers/Microsoft.Authorization/locks", {"value": [{}, {"id": 7, "properties": "x"}]})
    assert run.audit() == ()


@pytest.mark.parametrize("odd", [{"properties": [1]}, {"properties": "x"}, {"properties": {"orchestrationMode": [1]}}])
def test_a_baseline_of_any_shape_ends_no_audit(odd: dict[str, Any], run: Rehearsed) -> None:
    """Nodes may write the one in the run's store."""
    part = run.parts[COMPUTE_NAME]
    assert part is not None
    run.parts[COMPUTE_NAME] = replace(part, resources=tuple(replace(one, sent=odd) for one in part.resources))
    run.answer(f"{NODES}/federatedIdentityCredentials", {"value": [{"id": "c", "properties": "x"}]})
    assert "TFA624" in {one.rule for one in run.audit()}


def test_a_grant_of_any_shape_that_is_gone_is_said(run: Rehearsed) -> None:
    for group, part in run.parts.items():
        assert part is not None
        grants = tuple(replace(one, sent={"properties": "x"}) for one in part.resources if "roleAssig" in one.type)
        run.parts[group] = replace(part, resources=grants)
        for one in grants:
            run.answer(one.id, {"error": {"code": "RoleAssignmentNotFound", "message": "It is gone."}}, 404)
    assert "TFA623" in {one.rule for one in run.audit()}


def without_baseline(run: Rehearsed) -> None:
    run.parts[COMPUTE_NAME] = None


def going(run: Rehearsed) -> None:
    document = run.document(COMPUTE)
    run.answer(COMPUTE, {**document, "properties": {"provisioningState": "Deleting"}})
    run.answer(RULES, {"error": {"code": "ResourceNotFound", "message": "It is gone."}}, 404)


@pytest.mark.parametrize(("seed", "rule"), [(without_baseline, "TFA605"), (going, "TFA603")])
def test_a_group_of_which_little_is_known_is_named_once(
    seed: Callable[[Rehearsed], None], rule: str, run: Rehearsed
) -> None:
    seed(run)
    assert [(one.rule, one.subject, one.verdict) for one in run.audit()] == [(rule, COMPUTE_NAME, Verdict.UNVERIFIABLE)]


def test_without_a_baseline_what_was_sent_counts(run: Rehearsed) -> None:
    part = run.parts[COMPUTE_NAME]
    assert part is not None
    unread = tuple(replace(one, found=None, why="HTTP status 500") for one in part.resources)
    run.parts[COMPUTE_NAME] = replace(part, resources=unread)
    assert run.audit() == ()
    run.change(RULES, properties={"securityRules": []})
    assert {one.rule for one in run.audit()} == {"TFA612"}
