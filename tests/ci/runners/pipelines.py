"""Azure Pipelines' runner: templates with their parameters, jobs after those that they depend on, macros, and what
steps say by `##vso[…]`. A task is played by `of_others`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.runners.machine import Machine

_JOB_KEYS = {"job", "dependsOn", "condition", "timeoutInMinutes", "variables", "steps"}
_STEP_KEYS = {"bash", "task", "publish", "artifact", "name", "displayName", "env", "inputs", "condition"}


@dataclass(frozen=True)
class Organization:
    """What of Azure DevOps, and of its owner's, a pipeline meets. `repositories` by name, "" is the one under test;
    `connections` are the variables that a service connection brings; `system` what each job may ask with."""

    repositories: Mapping[str, Path]
    connections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)


@dataclass
class JobRun:
    """A job under way, or at its end."""

    organization: Organization
    machine: Machine
    variables: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    told: list[tuple[str, int, str, str]] = field(default_factory=list)

    @property
    def result(self) -> str:
        return "Failed" if self.failed else "Succeeded"

    def step(self, step: Mapping[str, Any], played: Mapping[str, Played]) -> None:
        assert step.keys() <= _STEP_KEYS
        if not _holds(step.get("condition", "succeeded()"), {"failed": self.failed}):
            return
        env = {name: self.filled(text) for name, text in step.get("env", {}).items()}
        if "bash" in step:
            code, out, err = self.shell(step["bash"], env)
        elif "publish" in step:
            given = {"path": self.filled(step["publish"]), "artifact": step["artifact"]}
            code, out, err = played["publish"](self, given)
        else:
            inputs = {name: self.filled(text) for name, text in step["inputs"].items()}
            code, out, err = played[step["task"]](self, inputs)
        self.failed = self.failed or code != 0
        self.told.append((str(step.get("name", "")), code, out, err))
        self._hear(out, str(step.get("name", "")))

    def shell(self, script: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        """bash with the variables of the job, as it shows them: in capitals, `_` for `.`; secrets only by `env`."""
        shown = {name.upper().replace(".", "_"): value for name, value in self.variables.items()}
        shown.pop("SYSTEM_ACCESSTOKEN", None)
        done = self.machine.shell(self.filled(script), self.machine.work, {**shown, **env})
        return done.returncode, done.stdout, done.stderr

    def filled(self, text: object) -> str:
        """Macros that name no variable stay as they are."""
        return re.sub(r"\$\(([\w.]+)\)", lambda found: self.variables.get(found[1], found[0]), str(text))

    def _hear(self, out: str, name: str) -> None:
        for variable, output, value in re.findall(
            r"##vso\[task\.setvariable variable=(\w+)(;isOutput=true)?](.*)", out
        ):
            self.variables[f"{name}.{variable}" if output else variable] = value
            if output:
                self.outputs[f"{name}.{variable}"] = value


Played = Callable[[JobRun, Mapping[str, str]], tuple[int, str, str]]
"""A task, with its inputs: exit code, standard output and error."""


def run_pipeline(
    text: str, organization: Organization, played: Mapping[str, Played], folder: Path
) -> dict[str, JobRun | None]:
    """The jobs of a pipeline in their order, each on an empty machine; None where its condition did not hold."""
    return dict(jobs_of(text, organization, played, folder))


def jobs_of(
    text: str, organization: Organization, played: Mapping[str, Played], folder: Path
) -> Iterator[tuple[str, JobRun | None]]:
    """The same, a job at a time."""
    document = yaml.safe_load(text)
    known = {each["repository"]: each for each in document["resources"]["repositories"]}
    done: dict[str, JobRun | None] = {}
    for job in document.get("jobs") or [{"job": "Job", "steps": document["steps"]}]:
        assert job.keys() <= _JOB_KEYS
        needed = [job.get("dependsOn", [])] if isinstance(job.get("dependsOn"), str) else job.get("dependsOn", [])
        results = {f"dependencies.{name}.result": _result(done[name]) for name in needed}
        failed = any(result != "Succeeded" for result in results.values())
        if not _holds(job.get("condition", "succeeded()"), {"failed": failed, **results}):
            done[job["job"]] = None
        else:
            machine = Machine(folder / job["job"], organization.machine)
            machine.clone(organization.repositories[""], machine.work)
            run = JobRun(organization, machine, {**organization.system, "Agent.TempDirectory": str(machine.temp)})
            run.variables |= {name: _of_before(value, done) for name, value in job.get("variables", {}).items()}
            for step in steps(job["steps"], known, organization.repositories):
                run.step(step, played)
            done[job["job"]] = run
        yield job["job"], done[job["job"]]


def _result(job: JobRun | None) -> str:
    return "Skipped" if job is None else job.result


def _of_before(text: str, done: Mapping[str, JobRun | None]) -> str:
    found = re.fullmatch(r"\$\[ dependencies\.(\w+)\.outputs\['([\w.]+)'\] \]", text)
    if found is None:
        return text
    job = done[found[1]]
    return "" if job is None else job.outputs.get(found[2], "")


def steps(
    listed: list[dict[str, Any]], known: Mapping[str, Mapping[str, str]], repositories: Mapping[str, Path]
) -> list[dict[str, Any]]:
    """The steps, with those of templates in their places."""
    found: list[dict[str, Any]] = []
    for step in listed:
        if "template" not in step:
            found.append(step)
            continue
        path, _, alias = step["template"].partition("@")
        where = known[alias]
        ref = where["ref"].removeprefix("refs/tags/")
        text = subprocess.run(
            ["git", "-C", repositories[where["name"]], "show", f"{ref}:{path}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found += template(text, step["parameters"])
    return found


def template(text: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps of a template with these parameters."""
    document = yaml.safe_load(text)
    parameters = {each["name"]: each for each in document["parameters"]}
    assert given.keys() <= parameters.keys()
    values = {name: given[name] if name in given else each["default"] for name, each in parameters.items()}
    for name, value in values.items():
        assert isinstance(value, str), name
        assert value in parameters[name].get("values", [value]), name
    found: list[dict[str, Any]] = _expanded(document["steps"], values)
    return found


def _expanded(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return dict(pair for key, each in node.items() for pair in _entries(key, each, values))
    if isinstance(node, list):
        return [step for each in node for step in _inserted(each, values)]
    return (
        re.sub(r"\$\{\{ parameters\.(\w+) \}\}", lambda found: values[found[1]], node)
        if isinstance(node, str)
        else node
    )


def _inserted(step: Any, values: Mapping[str, str]) -> list[Any]:
    """The step; in a list whose condition is an expression, its steps where that holds."""
    if isinstance(step, dict) and len(step) == 1:
        ((key, inner),) = step.items()
        if found := _IF_GIVEN.fullmatch(key):
            return list(_expanded(inner, values)) if values[found[1]] else []
    return [_expanded(step, values)]


def _entries(key: str, each: Any, values: Mapping[str, str]) -> list[tuple[str, Any]]:
    """The entry of a mapping; those below an expression where that holds."""
    if found := _IF_GIVEN.fullmatch(key):
        return list(_expanded(each, values).items()) if values[found[1]] else []
    return [(key, _expanded(each, values))]


_IF_GIVEN = re.compile(r"\$\{\{ if ne\(parameters\.(\w+), ''\) \}\}")


def _holds(condition: str, facts: Mapping[str, Any]) -> bool:
    if found := re.fullmatch(r"eq\(([\w.]+), '(\w+)'\)", condition):
        return bool(facts[found[1]] == found[2])
    return {"succeeded()": not facts["failed"], "succeededOrFailed()": True, "always()": True}[condition]
