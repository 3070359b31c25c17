"""What a verb that failed leaves behind for `tfinfra report-bundle --last`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from tfinfra.errors import ManifestError, TfinfraError
from tfinfra.lifecycle.record.last_failure import MISTAKE, note_failure, of_the_cloud
from tfinfra.system.paths import state_folder

if TYPE_CHECKING:
    from tfinfra.lifecycle.record.run_record import RunRecord


def note_failed_verb(error: TfinfraError, arguments: Sequence[str], run: str | None = None) -> bool:
    """Notes the facts of a failure; whether it came from Azure, so that a report is of use. `arguments` are all words
    of the command, `run` the run that it was about where the caller knows it.

    A wrong manifest is noted in a file of its own: it must not take the place of the failure before it.
    """
    if isinstance(error, ManifestError) and not (error.cloud == "azure" and of_the_cloud(error)):
        note_failure(error, arguments, file=MISTAKE)
        return False
    record = _record_of(arguments, run)
    note_failure(error, arguments, run or (record.run if record else None))
    # By what the error says, else by the run that it is about, else by what the arguments ask for
    if error.cloud is not None:
        return error.cloud == "azure"
    if record is not None:
        return record.target.cloud == "azure" and not record.rehearse
    words = [part for word in arguments for part in word.split("=", 1)]
    return ("--cloud", "azure") in pairwise(words) or "--subscription" in words


def _record_of(arguments: Sequence[str], run: str | None) -> RunRecord | None:
    """The run that is named, or that this process began. None also where the state folder cannot be read: the user is
    to see the failure itself."""
    import psutil

    from tfinfra.lifecycle.record.run_record import all_records

    try:
        records = all_records(state_folder())
    except OSError:
        return None
    named = next((record for record in records if record.run in (run, *arguments)), None)
    began = psutil.Process().create_time()
    begun_here = [record for record in records if record.times.get("started", 0.0) >= began]
    return named or (begun_here[-1] if begun_here and run is None else None)
