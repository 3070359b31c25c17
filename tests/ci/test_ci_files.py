"""The files for CI systems, against the schemas that these systems publish, and zizmor's and pre-commit's own checks.
The systems themselves are not asked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.extracted import GITHUB, GITLAB, PIPELINES, ROOT
from tests.ci.runners.pipelines import template
from tests.locked_tools import locked_tools


def checked(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """check-jsonschema's answer (python-jsonschema/check-jsonschema, Apache-2.0, with the systems' schemas)."""
    tool: list[str | Path] = [locked_tools("ci") / "check-jsonschema", "--builtin-schema", f"vendor.{schema}"]
    transform = ["--data-transform", schema] if schema in ("azure-pipelines", "gitlab-ci") else []
    return subprocess.run([*tool, *transform, *files], capture_output=True, text=True, check=False)


def test_the_action_is_one() -> None:
    done = checked("github-actions", GITHUB)
    assert done.returncode == 0, done.stdout


def test_the_component_is_one(tmp_path: Path) -> None:
    """Its two documents are checked apart, as GitLab's schema knows no file of two."""
    for name, text in zip(("head.yml", "jobs.yml"), GITLAB.read_text("utf-8").split("\n---\n"), strict=True):
        (tmp_path / name).write_text(text)
    done = checked("gitlab-ci", tmp_path / "head.yml", tmp_path / "jobs.yml")
    assert done.returncode == 0, done.stdout


def test_the_template_of_azure_pipelines_is_one() -> None:
    done = checked("azure-pipelines", PIPELINES)
    assert done.returncode == 0, done.stdout


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "action.yml").write_text("name: x\nruns: {using: composite, steps: [{run: a}]}\n")
    assert checked("github-actions", tmp_path / "action.yml").returncode == 1


def test_the_hooks_are_hooks() -> None:
    tool = locked_tools("ci") / "pre-commit"
    done = subprocess.run(
        [tool, "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_nothing_that_a_pull_request_says_can_become_a_script() -> None:
    """zizmor's audit of the action (zizmorcore/zizmor, MIT), without the network; and the same by hand for the others,
    which it does not know: values reach the shell by variables alone."""
    done = subprocess.run(
        [locked_tools("ci") / "zizmor", "--offline", "--no-progress", GITHUB],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for script in (*scripts(yaml.safe_load(GITHUB.read_text())), *scripts(yaml.safe_load(PIPELINES.read_text()))):
        assert "${{" not in script
    for job in list(yaml.safe_load_all(GITLAB.read_text()))[1].values():
        assert [line for line in (*job["script"], *job["after_script"]) if "$[[" in line] == []


def scripts(document: dict[str, Any]) -> list[str]:
    steps = document.get("steps") or document["runs"]["steps"]
    return [step.get("run") or step["bash"] for step in steps if "run" in step or "bash" in step]


@pytest.mark.parametrize("connection", ["", "training"])
def test_only_who_signs_in_has_the_token_of_a_pipelines_job(connection: str) -> None:
    """A change that is checked has none: `check` runs policy packs."""
    given = {"run": "check", "source": "s", "ref": "r", "serviceConnection": connection}
    (step,) = [step for step in template(PIPELINES.read_text("utf-8"), given) if step.get("name") == "tfinfra"]
    assert ("SYSTEM_ACCESSTOKEN" in step["env"], "TFINFRA_REF" in step["env"]) == (connection != "", True)


@pytest.mark.parametrize("file", [GITHUB, PIPELINES, GITLAB], ids=lambda file: file.name)
def test_no_action_of_others_is_taken_by_a_name_that_can_move(file: Path) -> None:
    """Azure Pipelines' own task is the one exception: the server has it."""
    assert re.findall(r"uses: *(\S+)", file.read_text("utf-8")) == []
