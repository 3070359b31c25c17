"""`tfinfra down`: ends a run and deletes what it made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import cloud_options
from tfinfra.system.progress import Progress

if TYPE_CHECKING:
    from tfinfra.errors import TfinfraError
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.attach.sweep import Agree, Doomed

Ended = tuple[str, dict[str, str]]


@click.command(short_help="End a run and delete what it made.")
@click.argument("run", required=False)
@click.option(
    "--all", "everything", is_flag=True, help="All runs that are known here; of a cloud asked for, all yours."
)
@click.option("--expired", is_flag=True, help="Whatever has outlived its time in the cloud, whoever began it.")
@click.option("--yes", is_flag=True, help="Do not ask before many runs of a cloud that charges are deleted.")
@click.option("--force", is_flag=True, help="Take the lock of a Pulumi stack away, whoever holds it.")
@click.option("--discard", is_flag=True, help="Give up outputs that are not at home; else they are fetched first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(
    *,
    asked: CloudOptions,
    run: str | None,
    everything: bool,
    expired: bool,
    yes: bool,
    force: bool,
    discard: bool,
    as_json: bool,
) -> int:
    """End RUN, fetch its outputs, and delete its resource groups, verified; where outputs cannot be fetched the group
    that holds them stays (exit 10), unless --discard gives them up. May be repeated; needs no state: with --cloud,
    --target or --subscription the run is found by its groups' names and tags. What is not both named and tagged as a
    run's is never touched, and a group with something else in it stays.

    --all and --expired say first what they will delete. On Azure they ask on a terminal; without one they delete
    nothing and exit 2, unless --yes is given.
    """
    from tfinfra.cli.output import print_document, progress
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.run.signals import outliving_terminal, telling

    if [run is not None, everything, expired].count(True) != 1:
        raise UsageError("name a run, or give --all or --expired")
    tell = telling(progress)
    with outliving_terminal():
        if expired:
            return _expired(asked, tell, _asks(yes, as_json), as_json)
        runs = _runs(run, asked, tell, _asks(yes, as_json))
        done, failed = _down_each(runs, partial(_down, asked=asked, force=force, discard=discard, progress=tell))
    if failed:
        raise _worst(failed)
    if as_json:
        stacks = {stack: reason for _, left in done for stack, reason in left.items()}
        print_document({"deleted": [name for name, _ in done], "stacks_left": stacks})
    elif not done:
        progress("there is no run to delete")
    return 0


def _asks(yes: bool, as_json: bool) -> Agree:
    """Asks whoever sits at the terminal, where runs are in a cloud that charges. What is not agreed to raises
    Cancelled; UsageError where nobody is there to ask, with --json as the one document that says what it would have
    been."""

    def agree(doomed: Sequence[Doomed]) -> None:
        from dataclasses import asdict

        from tfinfra.cli.output import print_document
        from tfinfra.cli.runs.consent import ask, somebody_there
        from tfinfra.errors import Cancelled, UsageError

        charged = [one for one in doomed if one.charged]
        if yes or not charged:
            return
        if not somebody_there():
            groups = sum(len(one.groups) for one in doomed)
            message = f"nothing is deleted: nobody is here to agree to the end of {len(doomed)} runs ({groups} groups)"
            refused = UsageError(message, hint="--yes deletes what is listed without asking")
            if not as_json:
                raise refused
            told = {"error": message, "hint": refused.hint, "exit_code": refused.exit_code}
            print_document({"deleted": [], "would_delete": [asdict(one) for one in doomed], **told})
            raise click.exceptions.Exit(refused.exit_code)
        if not ask(lambda: None, "Delete all of it? [y/N] "):
            raise Cancelled("nothing is deleted, as you said")

    return agree


def _expired(asked: CloudOptions, tell: Progress, agree: Agree, as_json: bool) -> int:
    from tfinfra.cli.output import print_document
    from tfinfra.lifecycle.attach.sweep import down_expired

    found = down_expired(asked, tell, agree=agree)
    if as_json:
        groups = [group for one in found for group in one.gone]
        kept = {group.name: group.expires for one in found for group in one.kept}
        print_document({"deleted": [one.run for one in found if not one.kept], "groups": groups, "kept": kept})
    elif not found:
        tell("nothing has expired")
    return 0


def _runs(run: str | None, asked: CloudOptions, progress: Progress, agree: Agree) -> list[str]:
    if run is not None:
        return [run]
    from tfinfra.lifecycle.attach.sweep import everybody

    return everybody(asked, progress, agree)


def _down_each(runs: list[str], end: Callable[[str], Ended]) -> tuple[list[Ended], list[TfinfraError]]:
    """The runs that are deleted, and why the others are not: one that fails keeps no other from its end."""
    from tfinfra.errors import TfinfraError, first_line

    done: list[Ended] = []
    failed: list[TfinfraError] = []
    for name in runs:
        try:
            done.append(end(name))
        except TfinfraError as error:
            failed.append(error)
        except Exception as error:
            if len(runs) == 1:
                raise
            failed.append(TfinfraError(f"{name}: tfinfra itself failed: {type(error).__name__}: {first_line(error)}"))
    return done, failed


def _worst(failed: list[TfinfraError]) -> TfinfraError:
    """One error that says all: the highest exit code outranks the others."""
    worst = max(failed, key=lambda error: error.exit_code)
    return type(worst)("\n".join(error.message for error in failed), worst.hint)


def _down(name: str, *, asked: CloudOptions, force: bool, progress: Progress, discard: bool = False) -> Ended:
    """The run's id, and the stacks that remain in a backend of the user's own."""
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.attach.attached_run import end_run
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.end.stacks import forced_stacks
    from tfinfra.lifecycle.record.run_record import RunPhase

    try:
        found = find_run(name, asked, progress)
    except UsageError:
        left = forced_stacks(name, progress) if force else None
        if left is None:
            raise
        return name, left
    record = found.record
    if record is not None and record.phase == RunPhase.DELETED and not (found.exists or record.stacks_left):
        progress(f"{found.run}: everything was deleted before")
        return found.run, {}
    left = end_run(found, progress, force=force, discard=discard)
    progress(f"{found.run}: everything is deleted (verified)")
    return found.run, left
