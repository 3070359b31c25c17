"""GitLab's runner: components with their inputs, jobs by stage and rule, dotenv reports, ID tokens."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.runners.machine import Machine

_TOP_KEYS = {"include", "stages"}
_JOB_KEYS = {
    *("stage", "image", "variables", "before_script", "script", "after_script", "allow_failure", "artifacts"),
    *("rules", "environment", "timeout", "id_tokens"),
}


@dataclass(frozen=True)
class Server:
    """What of GitLab, and of its owner's, a pipeline meets. `projects` are repositories by path, "" is the one under
    test; `variables` are the project's; `token` gives an ID token for an audience."""

    projects: Mapping[str, Path]
    variables: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    token: Callable[[str], str] = str


@dataclass(frozen=True)
class Job:
    """`code` is None where it did not run. `reports` are the variables that later jobs get."""

    code: int | None
    out: str = ""
    err: str = ""
    machine: Machine | None = None
    reports: Mapping[str, str] = field(default_factory=dict)


def run_pipeline(text: str, server: Server, source: str, folder: Path) -> dict[str, Job]:
    """The jobs of a pipeline that `source` began (`$CI_PIPELINE_SOURCE`), in their order, each on an empty machine."""
    return dict(jobs_of(text, server, source, folder))


def jobs_of(text: str, server: Server, source: str, folder: Path) -> Iterator[tuple[str, Job]]:
    """The same, a job at a time."""
    document = whole(yaml.safe_load(text), server.projects)
    variables = {**server.variables, "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": source}
    given: dict[str, str] = {}
    failed = False
    for stage in document.get("stages", ["build", "test", "deploy"]):
        ended = []
        for name, job in _of_stage(document, stage):
            when = _when(job, variables)
            if when is None:
                continue
            if failed and when != "always":
                yield name, Job(None)
                continue
            machine = Machine(folder / name, server.machine)
            machine.clone(server.projects[""], machine.work)
            done = ran(job, machine, {**variables, **given}, server.token)
            yield name, done
            ended.append((job, done))
        given |= {key: value for _, done in ended for key, value in done.reports.items()}
        failed = failed or any(
            done.code and done.code not in job.get("allow_failure", {}).get("exit_codes", []) for job, done in ended
        )


def _of_stage(document: Mapping[str, Any], stage: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    jobs = {name: job for name, job in document.items() if name not in _TOP_KEYS and not name.startswith(".")}
    for name, job in jobs.items():
        assert job.keys() <= _JOB_KEYS
        if job.get("stage", "test") == stage:
            yield name, job


def whole(document: Mapping[str, Any], projects: Mapping[str, Path]) -> dict[str, Any]:
    """The document with what it includes below it, and what its jobs extend below them."""
    found: dict[str, Any] = {}
    for each in document.get("include", []):
        text = _git(projects[each["project"]], "show", f"{each['ref']}:{each['file']}")
        found = _merged(found, component(text, each["inputs"]))
    found = _merged(found, document)
    for name, job in found.items():
        if isinstance(job, dict) and (base := job.pop("extends", None)):
            found[name] = _merged(found[base], job)
    return found


def component(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The jobs of a component with these inputs."""
    head, jobs = yaml.safe_load_all(text)
    inputs = head["spec"]["inputs"]
    assert given.keys() <= inputs.keys()
    values = {name: given[name] if name in given else each["default"] for name, each in inputs.items()}
    for name, value in values.items():
        assert value in inputs[name].get("options", [value])
        assert isinstance(value, {"boolean": bool, "string": str}[inputs[name].get("type", "string")]), name
    filled: dict[str, Any] = _interpolated(jobs, {name: _word(value) for name, value in values.items()})
    return filled


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _interpolated(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {_interpolated(key, values): _interpolated(each, values) for key, each in node.items()}
    if isinstance(node, list):
        return [_interpolated(each, values) for each in node]
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: values[found[1]], node) if isinstance(node, str) else node


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {key for key in below if isinstance(below[key], dict) and isinstance(above.get(key), dict)}
    return {**below, **above, **{key: _merged(below[key], above[key]) for key in both}}


def _when(job: Mapping[str, Any], variables: Mapping[str, str]) -> str | None:
    """When the job runs; None where no rule of it holds."""
    for rule in job.get("rules", [{}]):
        name, value = re.fullmatch(r'\$(\w+) == "(\w+)"', rule.get("if", '$GITLAB_CI == "true"')).groups()  # type: ignore[union-attr]
        if variables.get(name) == value:
            return str(rule.get("when", "on_success"))
    return None


def ran(job: Mapping[str, Any], machine: Machine, variables: Mapping[str, str], token: Callable[[str], str]) -> Job:
    """The job at its end, on a machine that has the repository. A report that is not there is no fault."""
    env = {**variables, "CI_PROJECT_DIR": str(machine.work)}
    env |= {name: token(each["aud"]) for name, each in job.get("id_tokens", {}).items()}
    env |= {name: _expanded(text, env) for name, text in job.get("variables", {}).items()}
    script = [*job.get("before_script", []), *job["script"]]
    done = machine.shell("\n".join(script), machine.work, env)
    machine.shell("\n".join(job.get("after_script", [])), machine.work, env)
    artifacts = job.get("artifacts", {})
    for path in artifacts.get("paths", []):
        if (machine.work / path).exists():
            shutil.copytree(machine.work / path, machine.kept / path)
    report = machine.work / artifacts.get("reports", {}).get("dotenv", "none.env")
    lines = report.read_text("utf-8").splitlines() if report.is_file() else []
    return Job(done.returncode, done.stdout, done.stderr, machine, dict(line.split("=", 1) for line in lines))


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: variables.get(found[1], ""), str(text))


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout
