"""What a backend is stands in one file: no other room compares its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tfinfra
from tfinfra.backends.registry import BACKENDS, DISTRIBUTED, backend

PACKAGE = Path(tfinfra.__file__).parent


def names_in(path: Path) -> Iterator[int]:
    """The lines on which a backend's name stands as a text of its own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and node.value in BACKENDS:
            yield node.lineno


OF_OTHER_TOOLS = (PACKAGE / "converting", PACKAGE / "manifest/words", PACKAGE / "cli/usage.py")
"""What says in our words what another tool's mean (docker's verb is ps too): names are written there, none is acted
on."""


def test_no_other_room_knows_a_backend_by_its_name() -> None:
    others = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "backends"]
    others = [path for path in others if not any(path.is_relative_to(room) for room in OF_OTHER_TOOLS)]
    assert len(others) > 100
    assert [(path.name, line) for path in others for line in names_in(path)] == []
    assert list(names_in(PACKAGE / "backends" / "mpi.py")), "and the test sees one where it is"


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_says_all_that_is_its_own(name: str) -> None:
    one = backend(name)
    assert one.name == name and one.meaning
    assert (name in DISTRIBUTED) == one.many_nodes
    assert not one.averages or one.many_nodes
    if "tf_config" in one.keys:
        assert all(sign.dialect for sign in one.signs)


def test_no_key_and_no_word_belongs_to_two() -> None:
    keys = [key for one in BACKENDS.values() for key in one.keys]
    words = [word for one in BACKENDS.values() for word in (one.name, *one.also_called)]
    assert len(keys) == len(set(keys))
    assert len(words) == len(set(words))
