"""The run that a played world makes: its groups, and its record."""

from __future__ import annotations

from typing import Any

from tests.lifecycle.fakes import World
from tfinfra.lifecycle.record.run_record import run_folder

KEEP, COMPUTE = "tfinfra-digits-abc123-keep", "tfinfra-digits-abc123-compute"


def record_of(world: World) -> Any:
    return run_folder(world.tmp / "state", "digits-abc123").read()
