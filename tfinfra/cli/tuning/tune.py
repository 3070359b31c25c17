"""`tfinfra tune`: one manifest, many trials, one pool of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from tfinfra.cli.completion import completing, tunes
from tfinfra.cli.options import (
    document_option,
    guardrails_option,
    locked_option,
    machines_option,
    manifest_argument,
    rehearse_option,
    store_option,
    target_option,
    yes_option,
)


@click.command(short_help="Search for the best parameters, many trials on one pool of nodes.")
@manifest_argument
@click.option("--resume", metavar="RUN", shell_complete=completing(tunes), help="Go on with what the tune RUN left.")
@target_option
@guardrails_option
@locked_option
@rehearse_option
@machines_option
@store_option
@yes_option
@document_option
@click.option("--detach", is_flag=True, hidden=True)
@click.option("--keep", is_flag=True, hidden=True)
@click.option("--on", metavar="RUN", hidden=True)
@click.pass_obj
def command(
    arguments: Sequence[str],
    *,
    manifest: Path,
    resume: str | None,
    target: str | None,
    guardrails: Path | None,
    locked: bool,
    rehearse: bool,
    machines: str | None,
    store: str | None,
    yes: bool,
    as_json: bool,
    detach: bool,
    keep: bool,
    on: str | None,
) -> int:
    """Search what MANIFEST's `tune` says: provision a pool of nodes once, live trial after trial on it, bring them to
    ./runs/<run>/trials/ and the best one's outputs to ./runs/<run>/best/, and delete everything.

    A trial that fails is a result; exit 7 where none had the primary metric, 9 at a limit before the first one had.
    The first Ctrl-C stops the trials and deletes all; the second leaves at once. --resume RUN goes on with the trials
    that RUN had not ended: those that were under way are begun anew with the same parameters.
    """
    from tfinfra.cli.live import run_view
    from tfinfra.cli.runs.concluding import conclude_run
    from tfinfra.cli.runs.consent import consent
    from tfinfra.lifecycle.run.options import UpOptions
    from tfinfra.lifecycle.up.launch import launch_tune
    from tfinfra.system.installation import require_run_packages

    require_run_packages()
    with run_view(as_json) as view:
        options = UpOptions(
            folder=Path.cwd(),
            target=target,
            guardrails=guardrails,
            locked=locked,
            rehearse=rehearse,
            detach=detach,
            keep=keep,
            on=on,
            machines=machines,
            store=store,
            consent=consent(view, yes=yes or as_json),
        )
        result = launch_tune(manifest, options, view, resume)
    return conclude_run(result, arguments, as_json=as_json, manifest=manifest)
