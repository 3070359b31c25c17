"""Whether commands may be run on nodes follows from all files together, and from whether the run is locked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.guardrails.read import read_guardrails
from tfinfra.guardrails.values import Guardrails

CASES: dict[str, tuple[list[str], bool, bool]] = {
    "without a word of it only runs without a lock take commands": (["max_nodes: 8"], True, False),
    "without any file that is so too": ([], True, False),
    "a file that allows it counts for locked runs": (["exec: true"], True, True),
    "one that says nothing does not take that back": (["exec: true", "max_nodes: 8"], True, True),
    "a file that forbids it counts for all runs": (["exec: false"], False, False),
    "whatever another file allows": (["exec: true", "exec: false"], False, False),
}


@pytest.mark.parametrize(("files", "free", "locked"), CASES.values(), ids=CASES)
def test_commands_on_nodes(files: list[str], free: bool, locked: bool) -> None:
    read = [read_guardrails(f"allow: {{{text}}}\n".encode(), "g.yaml", Path("/g")) for text in files]
    held = Guardrails(tuple(read))
    assert (held.execs(locked=False), held.execs(locked=True)) == (free, locked)
