"""The runs that live in a subscription, out of ARM's lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.azure.answering import Reply
from tests.azure.answers.test_rare_answers import DENIED, answering
from tfinfra.azure.live_runs import LiveNodes, LiveRuns, live_runs
from tfinfra.errors import ProvisioningError

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"


def group(run: str, part: str, **tags: str) -> dict[str, Any]:
    return {"name": f"tfinfra-{run}-{part}", "tags": {"tfinfra-run": run, **tags}}


def scale_set(name: str, location: str = "eastus", **profile: Any) -> dict[str, Any]:
    return {
        "id": f"{SUBSCRIPTION}/resourceGroups/{name}/providers/Microsoft.Compute/virtualMachineScaleSets/nodes",
        "location": location,
        "sku": {"name": "Standard_D8s_v5", "capacity": 4},
        "properties": {"virtualMachineProfile": profile},
    }


GROUPS: Reply = (
    200,
    {
        "value": [
            group("digits-aaaaaa", "keep"),
            group("digits-aaaaaa", "compute"),
            group("digits-aaaaaa", "compute-2"),
            group("ended-bbbbbb", "keep"),
            group("words-cccccc", "compute"),
            {"name": "tfinfra-forged-dddddd-compute", "tags": {"tfinfra-run": "another-dddddd"}},
            {"name": "somebodys", "tags": {}},
        ]
    },
    {},
)
SETS: Reply = (
    200,
    {
        "value": [
            scale_set("TFINFRA-DIGITS-AAAAAA-COMPUTE-2", "East US"),
            scale_set("tfinfra-words-cccccc-compute", priority="Spot", billingProfile={"maxPrice": 0.1}),
            scale_set("tfinfra-words-cccccc-compute", priority="Spot", billingProfile={"maxPrice": -1}),
            scale_set("somebodys"),
        ]
    },
    {},
)


def test_a_run_lives_while_it_has_a_group_for_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = live_runs(answering(monkeypatch, {"virtualMachineScaleSets": SETS, "resourcegroups": GROUPS}))
    assert found.runs == ("digits-aaaaaa", "words-cccccc")
    assert found.nodes == (
        LiveNodes("digits-aaaaaa", "Standard_D8s_v5", "eastus", 4),
        LiveNodes("words-cccccc", "Standard_D8s_v5", "eastus", 4, max_price=0.1),
        LiveNodes("words-cccccc", "Standard_D8s_v5", "eastus", 4),
    )


def test_where_no_run_lives_no_nodes_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Reply] = {
        "virtualMachineScaleSets": (403, DENIED, {}),
        "resourcegroups": (200, {"value": []}, {}),
    }
    assert live_runs(answering(monkeypatch, answers)) == LiveRuns((), ())


UNKNOWN: dict[str, dict[str, Reply]] = {
    "groups may not be listed": {"resourcegroups": (403, DENIED, {})},
    "nodes may not be listed": {"virtualMachineScaleSets": (403, DENIED, {}), "resourcegroups": GROUPS},
    "a scale set has an odd form": {
        "virtualMachineScaleSets": (
            200,
            {"value": [{**scale_set("tfinfra-words-cccccc-compute"), "sku": {"capacity": "many"}}]},
            {},
        ),
        "resourcegroups": GROUPS,
    },
}


@pytest.mark.parametrize("answers", UNKNOWN.values(), ids=UNKNOWN)
def test_what_arm_does_not_tell_is_an_error(answers: dict[str, Reply], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProvisioningError):
        live_runs(answering(monkeypatch, answers))
