"""The shell steps of action, component and template, run as they stand in an empty home: what they install, the exit
code, the outputs, the comment."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ci.extracted import github_step, gitlab_job, pipelines_step
from tests.ci.github_api import GitHub

WRONG = "name: digits\nentry_script: train_single.py\nworker_cout: 2\n"
MARK = "<!-- tfinfra plan -->"


def test_validate_in_the_action(checkout: Path, home: Path, repository: Path) -> None:
    done, outputs = github_step(checkout, {"run": "validate"}, home, repository)
    assert (done.returncode, outputs["exit-code"]) == (0, "0"), done.stderr
    (repository / "wrong.yaml").write_text(WRONG)
    inputs = {"run": "validate", "sarif": "found.sarif", "junit": "found.xml", "manifests": "wrong.yaml\nsingle.yaml"}
    done, outputs = github_step(checkout, inputs, home, repository)
    assert (done.returncode, outputs["exit-code"]) == (3, "3"), done.stderr
    assert "unknown key 'worker_cout'" in done.stderr
    assert json.loads((repository / "found.sarif").read_text())["version"] == "2.1.0"
    assert "<failure" in (repository / "found.xml").read_text()


def test_guardrails_and_a_hostile_name_in_the_action(checkout: Path, home: Path, repository: Path) -> None:
    (home / "guardrails.yaml").write_text("allow: {max_nodes: 1}\n")
    inputs = {"run": "plan", "manifests": "horovod.yaml", "guardrails": str(home / "guardrails.yaml")}
    done, _ = github_step(checkout, inputs, home, repository)
    assert done.returncode == 3, done.stderr
    assert "guardrail allow.max_nodes" in done.stderr
    hostile = "$(touch owned)\";touch owned;'\n--live"
    done, _ = github_step(checkout, {"run": "plan", "manifests": hostile, "target": "$(touch owned)"}, home, repository)
    assert done.returncode == 3
    assert not list(home.parent.rglob("owned"))


def test_the_comment_on_a_pull_request(checkout: Path, home: Path, repository: Path, github: GitHub) -> None:
    """One comment that is made, written anew, and deleted where nothing changed; what others wrote stays."""
    theirs = {"id": 900, "user": {"type": "User"}, "body": f"look {MARK}"}
    github.comments += [{"id": 100 + n, "user": {"type": "User"}, "body": "x"} for n in range(120)] + [theirs]

    def plan(*manifests: str, **inputs: str) -> list[str]:
        given = {"run": "plan", "manifests": "\n".join(manifests), "token": "t0ken", **inputs}
        done, _ = github_step(checkout, given, home, repository, **github.variables(home))
        assert done.returncode == 0, done.stderr
        return [each["body"] for each in github.comments if each["user"]["type"] == "Bot"]

    (body,) = plan("azure-horovod.yaml")
    assert body.splitlines()[0].endswith(MARK)
    assert body in (home / "summary.md").read_text()
    (both,) = plan("azure-horovod.yaml", "single.yaml")
    assert both != body
    shutil.copytree(repository, home / "base")
    assert plan("azure-horovod.yaml", base=str(home / "base")) == []
    (always,) = plan("azure-horovod.yaml", base=str(home / "base"), comment="always")
    assert "nothing changed" in always
    assert len(plan("azure-horovod.yaml", comment="never")) == 1
    assert theirs in github.comments


def test_who_may_not_comment_gets_a_notice(checkout: Path, home: Path, repository: Path, github: GitHub) -> None:
    """As a pull request from a fork, whose token only reads."""
    github.refuses = True
    inputs = {"run": "plan", "manifests": "azure-horovod.yaml", "token": "t0ken"}
    done, _ = github_step(checkout, inputs, home, repository, **github.variables(home))
    assert done.returncode == 0, done.stderr
    assert "::notice title=tfinfra::no comment could be written: HTTP Error 403" in done.stdout
    assert "t0ken" not in done.stdout + done.stderr


@pytest.fixture(params=["a branch", "a tag", "a commit"])
def ref(request: pytest.FixtureRequest, published: Path) -> str:
    """What of tfinfra a pipeline names."""
    git("-C", published, "tag", "-f", "v1.0")
    named = {"a branch": "v1", "a tag": "v1.0", "a commit": git("-C", published, "rev-parse", "HEAD")}
    return named[request.param]


def git(*words: str | Path) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def test_the_component_of_gitlab(published: Path, ref: str, home: Path, repository: Path) -> None:
    (repository / "wrong.yaml").write_text(WRONG)
    inputs = {"run": "validate", "source": str(published), "ref": ref, "manifests": "wrong.yaml"}
    done = gitlab_job(inputs, home, repository)
    assert done.returncode == 3, done.stderr
    assert "<failure" in (repository / "tfinfra-junit.xml").read_text()
    assert (repository / "tfinfra.env").read_text() == "TFINFRA_RUN=\n"


def test_the_template_of_azure_pipelines(published: Path, ref: str, home: Path, repository: Path) -> None:
    parameters = {"run": "validate", "source": str(published), "ref": ref, "manifests": "single.yaml"}
    done = pipelines_step(parameters, home, repository)
    assert done.returncode == 0, done.stderr
    assert "##vso[task.setvariable variable=exitCode;isOutput=true]0" in done.stdout
    assert "<testsuite" in (home / "tfinfra-junit.xml").read_text()
