"""Azure's refusals through the real engine, the plugin and the local cloud's ARM: which place a run ends up in, and how
it is told. The machines exist on paper; what trained nodes would leave is put into the run's store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine import test_engine
from tests.lifecycle.fakes import FakeSpec, World, a_plan, succeeding
from tfinfra.azure.deletion.groups import list_runs
from tfinfra.cloud import Cloud
from tfinfra.compiler.deploy.render import render
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import Compiled, read
from tfinfra.engine.client import EngineProcess
from tfinfra.errors import NotFeasible, ProvisioningError
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.provision import attempts
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up.conductor import UpRun
from tfinfra.lifecycle.wiring import real_ports
from tfinfra.localcloud.daemon.daemon_client import Endpoint, call
from tfinfra.model import Image, Limits, Plan

pytestmark = pytest.mark.engine
cloud, endpoint = test_engine.cloud, test_engine.endpoint  # fixtures
PLACES = ("eastus", "westeurope")
SET = {"kind": "status", "method": "PUT", "path": "virtualMachineScaleSets/"}
NO_ROOM = {**SET, "status": 409, "code": "AllocationFailed", "message": "We do not have sufficient capacity."}
POLICY = {**SET, "status": 403, "code": "RequestDisallowedByPolicy", "message": "Resource was disallowed by policy."}
BUSY = {**SET, "status": 409, "code": "AnotherOperationInProgress", "message": "Another operation is in progress."}
THROTTLED = {**SET, "status": 429, "code": "TooManyRequests", "message": "Too many requests.", "count": 2}


class _Engine(EngineProcess):
    """The engine, after whose last update the nodes have trained at once."""

    def __init__(self, ports: Ports) -> None:
        super().__init__()
        self._ports = ports

    def up(self, part: str, config: Mapping[str, str]) -> dict[str, Any]:
        made = super().up(part, config)
        if part != "keep":
            store: Any = self._ports.open_store(json.loads(config["nodeSettings"])["store"])
            succeeding(store)
        return made


def _plan() -> Plan:
    plan = a_plan(limits=Limits(max_run_duration=3600, keep_outputs=3600))
    image = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2025121801")
    first = replace(plan.infrastructure, image=image, os_disk_gb=128)
    return replace(plan, infrastructure=first, alternatives=(replace(first, location=PLACES[1]),))


@pytest.fixture
def go(cloud: Cloud, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs the plan with these faults; gives the result and what was said."""
    monkeypatch.setattr(attempts, "PAUSES", (0.1, 0.1, 0.1))
    engines: list[EngineProcess] = []

    def run(*faults: dict[str, Any]) -> tuple[RunResult, list[str]]:
        for fault in faults:
            call(endpoint, "POST", "faults", fault)
        world, plan = World(tmp_path), _plan()
        real = real_ports(cloud, time.time)
        engines.append(_Engine(real))
        ports = replace(
            real,
            workshop=world.ports().workshop,
            cloud=replace(cloud, environment_cache=tmp_path),
        )
        (tmp_path / "train.py").write_text("print()\n")
        facts = read(project_from_arguments({"entry_script": "train.py"}, name="digits", folder=tmp_path))
        compiled = Compiled(facts, FakeSpec(), plan, render(plan, "name: digits\n"), (), tmp_path)  # type: ignore[arg-type]
        options = UpOptions(tmp_path, own_state=tmp_path / "state", letters="ab12cd")
        result = UpRun(compiled, ports, options, world.observer, world.interrupt, engine=engines[-1]).go()
        cloud.ensure()
        assert list_runs(cloud) == ()
        return result, [line for line in world.observer.lines if line.startswith("say")]

    yield run
    for engine in engines:
        engine.close()


def _places(result: RunResult) -> list[tuple[str, str | None]]:
    return [(attempt.location, attempt.refused) for attempt in result.record.attempts]


def test_no_room_in_the_first_place_is_a_run_in_the_second(go: Any, tmp_path: Path) -> None:
    result, said = go(NO_ROOM)
    assert result.error is None
    assert _places(result) == [
        ("eastus", "AllocationFailed: We do not have sufficient capacity."),
        ("westeurope", None),
    ]
    assert "say AllocationFailed in eastus (too few machines of this size are free there): trying westeurope" in said
    audit = run_folder(tmp_path / "state", result.record.run).audit_folder
    resources = json.loads((audit / "compute-1.state.json").read_text())["deployment"]["resources"]
    (nodes,) = [r for r in resources if r["type"].endswith(":VirtualMachineScaleSet")]
    assert nodes["inputs"]["location"] == "westeurope"
    assert nodes["inputs"]["resourceGroupName"] == result.record.compute_group
    assert result.record.compute_group.endswith("-compute-1")


def test_a_quota_that_no_place_has_is_told_with_all_places(go: Any, endpoint: Endpoint) -> None:
    call(endpoint, "PUT", "quotas", {"cores": 8})
    try:
        result, _ = go()
    finally:
        call(endpoint, "PUT", "quotas", {"cores": 1_000_000})
    assert isinstance(result.error, NotFeasible)
    assert [place for place, _ in _places(result)] == list(PLACES)
    for place in PLACES:
        assert f"2 nodes of Standard_D8s_v5 in {place}: OperationNotAllowed: " in str(result.error)
    assert "approved cores quota" in str(result.error)


def test_a_policy_is_explained_and_nothing_is_left(go: Any) -> None:
    result, _ = go(POLICY)
    assert isinstance(result.error, ProvisioningError)
    assert (result.error.code, result.error.status) == ("RequestDisallowedByPolicy", 403)
    assert "a policy of the subscription forbids it" in str(result.error)
    assert len(result.record.attempts) == 1


PASSING = {"throttled twice": THROTTLED, "another operation for a moment": BUSY}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_passes_by_itself_is_a_run_in_the_first_place(fault: dict[str, Any], go: Any) -> None:
    result, _ = go(fault)
    assert result.error is None
    assert _places(result) == [("eastus", None)]


def test_what_a_write_made_whose_answers_were_all_lost_is_removed_and_made_again(go: Any) -> None:
    result, said = go({"kind": "lost", "method": "PUT", "path": "natGateways/", "count": 4})
    assert result.error is None
    assert _places(result) == [("eastus", None)]
    assert any("did not answer" in line and "trying again" in line for line in said)
    assert any(line.startswith("say removing Microsoft.Network/natGateways/") for line in said)
