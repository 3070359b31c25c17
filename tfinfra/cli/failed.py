"""What a failing verb leaves for a report, and where it says so."""

from __future__ import annotations

from collections.abc import Sequence

from tfinfra.errors import Cancelled, DifferenceFound, TfinfraError, UsageError

POINTER = "  to report it: `tfinfra report-bundle --last` writes a file to attach, without names and secrets"


def failed(error: TfinfraError, arguments: Sequence[str], run: str | None = None) -> None:
    """Notes the facts of a failure, and points to the report where it came from Azure. A wrong command line, a refusal
    of the user's and a difference that was asked for are no failures."""
    if isinstance(error, (UsageError, Cancelled, DifferenceFound)) or "report-bundle" in arguments:
        return
    from tfinfra.cli.output import result_line
    from tfinfra.lifecycle.attach.failed_verb import note_failed_verb

    if note_failed_verb(error, arguments, run):
        result_line(POINTER)
