"""Which layers of deletion a run has, and what is said of each."""

from __future__ import annotations

import pytest

from tests.stacks.plans import OTHERS
from tfinfra.lifecycle.layers import deletion_layers
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
    "an identity of others that may not delete": (
        OTHERS["an identity of others"],
        False,
        "+ - -",
        {"nodes": "trainers may not delete resource groups"},
    ),
    "an identity of others that nobody has asked about": (
        OTHERS["an identity of others"],
        None,
        "+ + +",
        {"timer": "if trainers may delete resource groups"},
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
    """A role that `setup` makes would be given to nobody where the nodes' identity is of others."""
    mends = {
        "run's own": (Access(), "tfinfra setup azure --subscription S"),
        "others'": (OTHERS["an identity of others"], "ask whoever made trainers"),
    }
    for access, way in mends.values():
        assert all(str(layer.fix).startswith(way) for layer in deletion_layers(access, 1, False, "S")[1:])
