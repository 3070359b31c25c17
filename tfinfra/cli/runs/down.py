"""`tfinfra down`: ends a run and deletes what it made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, live_runs
from tfinfra.cli.options import cloud_options

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.attach.end_runs import EndedRun
    from tfinfra.lifecycle.attach.sweep import Agree, Doomed, Due


@click.command(short_help="End a run and delete what it made.")
@click.argument("run", required=False, shell_complete=completing(live_runs))
@click.option(
    "--all", "everything", is_flag=True, help="All runs that are known here; of a cloud asked for, all yours."
)
@click.option("--expired", is_flag=True, help="All that has outlived its time in the cloud, no matter who began it.")
@click.option("--yes", is_flag=True, help="Do not ask before many runs of a cloud that charges are deleted.")
@click.option("--force", is_flag=True, help="Remove the lock of a Pulumi stack, no matter who holds it.")
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
    from tfinfra.cli.output import progress, result_line
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.attach.end_runs import end_runs
    from tfinfra.lifecycle.attach.sweep import down_expired, everybody
    from tfinfra.lifecycle.run.signals import outliving_terminal, telling

    given = [name for name, is_given in (("RUN", run), ("--all", everything), ("--expired", expired)) if is_given]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} contradict each other", "give one of them")
    if not given:
        raise UsageError("name a run, or give --all or --expired", "`tfinfra runs` lists the runs")
    tell = telling(progress if run is not None else result_line)  # what a sweep takes is told, however quiet
    agree = _asks(yes)
    with outliving_terminal():
        if expired:
            _show_expired(down_expired(asked, tell, agree=agree), as_json)
        else:
            names = [run] if run is not None else everybody(asked, tell, agree)
            _show_ended(end_runs(names, asked, tell, force=force, discard=discard), as_json)
    return 0


def _show_expired(found: Sequence[Due], as_json: bool) -> None:
    from tfinfra.cli.output import print_document, result_line

    if as_json:
        groups = [group for due in found for group in due.gone]
        kept = {group.name: group.expires for due in found for group in due.kept}
        print_document(
            "down-expired", {"deleted": [due.run for due in found if not due.kept], "groups": groups, "kept": kept}
        )
    elif not found:
        result_line("nothing has expired")


def _show_ended(runs: Sequence[EndedRun], as_json: bool) -> None:
    from tfinfra.cli.output import print_document, result_line

    if as_json:
        stacks = {stack: reason for ended in runs for stack, reason in ended.stacks_left.items()}
        print_document("down", {"deleted": [ended.run for ended in runs], "stacks_left": stacks})
    elif not runs:
        result_line("there is no run to delete")


def _asks(yes: bool) -> Agree:
    """A function that asks the person at the terminal, unless `yes`. It raises Cancelled for a no, and UsageError
    without a terminal, whose document says what would have been deleted."""

    def agree(doomed: Sequence[Doomed]) -> None:
        from dataclasses import asdict

        from tfinfra.cli.runs.consent import ask, somebody_there
        from tfinfra.errors import Cancelled, UsageError
        from tfinfra.text.wording import count

        if yes:
            return
        if not somebody_there():
            groups = sum(len(one.groups) for one in doomed)
            what = f"{count(len(doomed), 'run')} ({count(groups, 'group')})"
            message = f"nothing is deleted: nobody is here to agree to the end of {what}"
            refused = UsageError(message, hint="--yes deletes what is listed without asking")
            raise refused.detailed(deleted=[], would_delete=[asdict(one) for one in doomed])
        if not ask(lambda: None, "Delete all of it? [y/N] "):
            raise Cancelled("nothing is deleted, as you said")

    return agree
