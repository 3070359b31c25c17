"""The shell steps of the files for CI systems, each by itself, on an empty machine in a folder that is there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.ci.runners import github, gitlab, pipelines
from tests.ci.runners.machine import Done, Machine

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / "action.yml"
GITLAB = ROOT / "ci/gitlab/templates/tfinfra.yml"
PIPELINES = ROOT / "ci/azure-pipelines/tfinfra.yml"


def github_step(
    action: Path, inputs: Mapping[str, str], home: Path, folder: Path, **variables: str
) -> tuple[Done[str], Mapping[str, str]]:
    """The composite action in `action`, a checkout, called with `inputs` in `folder`; and its outputs."""
    contexts = {"github": {"token": ""}}
    job = github.JobRun(github.Site({}, {}), _machine(home, folder), contexts, dict(variables))
    step = job.action(action, "", inputs, variables)
    return Done([], step.code or 0, step.out, step.err), step.outputs


def gitlab_job(inputs: Mapping[str, str], home: Path, folder: Path) -> Done[str]:
    """The job of the component, script and after_script; its dotenv report is in `folder`."""
    (job,) = gitlab.component(GITLAB.read_text("utf-8"), inputs).values()
    done = gitlab.ran(job, _machine(home, folder), {}, str)
    return Done([], done.code or 0, done.out, done.err)


def pipelines_step(parameters: Mapping[str, str], home: Path, folder: Path) -> Done[str]:
    """The first step of the template of Azure Pipelines."""
    machine = _machine(home, folder)
    system = {"System.AccessToken": "", "Agent.TempDirectory": str(home)}
    job = pipelines.JobRun(pipelines.Organization({}), machine, system)
    job.step(pipelines.template(PIPELINES.read_text("utf-8"), parameters)[0], {})
    ((_, code, out, err),) = job.told
    return Done([], code, out, err)


def _machine(home: Path, folder: Path) -> Machine:
    return Machine(Path(tempfile.mkdtemp(dir=home)), given=folder)
