"""Which layers of deletion a run has, and what is said of each."""

from __future__ import annotations

import pytest

from tests.stacks.plans import OTHERS
from tfinfra.lifecycle.end.deletion_layers import deletion_layers
from tfinfra.model import Access

CASES: dict[str, tuple[Access, bool | None, str, dict[str, str]]] = {
    "all are on where the role is there": (Access(), True, "+ + +", {}),
    "what nobody has asked is said with what it depends on": (
        Access(),
        None,
        "+ + +",
        {"nodes": "if the subscription has the role", "timer": "`tfinfra setup azure --subscription S` makes it once"},
    ),
    "without the role the client is alone": (
        Access(),
        False,
        "+ - -",
        {"nodes": "has no role 'tfinfra group deleter'", "timer": "has no role"},
    ),
    "nodes of a shared identity never delete, and the timer has an identity of its own": (
        OTHERS["an identity of others"],
        True,
        "+ - +",
        {"nodes": "trainers is one identity for all runs of this target", "timer": "no tag puts that off"},
    ),
    "where its identity cannot have its right the timer is off too": (
        OTHERS["an identity of others"],
        False,
        "+ - -",
        {"timer": "it is not there, or not yours to assign"},
    ),
    "a shared identity that nobody has asked about": (
        OTHERS["an identity of others"],
        None,
        "+ - +",
        {"nodes": "can read and change the outputs of the others", "timer": "if the subscription has the role"},
    ),
    "a reaper of others is on whoever may delete": (
        OTHERS["a reaper of others"],
        False,
        "+ - +",
        {"timer": "reaper, made by others"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_layers(case: str) -> None:
    access, may_delete, marks, said = CASES[case]
    layers = deletion_layers(access, 2, may_delete, "S")
    assert [layer.name for layer in layers] == ["client", "nodes", "timer"]
    assert " ".join("+" if layer.on else "-" for layer in layers) == marks
    for layer in layers:
        assert said.get(layer.name, "") in layer.why
        assert (layer.fix is None) == layer.on


def test_what_mends_a_layer() -> None:
    own = deletion_layers(Access(), 1, False, "S")[1:]
    assert all(str(layer.fix).startswith("tfinfra setup azure --subscription S") for layer in own)
    nodes, timer = deletion_layers(OTHERS["an identity of others"], 1, False, "S")[1:]
    assert "leave identity_id out" in str(nodes.fix)
    assert "names a reaper_id" in str(timer.fix)
