"""The shell steps of the files for CI systems, as a system would run them: inputs filled in, the variables of a job,
and nothing else of this machine's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / "action.yml"
GITLAB = ROOT / "ci/gitlab/templates/tfinfra.yml"
PIPELINES = ROOT / "ci/azure-pipelines/tfinfra.yml"

Done = subprocess.CompletedProcess


def github_step(
    action: Path, inputs: Mapping[str, str], home: Path, folder: Path, **variables: str
) -> tuple[Done[str], dict[str, str]]:
    """The composite action in `action`, a checkout, called with `inputs` in `folder`; and its outputs."""
    document = yaml.safe_load((action / "action.yml").read_text("utf-8"))
    unknown = inputs.keys() - document["inputs"].keys()
    assert not unknown
    values = {name: str(given.get("default", "")) for name, given in document["inputs"].items()} | dict(inputs)
    (step,) = document["runs"]["steps"]
    outputs = home / "outputs"
    outputs.write_text("")
    runners = {"GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(action), "GITHUB_OUTPUT": str(outputs)}
    filled = {name: _filled(text, r"\$\{\{ inputs\.([\w-]+) \}\}", values) for name, text in step["env"].items()}
    done = shell(
        step["run"],
        home,
        folder / _filled(step["working-directory"], r"\$\{\{ inputs\.([\w-]+) \}\}", values),
        {**runners, "RUNNER_TEMP": str(home), **filled, **variables},
    )
    return done, dict(line.split("=", 1) for line in outputs.read_text("utf-8").splitlines())


def gitlab_job(inputs: Mapping[str, str], home: Path, folder: Path) -> Done[str]:
    """The job of the component, script and after_script; its dotenv report is in `folder`."""
    head, jobs = yaml.safe_load_all(GITLAB.read_text("utf-8"))
    defaults = {
        name: str(given["default"]).lower() for name, given in head["spec"]["inputs"].items() if "default" in given
    }
    values = {**defaults, **inputs}
    (job,) = jobs.values()
    variables = {name: _filled(text, r"\$\[\[ inputs\.(\w+) \]\]", values) for name, text in job["variables"].items()}
    variables = {name: os.path.expandvars(text) if text.startswith("$") else text for name, text in variables.items()}
    done = shell("set -eo pipefail\n" + "\n".join(job["script"]), home, folder, variables)
    shell("\n".join(job["after_script"]), home, folder, variables)
    return done


def pipelines_step(parameters: Mapping[str, str], home: Path, folder: Path) -> Done[str]:
    """The first step of the template of Azure Pipelines."""
    document = yaml.safe_load(PIPELINES.read_text("utf-8"))
    values = {each["name"]: each.get("default", "") for each in document["parameters"]} | dict(parameters)
    step: dict[str, Any] = document["steps"][0]
    macros = {"System.AccessToken": "", "Agent.TempDirectory": str(home)}
    variables = {
        name: _filled(_filled(text, r"\$\{\{ parameters\.(\w+) \}\}", values), r"\$\(([\w.]+)\)", macros)
        for name, text in step["env"].items()
    }
    return shell(step["bash"], home, folder, {"AGENT_TEMPDIRECTORY": str(home), **variables})


def shell(script: str, home: Path, folder: Path, variables: Mapping[str, str]) -> Done[str]:
    """bash as a runner starts it, with a home of its own: no credentials, and nothing that this machine has cached."""
    own = {
        "HOME": str(home),
        "PATH": f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "CI": "true",
    }
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**own, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def _filled(text: str, pattern: str, values: Mapping[str, str]) -> str:
    return re.sub(pattern, lambda found: values.get(found[1], ""), str(text))
