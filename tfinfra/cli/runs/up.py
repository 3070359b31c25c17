"""`tfinfra up`: one manifest, one whole run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from tfinfra.cli.completion import completing, live_runs
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


@click.command(short_help="Provision, train, bring the outputs home, delete everything.")
@manifest_argument
@target_option
@guardrails_option
@locked_option
@rehearse_option
@click.option("--detach", is_flag=True, help="Return once the nodes are up, with their secrets.")
@click.option("--keep", is_flag=True, help="Leave the nodes once all is at home, until the run's deadline.")
@click.option("--on", metavar="RUN", shell_complete=completing(live_runs), help="Run on the nodes that RUN keeps.")
@machines_option
@store_option
@yes_option
@document_option
@click.pass_obj
def command(
    arguments: Sequence[str],
    *,
    manifest: Path,
    target: str | None,
    guardrails: Path | None,
    locked: bool,
    rehearse: bool,
    detach: bool,
    keep: bool,
    on: str | None,
    machines: str | None,
    store: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Train MANIFEST: provision its nodes, run its tasks, bring outputs to ./runs/<run>/ and delete everything.

    A lock (train.lock.yaml) stands for its manifest and --locked.
    On Azure it says what that costs and, on a terminal, asks before the first write; a no ends it with exit 8.
    With --on RUN the nodes, environment and data of a run that was kept (--keep) are taken: the next try in seconds.
    The first Ctrl-C stops and deletes; the second leaves at once and says how to sweep.
    """
    from tfinfra.cli.live import run_view
    from tfinfra.cli.runs.concluding import conclude_run
    from tfinfra.cli.runs.consent import consent
    from tfinfra.lifecycle.run.options import UpOptions
    from tfinfra.lifecycle.up.launch import launch_manifest
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
        result = launch_manifest(manifest, options, view)
    return conclude_run(result, arguments, as_json=as_json)
