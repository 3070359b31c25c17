"""Which fields of a run's documents go into a report: what is not named here stays out. Pure.

Free text is let in where tfinfra, Pulumi or ARM wrote it, and cut where it goes on to quote a script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_INFRASTRUCTURE: tuple[str, ...] = (
    *("location", "vm_size", "node_count", "orchestration_mode", "infiniband", "accelerated_networking"),
    *("security_type", "os_disk_gb", "shared_directory", "ephemeral_os_disk", "zone", "proximity_placement"),
)
_PLAN = (
    *("schema", "backend", "dialect", "node_count", "processes_per_node", "gpus_per_node", "use_gpu", "base_port"),
    *("hold_on_failure",),
)
_TUNE = ("sampling", "primary_metric_goal", "max_total_runs", "max_concurrent_runs", "max_duration_minutes", "seed")
_POLICY = ("kind", "evaluation_interval", "delay_evaluation", "slack_factor", "slack_amount", "truncation_percentage")
_LIMITS = ("max_run_duration", "keep_outputs", "max_cost_usd")
_REQUIREMENTS = ("framework_version", "python_version", "horovod", "gpu")
_TARGET = ("cloud", "location", "vm_size", "os_disk_gb", "max_nodes", "vm_priority", "max_price", "zone")
_BROUGHT = ("image", "subnet_id", "capacity_reservation_id", "identity_id", "store", "reaper_id")
_RECORD = (
    *("run", "rehearse", "deadline", "keep_until", "leader", "usd_per_hour", "max_cost_usd", "limit", "run_seconds"),
    *("machines", "phase", "result", "exit_code", "failed_task", "exit_status", "fetched", "detached", "left"),
    *("compute_group", "keep_group"),
)
_ATTEMPT = ("group", "location", "vm_size", "refused")
_EVENT = (
    *("seq", "time", "event", "seconds", "error", "group", "groups", "location", "vm_size", "code", "status"),
    *("reaction", "message", "left", "until", "armed", "client", "nodes", "timer", "text", "result", "task", "node"),
    *("exit_status", "ended"),
)
_FAILURE = ("time", "command", "run", "kind", "exit_code", "message", "hint")
_QUOTES_A_SCRIPT = re.compile(
    r"((?:ended with )?exit status -?\d+|ended with \d+|took longer than [\d.]+ s): .*", re.DOTALL
)
_AGENTS_OWN = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
_SETUP = re.compile(r"Z INFO running (?P<name>\S+)$")


def _picked(document: Any, fields: Iterable[str]) -> dict[str, Any]:
    return {name: document[name] for name in fields if name in document} if isinstance(document, Mapping) else {}


def plan(document: Mapping[str, Any]) -> dict[str, Any]:
    """A plan without the user's names, arguments, variables, packages and ids: of those, whether and how many."""
    made = document.get("infrastructure")
    needs = document.get("requirements") or {}
    return {
        **_picked(document, _PLAN),
        "tasks": [
            _picked(task, ("name", "job", "index", "node", "slot", "gpus")) for task in document.get("tasks", ())
        ],
        "limits": _picked(document.get("limits"), _LIMITS),
        "requirements": {
            **_picked(needs, _REQUIREMENTS),
            **{name: len(needs.get(name, ())) for name in ("pip", "conda")},
        },
        "infrastructure": _infrastructure(made),
        "alternatives": [_infrastructure(other) for other in document.get("alternatives", ())],
        "tune": _search(document),
        "has": {
            name: bool(document.get(name)) for name in ("setup_script", "secrets", "inputs", "resume_from", "arguments")
        },
    }


def _search(document: Mapping[str, Any]) -> dict[str, Any]:
    """Of a tune without the user's names and values: how it searches, how many parameters, on which pool."""
    tune = document.get("tune")
    if not isinstance(tune, Mapping):
        return {}
    space = tune.get("parameter_space")
    drawn = space.values() if isinstance(space, Mapping) else ()
    return {
        **_picked(tune, _TUNE),
        "expressions": [_picked(one, ("kind",)) for one in drawn],
        "policy": _picked(tune.get("policy"), _POLICY),
        "pool": _picked(document.get("pool"), ("trials_at_once", "nodes_per_trial", "trial_seconds")),
    }


def _infrastructure(made: Any) -> dict[str, Any]:
    """The image by its marketplace names; one's own is only said to be that."""
    if not isinstance(made, Mapping):
        return {}
    image = made.get("image") or {}
    names = ":".join(str(image.get(part)) for part in ("publisher", "offer", "sku", "version"))
    access = made.get("access") or {}
    own = {name: bool(made.get(name)) for name in ("subnet_id", "capacity_reservation_id", "spot")}
    theirs = {name: bool(access.get(name)) for name in ("identity_id", "store", "reaper_id")}
    shown = "one's own" if image.get("id") else names
    return {**_picked(made, _INFRASTRUCTURE), "image": shown, "of_others": {**own, **theirs}}


def record(document: Mapping[str, Any]) -> dict[str, Any]:
    """run.json of the state folder."""
    target = document.get("target") or {}
    brought = {name: bool(target.get(name)) for name in _BROUGHT}
    times = document.get("times") or {}
    return {
        **_picked(document, _RECORD),
        "message": without_script(document.get("message")),
        "hint": without_script(document.get("hint")),
        "target": {**_picked(target, _TARGET), "brings": brought},
        "attempts": [_picked(attempt, _ATTEMPT) for attempt in document.get("attempts", ())],
        "times": {str(k): v for k, v in times.items() if isinstance(v, (int, float))},
    }


def event(document: Mapping[str, Any]) -> dict[str, Any]:
    """One line of events.jsonl. A `text` is a resource's, or else lists what the manifest gave."""
    fields = _EVENT if document.get("event") == "resource" else (name for name in _EVENT if name != "text")
    return {name: without_script(value) for name, value in _picked(document, fields).items()}


def failure(document: Mapping[str, Any]) -> dict[str, Any]:
    """last.json."""
    arm = _picked(document.get("arm"), ("status", "code", "said"))
    diagnostics = [_picked(found, ("code", "severity", "message")) for found in document.get("diagnostics") or ()]
    found = {name: without_script(value) for name, value in _picked(document, _FAILURE).items()}
    return {**found, "arm": arm, "diagnostics": diagnostics}


_FREE = ("message", "hint", "error", "said", "refused", "text")


def coded(value: Any) -> Any:
    """A document without free text."""
    if isinstance(value, Mapping):
        return {name: coded(inner) for name, inner in value.items() if name not in _FREE}
    return [coded(inner) for inner in value] if isinstance(value, list) else value


def agent_log(text: str) -> str:
    """The lines that the agent itself wrote: what a setup script prints is in the same file."""
    kept: list[str] = []
    script: str | None = None
    for line in text.splitlines():
        if not _AGENTS_OWN.match(line):
            continue
        if script is not None and f"Z INFO {script} ended with " not in line and " ERROR " not in line:
            continue
        begun = _SETUP.search(line)
        script = begun["name"] if begun else None
        kept.append(without_script(line))
    return "".join(f"{line}\n" for line in kept)


def without_script(value: Any) -> Any:
    """A text up to where it begins to quote a task's last lines; all else as it is."""
    if not isinstance(value, str):
        return value
    return _QUOTES_A_SCRIPT.sub(r"\1", value.partition("\n    ")[0])
