"""The run that a played world makes: its groups, and its record."""

from __future__ import annotations

from typing import Any

from tests.lifecycle.fakes import World
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.run_logs import WantedLogs, log_lines
from tfinfra.lifecycle.record.run_record import run_folder

KEEP, COMPUTE = "tfinfra-digits-abc123-keep", "tfinfra-digits-abc123-compute"


def record_of(world: World) -> Any:
    return run_folder(world.tmp / "state", "digits-abc123").read()


def log_texts(found: FoundRun, task: str | None, follow: bool) -> list[str]:
    """The lines of a task's log (None: the leader's)."""
    return [line.text for line in log_lines(found, WantedLogs(task, follow=follow))]
