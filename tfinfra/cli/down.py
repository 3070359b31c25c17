"""`tfinfra down`: ends a run and deletes what it made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tfinfra.errors import TfinfraError


@click.command(short_help="End a run and delete what it made.")
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help="All runs that this machine or its cloud knows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def command(run: str | None, everything: bool, as_json: bool) -> int:
    """End RUN and delete its resource groups, verified. May be repeated; needs no state."""
    from tfinfra.cli.output import print_document, progress
    from tfinfra.errors import UsageError

    if (run is None) == (not everything):
        raise UsageError("name a run, or give --all")
    runs = _all_runs() if run is None else [run]
    done, failed = _down_each(runs, progress)
    if failed:
        raise _worst(failed)
    if as_json:
        print_document({"deleted": done})
    elif not done:
        progress("there is no run to delete")
    return 0


def _down_each(runs: list[str], progress: Callable[[str], None]) -> tuple[list[str], list[TfinfraError]]:
    """The runs that are deleted, and why the others are not: one that fails keeps no other from its end."""
    from tfinfra.errors import TfinfraError

    done: list[str] = []
    failed: list[TfinfraError] = []
    for name in runs:
        try:
            done.append(_down(name, progress))
        except TfinfraError as error:
            failed.append(error)
    return done, failed


def _worst(failed: list[TfinfraError]) -> TfinfraError:
    """One error that says all: the highest exit code outranks the others."""
    worst = max(failed, key=lambda error: error.exit_code)
    return type(worst)("\n".join(error.message for error in failed), worst.hint)


def _all_runs() -> list[str]:
    from tfinfra.lifecycle.access import all_states

    return [s.run for s in all_states() if s.state != "deleted"]


def _down(name: str, progress: Callable[[str], None]) -> str:
    from tfinfra.lifecycle.access import find_run
    from tfinfra.lifecycle.resume import end_run

    found = find_run(name)
    if found.record is not None and found.record.phase == "deleted" and not found.exists:
        progress(f"{found.run}: everything was deleted before")
        return found.run
    end_run(found, progress)
    progress(f"{found.run}: everything is deleted (verified)")
    return found.run
