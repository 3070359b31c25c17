"""The pipelines of docs/ci.md: each is what its system takes, and those about a change run whole, as they stand,
without a cloud. tests/e2e/test_pipelines.py has those that train."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.ci.checkouts import PIPELINES, committed, found_at
from tests.ci.extracted import ROOT
from tests.ci.github_api import GitHub
from tests.ci.runners import github, gitlab, of_others, pipelines
from tests.ci.test_ci_files import checked

PULL_REQUEST = ".github/workflows/pull-request.yml"
TRAIN, NIGHTLY = ".github/workflows/train.yml", ".github/workflows/nightly.yml"
SCHEMAS = {
    "github-workflows": (PULL_REQUEST, TRAIN, NIGHTLY),
    "gitlab-ci": (".gitlab-ci.yml",),
    "azure-pipelines": ("azure-pipelines.yml", "train.azure-pipelines.yml"),
}
ACTION = "OWNER/tfinfra@v1"


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_pipeline_is_what_its_system_takes(schema: str, tmp_path: Path) -> None:
    files = [tmp_path / name.replace("/", "-") for name in SCHEMAS[schema]]
    for file, name in zip(files, SCHEMAS[schema], strict=True):
        file.write_text(PIPELINES[name])
    done = checked(schema, *files)
    assert done.returncode == 0, done.stdout


def test_each_pipeline_of_the_document_is_checked() -> None:
    known = {name for names in SCHEMAS.values() for name in names}
    assert PIPELINES.keys() - known == {".pre-commit-config.yaml"}


class Platform:
    """The repositories of a pull request on GitHub: a change of the trainings, what it changes, and the guardrails."""

    def __init__(self, checkout: Path, trainings: Path, guardrails: Path, api: GitHub) -> None:
        self.checkout, self.trainings, self.guardrails, self.api = checkout, trainings, guardrails, api
        guardrails.mkdir()
        self.base = committed(trainings)
        manifest = trainings / "azure-horovod.yaml"
        manifest.write_text(manifest.read_text().replace("node_count: 2", "node_count: 3"))
        committed(trainings)

    def run(self, most_nodes: int, folder: Path) -> github.Job:
        (self.guardrails / "guardrails.yaml").write_text(f"allow: {{max_nodes: {most_nodes}}}\n")
        committed(self.guardrails)
        event: dict[str, Any] = {"pull_request": {"number": 7, "base": {"sha": self.base}}}
        repositories = {"": self.trainings, "OWNER/guardrails": self.guardrails}
        actions = {ACTION: self.checkout}
        site = github.Site(repositories, actions, {"GITHUB_API_URL": self.api.url}, event=event)
        return github.run_workflow(PIPELINES[PULL_REQUEST], site, of_others.GITHUB, folder)["check"]


@pytest.fixture
def platform(checkout: Path, repository: Path, tmp_path: Path, github: GitHub) -> Platform:
    return Platform(checkout, repository, tmp_path / "guardrails", github)


def test_a_pull_request_within_the_guardrails_gets_a_comment(platform: Platform, tmp_path: Path) -> None:
    job = platform.run(8, tmp_path / "job")
    assert job.codes(ACTION) == [0, 0], job.steps
    assert job.machine is not None
    assert (job.machine.work / "change/tfinfra.sarif").is_file()
    (body,) = [each["body"] for each in platform.api.comments if "tfinfra plan" in each["body"]]
    assert "azure-horovod.yaml" in body
    assert "single.yaml" not in body, "it has not changed"


def test_a_pull_request_beyond_them_ends_at_its_first_step(platform: Platform, tmp_path: Path) -> None:
    job = platform.run(1, tmp_path / "job")
    assert job.codes(ACTION) == [3, None], job.steps
    assert "guardrail allow.max_nodes is 1" in job.steps[3].err


def test_a_merge_request_on_gitlab(published: Path, repository: Path, tmp_path: Path) -> None:
    """Which begins no training."""
    committed(repository)
    projects = {"": repository, "platform/tfinfra": published}
    server = gitlab.Server(projects, machine=found_at(published, tmp_path))
    jobs = gitlab.run_pipeline(PIPELINES[".gitlab-ci.yml"], server, "merge_request_event", tmp_path / "jobs")
    assert {name: job.code for name, job in jobs.items()} == {"trainings": 0}, jobs


REFUSING = """#!/bin/sh
echo '{"document": "error"}'
exit 3
"""


@pytest.fixture
def refusing(tmp_path: Path) -> Path:
    """A tfinfra of a component, its script, and a command that begins no run."""
    root = tmp_path / "tfinfra"
    for name in ("ci/job.py", "ci/gitlab/templates/tfinfra.yml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "bin").mkdir()
    (root / "bin/tfinfra").write_text(REFUSING)
    (root / "bin/tfinfra").chmod(0o755)
    committed(root, "v1")
    return root


@pytest.mark.parametrize("why", ["tfinfra cannot be fetched", "the manifest is wrong"])
def test_where_no_run_begins_on_gitlab_one_job_is_red(
    why: str, refusing: Path, repository: Path, tmp_path: Path
) -> None:
    committed(repository)
    found = found_at(refusing if "manifest" in why else tmp_path / "gone", tmp_path)
    server = gitlab.Server({"": repository, "platform/tfinfra": refusing}, machine=found)
    jobs = gitlab.run_pipeline(PIPELINES[".gitlab-ci.yml"], server, "web", tmp_path / "jobs")
    assert jobs["begin"].code == (3 if "manifest" in why else 128), jobs["begin"].err
    assert (jobs["wait"].code, jobs["fetch"].code) == (None, 0), jobs["fetch"].err
    assert "no run was begun, so there is nothing to fetch" in jobs["fetch"].out


def test_a_fetch_that_nobody_told_of_a_run_is_red(refusing: Path, repository: Path, tmp_path: Path) -> None:
    committed(repository)
    text = PIPELINES[".gitlab-ci.yml"]
    alone = "\n".join(line for line in text.splitlines() if not line.startswith("begin:") and "job: begin" not in line)
    server = gitlab.Server({"": repository, "platform/tfinfra": refusing}, machine=found_at(refusing, tmp_path))
    jobs = gitlab.run_pipeline(alone, server, "web", tmp_path / "jobs")
    assert jobs["fetch"].code == 2
    assert "fetch needs the id of a run" in jobs["fetch"].err


def test_a_change_on_azure_pipelines(published: Path, repository: Path, tmp_path: Path) -> None:
    committed(repository)
    organization = pipelines.Organization(
        {"": repository, "platform/tfinfra": published}, machine=found_at(published, tmp_path)
    )
    jobs = pipelines.run_pipeline(
        PIPELINES["azure-pipelines.yml"], organization, of_others.PIPELINES, tmp_path / "jobs"
    )
    (job,) = jobs.values()
    assert job is not None
    assert (job.result, job.outputs["tfinfra.exitCode"]) == ("Succeeded", "0"), job.told
    assert (job.machine.kept / "tfinfra-junit.xml").is_file()
