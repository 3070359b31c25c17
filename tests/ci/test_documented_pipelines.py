"""The pipelines of docs/ci.md, run as they stand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.extracted import ROOT, github_step, gitlab_job, pipelines_step
from tests.ci.test_ci_files import checked

BLOCKS = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", (ROOT / "docs/ci.md").read_text("utf-8"), re.DOTALL))
SCHEMAS = {
    ".github/workflows/pull-request.yml": "github-workflows",
    ".github/workflows/train.yml": "github-workflows",
    ".github/workflows/nightly.yml": "github-workflows",
    ".gitlab-ci.yml": "gitlab-ci",
    "azure-pipelines.yml": "azure-pipelines",
}


def calls(workflow: str) -> list[dict[str, str]]:
    """The inputs of each step of a workflow that uses the action, in order."""
    jobs: dict[str, Any] = yaml.safe_load(BLOCKS[workflow])["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    return [step["with"] for step in steps if step["uses"].startswith("OWNER/tfinfra@")]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_pipeline_is_what_its_system_takes(name: str, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text(BLOCKS[name])
    done = checked(SCHEMAS[name], tmp_path / "pipeline.yml")
    assert done.returncode == 0, done.stdout


def test_the_check_of_a_pull_request(checkout: Path, home: Path, repository: Path) -> None:
    repository.rename(home / "change")
    shutil.copytree(home / "change", home / "base")
    (home / "platform").mkdir()
    (home / "platform/guardrails.yaml").write_text("allow: {max_nodes: 1}\n")
    for inputs in calls(".github/workflows/pull-request.yml"):
        done, outputs = github_step(checkout, inputs, home, home)
        assert (done.returncode, outputs["exit-code"]) == (3, "3"), done.stderr
        assert "guardrail allow.max_nodes is 1" in done.stderr
    (home / "platform/guardrails.yaml").write_text("allow: {max_nodes: 8}\n")
    for inputs in calls(".github/workflows/pull-request.yml"):
        summary = home / f"{inputs['run']}.md"
        done, _ = github_step(checkout, inputs, home, home, GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0, done.stderr
        assert not summary.exists(), "nothing has changed, so there is nothing to say"


def test_the_pipelines_of_gitlab_and_azure(published: Path, home: Path, repository: Path) -> None:
    """With this checkout as the copy of tfinfra that they name."""
    own = {"source": str(published), "ref": "v1"}
    (included,) = yaml.safe_load(BLOCKS[".gitlab-ci.yml"])["include"]
    done = gitlab_job({**included["inputs"], **own}, home, repository)
    assert done.returncode == 0, done.stderr
    (step,) = yaml.safe_load(BLOCKS["azure-pipelines.yml"])["steps"]
    done = pipelines_step({**step["parameters"], **own}, home, repository)
    assert done.returncode == 0, done.stderr
