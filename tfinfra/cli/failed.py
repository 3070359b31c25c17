"""What a failing verb leaves for a report, and where it says so."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from tfinfra.errors import Cancelled, DifferenceFound, ManifestError, TfinfraError, UsageError

if TYPE_CHECKING:
    from tfinfra.lifecycle.record.run_record import RunRecord

POINTER = "  to report it: `tfinfra report-bundle --last` writes a file to attach, without names and secrets"
_NO_FAILURES = (UsageError, Cancelled, DifferenceFound)


def failed(error: TfinfraError, arguments: Sequence[str], run: str | None = None) -> None:
    """Notes the facts of a failure, and points to the report where it came from Azure. What the user typed wrong is
    none: it must not take the place of the failure before it. A manifest that is wrong is noted beside that."""
    if isinstance(error, _NO_FAILURES) or "report-bundle" in arguments:
        return
    from tfinfra.cli.output import progress
    from tfinfra.lifecycle.record.last_failure import MISTAKE, note_failure, of_the_cloud

    if isinstance(error, ManifestError) and not (error.cloud == "azure" and of_the_cloud(error)):
        note_failure(error, arguments, file=MISTAKE)
        return
    record = _record_of(arguments, run)
    note_failure(error, arguments, run or (record.run if record else None))
    if _on_azure(error, arguments, record):
        progress(POINTER)


def _on_azure(error: TfinfraError, arguments: Sequence[str], record: RunRecord | None) -> bool:
    """By what the error says, else by the run that it is about, else by what the arguments ask for."""
    if error.cloud is not None:
        return error.cloud == "azure"
    if record is not None:
        return record.target.cloud == "azure" and not record.rehearse
    words = [part for word in arguments for part in word.split("=", 1)]
    return ("--cloud", "azure") in pairwise(words) or "--subscription" in words


def _record_of(arguments: Sequence[str], run: str | None) -> RunRecord | None:
    """The run that is named, or that this process began; None also where the state folder cannot be read: the failure
    itself is what has to be told."""
    import psutil

    from tfinfra.lifecycle.record.run_record import all_records
    from tfinfra.system.paths import state_folder

    try:
        records = all_records(state_folder())
    except OSError:
        return None
    named = next((record for record in records if record.run in (run, *arguments)), None)
    began = psutil.Process().create_time()
    mine = [record for record in records if record.times.get("started", 0.0) >= began]
    return named or (mine[-1] if mine and run is None else None)
