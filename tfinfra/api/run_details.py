"""What Azure ML's Run.get_details() gave, as far as a run has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tfinfra.api.run_files import log_names
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.model import Plan


def azure_ml_details(
    run: str,
    status: str,
    record: RunRecord | None,
    *,
    plan: Plan | None,
    tags: Mapping[str, Any],
    results: Path,
) -> dict[str, Any]:
    """runId, status, tags, properties (none), logFiles (name → path in `results`); of a run that has a record target,
    startTimeUtc and, once it has ended, endTimeUtc, in ISO 8601; of a plan runDefinition."""
    logs = {name: str(results / name) for name in log_names(results)}
    found: dict[str, Any] = {"runId": run, "status": status, "tags": dict(tags), "properties": {}, "logFiles": logs}
    times = record.times if record else {}
    if record is not None:
        found["target"] = record.target.name
    if "started" in times:
        found["startTimeUtc"] = _utc(times["started"])
    if record is not None and record.phase.is_over and times:
        found["endTimeUtc"] = _utc(times.get("ended", max(times.values())))
    if plan is not None:
        found["runDefinition"] = {
            "script": plan.entry_script,
            "arguments": [*plan.arguments],
            "target": record.target.name if record else None,
            "framework": "TensorFlow",
            "communicator": plan.backend,
            "nodeCount": plan.node_count,
            "environmentVariables": dict(plan.environment_variables),
        }
    return found


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")
