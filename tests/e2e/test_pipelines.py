"""The pipelines of docs/ci.md that train, as they stand, on an Azure of this machine: a job without a secret and with
tokens that live for seconds begins a run and is gone; later ones, which have nothing of it, wait for its end and bring
it home; a sweep deletes what has expired."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tests.ci.checkouts import PIPELINES, committed, found_at, lay_checkout
from tests.ci.runners import github, gitlab, of_others, pipelines
from tests.ci.runners.machine import Machine
from tests.ci.whole_install import lay
from tests.e2e.conftest import Workspace
from tests.e2e.test_azure_path import LIMITS, NOT_AS_AZURE, TARGET, image
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, Layout
from tfinfra.localcloud.daemon.daemon_client import call
from tfinfra.localcloud.metadata.ci_endpoint import CiEndpoint
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(this_platform() != "linux-x86_64", reason=NOT_AS_AZURE)]
ACTION = "OWNER/tfinfra@v1"
SECONDS = 6
SCRIPT = """
import pathlib, time
print("begun", flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.1)
open("outputs/model.txt", "w").write("weights")
raise SystemExit(3)
"""
EXPIRED = "tfinfra-words-abc123-compute"


@dataclass(frozen=True)
class World:
    """An Azure, the CI system's token URLs, the repository under test and tfinfra's own; `machine` are the variables of
    the runners."""

    azure: Rehearsed
    ci: CiEndpoint
    trainings: Path
    tfinfra: Path
    machine: dict[str, str]

    def expire(self) -> None:
        """Leaves a group whose run nobody ended."""
        layout, endpoint = self.azure.endpoint.layout, self.azure.endpoint
        arm = arm_by_token_file(endpoint.url, layout.ca, layout.token)
        tags = {"tfinfra-run": "words-abc123", "tfinfra-owner": "ada", "tfinfra-expires-at": "2000-01-01T00:00:00Z"}
        path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{EXPIRED}"
        arm.put(path, "2024-03-01", {"location": "eastus", "tags": tags})


@pytest.fixture
def world(process_workspace: Workspace, tmp_path: Path) -> Iterator[World]:
    layout = Layout(process_workspace.state / "cloud")
    hints = {"machines": "process", "image": str(image(tmp_path / "image"))}
    with rehearsed(layout.root, tmp_path, hints) as azure, CiEndpoint(layout, SECONDS) as ci:
        assert call(azure.endpoint, "PUT", "directory", {"token_seconds": SECONDS})[0] == 200
        own = {name: value for name, value in azure.variables.items() if not name.startswith(("IDENTITY_", "AZURE_"))}
        tfinfra = lay_checkout(tmp_path / "tfinfra")
        committed(tfinfra, "v1")
        machine = {**own, **found_at(tfinfra, tmp_path, whole=True)}
        yield World(azure, ci, _trainings(tmp_path / "trainings"), tfinfra, machine)


def _trainings(folder: Path) -> Path:
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT.format(gate="/"))
    manifest = {"name": "trial", "entry_script": "train.py", "compute_target": "gpus", "limits": LIMITS}
    (folder / "train.yaml").write_text(json.dumps(manifest))
    (folder / "compute_targets.yaml").write_text(json.dumps({"gpus": TARGET}))
    committed(folder)
    return folder


def assert_at_home(kept: Path) -> None:
    """What a run whose training failed has left."""
    (model,) = kept.glob("**/outputs/model.txt")
    assert model.read_text() == "weights"
    (record,) = kept.glob("**/trial-*/run.json")
    assert json.loads(record.read_text())["phase"] == "deleted"


def test_github_trains_and_sweeps(world: World, tmp_path: Path) -> None:
    lay(world.tfinfra)
    gate = tmp_path / "gate"
    (world.trainings / "train.py").write_text(SCRIPT.format(gate=str(gate)))
    committed(world.trainings)
    identity = {name: value for name, value in world.ci.github.items() if name.startswith("ACTIONS_")}
    names = {name: value for name, value in world.ci.github.items() if name.startswith("AZURE_")}
    site = github.Site({"": world.trainings}, {ACTION: world.tfinfra}, world.machine, identity, names)
    jobs = github.jobs_of(PIPELINES[".github/workflows/train.yml"], site, of_others.GITHUB, tmp_path / "train")
    _, begun = next(jobs)
    assert begun.codes(ACTION) == [0], begun.steps
    assert world.ci.given > 3  # it has outlived several of its tokens, and so has Pulumi's provider
    _assert_that_a_short_wait_ends_alone(world, replace(site, machine={**world.machine, **world.ci.github}), begun)
    gate.touch()
    _, waited = next(jobs)
    assert waited.codes(ACTION) == [7, 0], waited.steps
    assert "main-0 on node 0 ended with exit status 3" in waited.steps[1].err
    assert waited.machine is not None
    assert_at_home(waited.machine.kept)
    assert world.azure.groups == set()
    world.expire()
    nightly = PIPELINES[".github/workflows/nightly.yml"]
    swept = github.run_workflow(nightly, site, of_others.GITHUB, tmp_path / "nightly")["sweep"]
    assert swept.codes(ACTION) == [0], swept.steps
    assert world.azure.groups == set()


def _assert_that_a_short_wait_ends_alone(world: World, site: github.Site, begun: github.Job) -> None:
    machine = Machine(world.tfinfra.parent / "short", site.machine)
    machine.clone(world.trainings, machine.work)
    job = github.JobRun(site, machine, {"github": {"token": ""}}, {})
    given = {"run": "wait", "run-id": begun.outputs["run"], "timeout": "1s", "target": "gpus"}
    step = job.action(world.tfinfra, ACTION, given, {})
    assert (step.code, step.outputs["exit-code"]) == (12, "12"), step.err


def test_gitlab_and_azure_pipelines_train_beside_each_other_and_sweep(world: World, tmp_path: Path) -> None:
    """At the same time and in one subscription: each ends its own run alone."""
    with CiEndpoint(world.azure.endpoint.layout) as lasting, ThreadPoolExecutor() as both:
        names = {name: value for name, value in world.ci.github.items() if name.startswith("AZURE_")}
        projects = {"": world.trainings, "platform/tfinfra": world.tfinfra}
        # an ID token is not renewed, and lives as long as its job
        server = gitlab.Server(projects, names, world.machine, lasting.assertion)
        trained = [both.submit(_on_gitlab, server, tmp_path), both.submit(_on_azure_pipelines, world, tmp_path)]
        for each in trained:
            assert_at_home(each.result())
        assert world.azure.groups == set()
        world.expire()
        swept = gitlab.run_pipeline(PIPELINES[".gitlab-ci.yml"], server, "schedule", tmp_path / "sweep")
    assert {name: job.code for name, job in swept.items()} == {"sweep": 0}, swept
    assert world.azure.groups == set()


def _on_gitlab(server: gitlab.Server, folder: Path) -> Path:
    """What the pipeline has kept of its run."""
    jobs = gitlab.run_pipeline(PIPELINES[".gitlab-ci.yml"], server, "web", folder / "gitlab")
    assert {name: job.code for name, job in jobs.items()} == {"begin": 0, "wait": 7, "fetch": 0}, jobs
    machine = jobs["fetch"].machine
    assert machine is not None
    return machine.kept


def _on_azure_pipelines(world: World, folder: Path) -> Path:
    given = world.ci.pipelines
    system = {
        "System.OidcRequestUri": given["SYSTEM_OIDCREQUESTURI"],
        "System.AccessToken": given["SYSTEM_ACCESSTOKEN"],
    }
    connection = {name: value for name, value in given.items() if name.startswith("AZURESUBSCRIPTION_")}
    repositories = {"": world.trainings, "platform/tfinfra": world.tfinfra}
    organization = pipelines.Organization(repositories, {"training": connection}, system, world.machine)
    text = PIPELINES["train.azure-pipelines.yml"]
    jobs = pipelines.run_pipeline(text, organization, of_others.PIPELINES, folder / "azure-pipelines")
    assert [job and job.result for job in jobs.values()] == ["Succeeded", "Failed", "Succeeded"], jobs
    wait, fetch = jobs["wait"], jobs["fetch"]
    assert wait is not None
    assert wait.outputs["tfinfra.exitCode"] == "7"
    assert fetch is not None
    return fetch.machine.kept
