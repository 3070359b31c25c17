"""GitHub's runner: jobs after those that they need, steps with `if`, `env`, `with` and outputs, composite actions. A
step of others is played by `of_others`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.runners.machine import Machine

Contexts = Mapping[str, Any]
_JOB_KEYS = {"runs-on", "environment", "timeout-minutes", "outputs", "needs", "env", "steps"}
_STEP_KEYS = {"id", "if", "uses", "with", "env", "run", "shell", "working-directory"}


@dataclass(frozen=True)
class Site:
    """What of GitHub, and of its owner's, a workflow meets. `repositories` by name, "" is the one under test; `actions`
    by name and ref. A job has `identity`, the variables of a token URL, where it may ask for a token. `machine` are the
    variables of each runner's machine, `event` is what began the workflow."""

    repositories: Mapping[str, Path]
    actions: Mapping[str, Path]
    machine: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    token: str = "t0ken"


@dataclass(frozen=True)
class Step:
    """`code` is None where it was skipped."""

    uses: str
    code: int | None = None
    out: str = ""
    err: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    steps: tuple[Step, ...]
    outputs: Mapping[str, str]
    machine: Machine | None

    @property
    def result(self) -> str:
        if self.machine is None:
            return "skipped"
        return "failure" if any(step.code for step in self.steps) else "success"

    def codes(self, action: str) -> list[int | None]:
        """How the steps that use the action ended."""
        return [step.code for step in self.steps if step.uses.startswith(action)]


Played = Callable[["JobRun", Mapping[str, str]], Step]
"""A step of others: with the inputs of its `with`."""


@dataclass
class JobRun:
    """A job under way."""

    site: Site
    machine: Machine
    contexts: dict[str, Any]
    env: dict[str, str]
    failed: bool = False

    def step(self, document: Mapping[str, Any], played: Mapping[str, Played]) -> Step:
        assert document.keys() <= _STEP_KEYS
        uses = str(document.get("uses", ""))
        if not _holds(document.get("if", "success()"), failed=self.failed):
            return Step(uses)
        env = self.env | _all_filled(document.get("env", {}), self.contexts)
        given = _all_filled(document.get("with", {}), self.contexts)
        if not uses:
            done = self.run(document, self.contexts, env)
        elif uses in self.site.actions:
            done = self.action(self.site.actions[uses], uses, given, env)
        else:
            done = played[uses.partition("@")[0]](self, given)
        self.failed = self.failed or done.code != 0
        if "id" in document:
            self.contexts["steps"][document["id"]] = {"outputs": done.outputs}
        return done

    def action(self, folder: Path, uses: str, given: Mapping[str, str], env: Mapping[str, str]) -> Step:
        """A composite action of one step."""
        document = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
        assert given.keys() <= document["inputs"].keys()
        defaults = {name: str(each.get("default", "")) for name, each in document["inputs"].items()}
        contexts = {**self.contexts, "inputs": _all_filled(defaults, self.contexts) | dict(given)}
        (step,) = document["runs"]["steps"]
        own = _all_filled(step["env"], contexts)
        done = self.run(step, contexts, {**env, **own, "GITHUB_ACTION_PATH": str(folder)})
        contexts["steps"] = {step["id"]: {"outputs": done.outputs}}
        values = {name: each["value"] for name, each in document["outputs"].items()}
        return Step(uses, done.code, done.out, done.err, _all_filled(values, contexts))

    def run(self, step: Mapping[str, Any], contexts: Contexts, env: Mapping[str, str]) -> Step:
        assert step.get("shell", "bash") == "bash"
        commands = {name: self.machine.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_ENV")}
        for path in commands.values():
            path.write_text("")
        variables = {**self._variables(), **env, **{name: str(path) for name, path in commands.items()}}
        folder = self.machine.work / filled(step.get("working-directory", "."), contexts)
        done = self.machine.shell(step["run"], folder, variables)
        self.env |= _said(commands["GITHUB_ENV"])
        return Step("", done.returncode, done.stdout, done.stderr, _said(commands["GITHUB_OUTPUT"]))

    def _variables(self) -> dict[str, str]:
        event = self.machine.temp / "event.json"
        event.write_text(json.dumps(self.site.event))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "platform/trainings",
            "GITHUB_STEP_SUMMARY": str(self.machine.temp / "summary.md"),
            "RUNNER_TEMP": str(self.machine.temp),
        }


def run_workflow(text: str, site: Site, played: Mapping[str, Played], folder: Path) -> dict[str, Job]:
    """All jobs of a workflow in their order, each on an empty machine in `folder`."""
    return dict(jobs_of(text, site, played, folder))


def jobs_of(text: str, site: Site, played: Mapping[str, Played], folder: Path) -> Iterator[tuple[str, Job]]:
    """The same, a job at a time."""
    document = yaml.safe_load(text)
    done: dict[str, Job] = {}
    while len(done) < len(document["jobs"]):
        name, job = next(
            (name, job)
            for name, job in document["jobs"].items()
            if name not in done and all(each in done for each in _needs(job))
        )
        assert job.keys() <= _JOB_KEYS
        needed = {each: done[each] for each in _needs(job)}
        if any(each.result != "success" for each in needed.values()):
            done[name] = Job((), {}, None)
        else:
            run = _begun(document, job, site, Machine(folder / name, site.machine))
            run.contexts["needs"] = {each: {"outputs": found.outputs} for each, found in needed.items()}
            steps = tuple(run.step(step, played) for step in job["steps"])
            done[name] = Job(steps, _all_filled(job.get("outputs", {}), run.contexts), run.machine)
        yield name, done[name]


def _begun(document: Mapping[str, Any], job: Mapping[str, Any], site: Site, machine: Machine) -> JobRun:
    """A job that may ask for what the workflow's permissions say."""
    permissions = document.get("permissions", {})
    token = site.token if permissions.get("pull-requests") == "write" else "a token that reads"
    contexts = {"github": {"event": site.event, "token": token}, "vars": site.variables, "steps": {}}
    identity = site.identity if permissions.get("id-token") == "write" else {}
    return JobRun(
        site,
        machine,
        contexts,
        {**identity, **_all_filled({**document.get("env", {}), **job.get("env", {})}, contexts)},
    )


def _needs(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def filled(text: object, contexts: Contexts) -> str:
    """The text with the values of its expressions, which are names of contexts; "" where there is none."""
    return re.sub(r"\$\{\{ *(.+?) *\}\}", lambda found: _value(found[1], contexts), str(text))


def _all_filled(texts: Mapping[str, object], contexts: Contexts) -> dict[str, str]:
    return {name: filled(text, contexts) for name, text in texts.items()}


def _value(path: str, contexts: Contexts) -> str:
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+", path) is None:
        raise ValueError(f"this runner knows no expression '{path}'")
    first, *names = path.split(".")
    value = contexts[first]
    for name in names:
        value = value.get(name, "") if isinstance(value, Mapping) else ""
    return str(value)


def _holds(condition: str, *, failed: bool) -> bool:
    return {"always()": True, "success()": not failed, "failure()": failed}[condition]


def _said(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text("utf-8").splitlines())
