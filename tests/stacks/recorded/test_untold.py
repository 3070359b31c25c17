"""A read that fails right after a good write leaves outputs empty: the program ends with a sentence."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.stacks.plans import ALONE
from tests.stacks.recording import config, run_program, write
from tfinfra.arm.standins import outputs_of
from tfinfra.engine.recording import recording

UNTOLD: dict[str, tuple[str, Any, str]] = {
    "where the store is": ("primaryEndpoints", None, "where the object store is"),
    "nothing of the store but that it is there": ("primaryEndpoints", {}, "where the object store is"),
    "who an identity is": ("principalId", None, "whom it made for '(nodes-blobs|nodes-requests|timer-may-delete)'"),
    "an identity's client id": ("clientId", None, "the client id of the nodes' identity"),
}


@pytest.mark.parametrize("case", UNTOLD)
def test_what_azure_has_not_told_is_named(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, value, named = UNTOLD[case]
    usual = outputs_of

    def without(request: Any) -> dict[str, Any]:
        return {**usual(request), name: value}

    monkeypatch.setattr(recording, "outputs_of", without)
    with pytest.raises(pulumi.RunError, match=f"Azure has not told .*{named}"):
        run_program(write(ALONE, tmp_path), config("keep"))
    # Pulumi's tasks that nobody awaits tell of the same error when they are collected: now, and not in the midst of a
    # later ast.parse, which the traceback of that telling would break (CPython 3.11)
    gc.collect()
