"""How a run ended, by what remembers it: its client's record, else what its nodes wrote into its store."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.azure.deletion.group_names import part_of_group
from tfinfra.errors import ProvisioningError, Result, TeardownIncomplete
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.status import UNKNOWN_END
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.record.times.phase_times import phase_word
from tfinfra.model import Outcome


@dataclass(frozen=True)
class RunEnd:
    """How a run ended. `exit_code` is the run's own, as `up` would have had it; `result` is None where nobody knows it
    any more. `results` is the folder of its outputs where they are at home, None elsewhere; `groups` what there still
    is of it, with its outputs until `kept_until` (ISO 8601), None where they are not there."""

    run: str
    state: RunState
    result: Result | None
    exit_code: int
    message: str
    hint: str | None
    results: str | None
    groups: tuple[str, ...]
    kept_until: str | None


def by_record(record: RunRecord, found: FoundRun) -> RunEnd:
    """As this machine has recorded it."""
    if record.result is None:
        return unknown(found, f"it is {phase_word(record.phase)}, and {UNKNOWN_END} here")
    code = record.result.exit_code if record.exit_code is None else record.exit_code
    state = RunState(phase_word(record.phase))
    message, hint = record.message, record.hint
    if code == TeardownIncomplete.exit_code:
        message = "; ".join(filter(None, (message, f"not everything could be deleted: {', '.join(record.left)}")))
        hint = f"`tfinfra down {record.run}` tries again"
    results = record.results if record.fetched else None
    return RunEnd(record.run, state, record.result, code, message, hint, results, *_left(found, results))


def by_outcome(outcome: Outcome, found: FoundRun) -> RunEnd:
    """As its nodes have told it. What becomes of its groups is not awaited."""
    result, code, state = outcome.run_result, outcome.exit_code, RunState.ENDED
    return RunEnd(found.run, state, result, code, outcome.in_full(), outcome.hint, None, *_left(found, None))


def unknown(found: FoundRun, message: str) -> RunEnd:
    """It is over, and nobody knows how; `message` says as much."""
    hint = f"`tfinfra status {found.run}` says what is known of it" if found.groups else None
    code = ProvisioningError.exit_code
    return RunEnd(found.run, RunState.UNKNOWN, None, code, message, hint, None, *_left(found, None))


def _left(found: FoundRun, results: str | None) -> tuple[tuple[str, ...], str | None]:
    keep = next((group for group in found.groups if part_of_group(group.name) == "keep"), None)
    return tuple(group.name for group in found.groups), keep.expires if keep and results is None else None
