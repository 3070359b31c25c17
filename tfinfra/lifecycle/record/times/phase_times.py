"""The phases of a run with their times, as the live view showed them: by its event log, else by its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.system.clock import unix_time

_END = "_seconds"


@dataclass(frozen=True)
class PhaseTime:
    """`began` in Unix seconds, None where only the record tells; `seconds` that it took, None while it goes on."""

    phase: str
    began: float | None
    seconds: float | None
    failed: bool = False


def phase_times(record: RunRecord, events: Iterable[Mapping[str, Any]]) -> list[PhaseTime]:
    """The phases in their order, by the run's `events`; of one that was gone through several times, the last."""
    found: dict[str, PhaseTime] = {}
    for event in events:
        name, _, what = str(event.get("event", "")).rpartition(".")
        with suppress(TypeError, ValueError, KeyError):
            if what == "begin":
                found.pop(name, None)
                found[name] = PhaseTime(name, unix_time(event["time"]), None)
            elif what in ("end", "fail") and name in found:
                found[name] = PhaseTime(name, found[name].began, float(event["seconds"]), what == "fail")
    times = {key.removesuffix(_END): value for key, value in record.times.items() if key.endswith(_END)}
    return [*found.values()] or [PhaseTime(phase, None, seconds) for phase, seconds in times.items()]


def phase_word(phase: RunPhase | str) -> str:
    """A record's phase as people and documents read it: the word that `runs` and `status` have for that state."""
    return "training" if phase == RunPhase.RUNNING else str(phase)
