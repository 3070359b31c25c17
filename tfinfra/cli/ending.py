"""The end of a verb that raised: whatever it was becomes an error of ours, a document, lines on stderr and an exit
code. Nothing in here fails: it is what tells of failures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import click

from tfinfra.cli.failed import failed
from tfinfra.cli.internal_error import write_report
from tfinfra.cli.output import document_printed, error_document, print_document, print_error, result_line
from tfinfra.cli.process import wants_json
from tfinfra.cli.usage import usage_error
from tfinfra.errors import Cancelled, TfinfraError
from tfinfra.system.installation import light_error, missing_run_packages
from tfinfra.system.process.interruption import Interrupted, held, is_behind
from tfinfra.text.masking import redact

_INTERRUPTED = {
    "init": "what it has written stays",
    "compile": "deploy/ may hold a part of the program; the next compile writes all of it",
    "up": "no run was begun",
    "tune": "no tune was begun",
    "logs": "only the reading has ended; a run that is under way goes on",
    "exec": "its nodes were told to end the command; the run itself was not touched",
    "wait": "only the waiting has ended; the run goes on",
    "fetch": "what has come stays in ./runs; the next fetch brings the rest",
    "setup": "what is whole stays; the next setup goes on from there",
    "catalog": "the prices are as they were",
    "report-bundle": "no report is written",
}
"""What a verb that was interrupted leaves. The others only look; `down` says it itself once it has begun."""
_NOTHING = "nothing was changed"


def conclude(raised: BaseException, arguments: Sequence[str]) -> int:
    """Tells what ended the verb of these words, once, and returns its exit code."""
    with held():
        error = known_error(raised, arguments)
        if wants_json(list(arguments)) and not document_printed():
            print_document("error", error_document(error))
        tell(error, arguments)
    return error.exit_code


def tell(error: TfinfraError, arguments: Sequence[str]) -> None:
    """An error for a person, and what is left of it for a report."""
    with suppress(OSError, ValueError):  # a stderr that takes nothing
        print_error(error)
        if report := error.details.get("report"):
            result_line(f"  report: {report}")
        with suppress(OSError, TfinfraError):  # a state folder that takes nothing
            failed(error, arguments)


def known_error(raised: BaseException, arguments: Sequence[str]) -> TfinfraError:
    """What `raised` is to a user; of a fault of tfinfra itself a report is written."""
    return as_error(raised, arguments) or _internal(raised, arguments)


def as_error(raised: BaseException, arguments: Sequence[str]) -> TfinfraError | None:
    """What `raised` is to a user; None for a fault of tfinfra itself."""
    if isinstance(raised, TfinfraError):
        return raised
    if isinstance(raised, click.ClickException):
        return usage_error(raised)
    if isinstance(raised, click.Abort) or is_behind(raised):
        return _cancelled(raised, arguments)
    if isinstance(raised, ModuleNotFoundError) and (missing := missing_run_packages()):
        return light_error(missing)
    from tfinfra.store.waiting import store_trouble
    from tfinfra.system.process.refusals import refusal

    return refusal(raised) or store_trouble(raised)


def _cancelled(raised: BaseException, arguments: Sequence[str]) -> Cancelled:
    """By which signal, and what is left of the verb."""
    behind = (raised, raised.__cause__, raised.__context__)
    signal = next((str(each) for each in behind if isinstance(each, Interrupted)), "Ctrl-C")
    verb = next((word for word in arguments if not word.startswith("-")), "")
    return Cancelled(f"cancelled by {signal}: {_INTERRUPTED.get(verb, _NOTHING)}")


def _internal(raised: BaseException, arguments: Sequence[str]) -> TfinfraError:
    """A fault of tfinfra itself: its traceback goes to a file."""
    error = TfinfraError(f"tfinfra itself failed: {redact(f'{type(raised).__name__}: {raised}')}")
    report = write_report(raised, arguments)
    return error.detailed(report=None if report is None else str(report))
