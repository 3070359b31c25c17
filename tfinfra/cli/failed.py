"""What a failing verb leaves for a report, and where it says so."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tfinfra.errors import Cancelled, DifferenceFound, ManifestError, TfinfraError, UsageError

POINTER = "  to report it: `tfinfra report-bundle --last` writes a file to attach, without names and secrets"
_NO_FAILURES = (UsageError, Cancelled, DifferenceFound)


def failed(error: TfinfraError, arguments: Sequence[str], run: str | None = None) -> None:
    """Notes the facts of a failure, and points to the report where it came from Azure. What the user typed wrong is
    none: it must not take the place of the failure before it."""
    if isinstance(error, _NO_FAILURES) or "report-bundle" in arguments:
        return
    on_azure = _azure_was_asked()
    from tfinfra.lifecycle.report.last import note_failure, of_the_cloud

    if isinstance(error, ManifestError) and not (on_azure and of_the_cloud(error)):
        return
    note_failure(error, arguments, run or _run_of(arguments))
    if on_azure:
        print(POINTER, file=sys.stderr, flush=True)


def _azure_was_asked() -> bool:
    """By a module that is there where a cloud was chosen, and is not imported for this."""
    clouds = sys.modules.get("tfinfra.clouds")
    return bool(clouds is not None and clouds.azure_was_asked())


def _run_of(arguments: Sequence[str]) -> str | None:
    """The run that the arguments name, or that this process began."""
    import psutil

    from tfinfra.lifecycle.record import all_records
    from tfinfra.paths import state_folder

    records = all_records(state_folder())
    named = next((record.run for record in records if record.run in arguments), None)
    began = psutil.Process().create_time()
    mine = [record.run for record in records if record.times.get("started", 0.0) >= began]
    return named or (mine[-1] if mine else None)
