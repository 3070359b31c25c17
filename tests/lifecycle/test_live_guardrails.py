"""Guardrails on the runs that live together: what is there, and the run that is about to begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfinfra.azure import live_runs
from tfinfra.azure.live_runs import LiveNodes, LiveRuns
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.errors import CredentialsError, ProvisioningError
from tfinfra.lifecycle.live_guardrails import LiveBreaches, live_breaches

RUNS = ("digits-aaaaaa", "words-cccccc")
NODES = (
    LiveNodes("digits-aaaaaa", "standard_d8s_v5", "eastus", 2),
    LiveNodes("words-cccccc", "Standard_D8s_v5", "eastus", 10, max_price=0.01),
)
LIVE = LiveRuns(RUNS, NODES)
"""0.384 an hour and node, and 0.01: 0.87 together. The new run costs 0.46."""


def compiled(folder: Path, allow: str) -> Compiled:
    (folder / "train.py").write_text("print()\n")
    (folder / "m.yaml").write_text(
        "entry_script: train.py\ncompute_target:\n  vm_size: Standard_D8s_v5\n  location: eastus\n"
    )
    (folder / "job.yaml").write_text(f"allow: {{{allow}}}\n")
    return compile_manifest(load_project(folder / "m.yaml", guardrails=folder / "job.yaml"))


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch, allow: str, live: LiveRuns | Exception = LIVE) -> LiveBreaches:
    def answer(_: object) -> LiveRuns:
        if isinstance(live, Exception):
            raise live
        return live

    monkeypatch.setenv("TFINFRA_STATE_DIR", str(folder / "state"))
    monkeypatch.setattr(live_runs, "live_runs", answer)
    cloud: Any = None
    return live_breaches(compiled(folder, allow), cloud)


TABLE = {
    "room for one more run": ("max_live_runs: 3", []),
    "no room": ("max_live_runs: 2", ["TFI453"]),
    "none at all may begin": ("max_live_runs: 0", ["TFI453"]),
    "room for its price": ("max_usd_per_hour: 1.34", []),
    "no room for its price": ("max_usd_per_hour: 1.32", ["TFI454"]),
    "neither": ("max_live_runs: 1, max_usd_per_hour: 1", ["TFI453", "TFI454"]),
}


@pytest.mark.parametrize(("allow", "expected"), TABLE.values(), ids=TABLE)
def test_the_run_counts_with_those_that_live(
    allow: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asked(tmp_path, monkeypatch, allow)
    assert [found.code for found in answer.found] == expected
    assert bool(answer.told) == (not expected)
    for found in answer.found:
        assert found.position is not None
        assert (found.position.file, found.position.line) == (str(tmp_path / "m.yaml"), 3)
        assert f"({tmp_path / 'job.yaml'}:1)" in found.message


def test_what_is_not_known_is_a_breach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow = "max_live_runs: 9, max_usd_per_hour: 9"
    answer = asked(tmp_path, monkeypatch, allow, ProvisioningError("resource groups cannot be listed"))
    assert [found.code for found in answer.found] == ["TFI453", "TFI454"]
    nodes = (LiveNodes("digits-aaaaaa", "Standard_D8s_v5", "moon", 1),)
    answer = asked(tmp_path, monkeypatch, allow, LiveRuns(RUNS, nodes))
    assert [found.code for found in answer.found] == ["TFI454"]


def test_who_is_not_signed_in_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError):
        asked(tmp_path, monkeypatch, "max_live_runs: 9", CredentialsError("no token"))


def test_nothing_is_asked_where_no_guardrail_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(tmp_path, monkeypatch, "max_nodes: 9", AssertionError("asked")) == LiveBreaches()
