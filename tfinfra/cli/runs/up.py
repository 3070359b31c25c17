"""`tfinfra up`: one manifest, one whole run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, live_runs
from tfinfra.cli.options import guardrails_option, manifest_argument, target_option

if TYPE_CHECKING:
    from tfinfra.lifecycle.end.ending import RunResult


@click.command(short_help="Provision, train, bring the outputs home, delete everything.")
@manifest_argument
@target_option
@guardrails_option
@click.option("--locked", is_flag=True, help="Run what MANIFEST's lock holds; exit 11 where anything differs from it.")
@click.option("--rehearse", is_flag=True, help="Run it on this machine's local cloud, whatever the target.")
@click.option("--detach", is_flag=True, help="Return once the nodes are up, with their secrets.")
@click.option("--keep", is_flag=True, help="Leave the nodes once all is at home, until the run's deadline.")
@click.option("--on", metavar="RUN", shell_complete=completing(live_runs), help="Run on the nodes that RUN keeps.")
@click.option("--machines", type=click.Choice(["namespace", "process"]), help="Force a kind of local machine.")
@click.option("--local-store", "store", type=click.Choice(["files", "azurite"]), help="What a local run's store is.")
@click.option("--yes", is_flag=True, help="Do not ask before the first write to a cloud that charges.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
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
    from tfinfra.cli.output import print_document
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
    if as_json:
        print_document("run", result.document)
    return _conclude(result, arguments)


def _conclude(result: RunResult, arguments: Sequence[str]) -> int:
    """Says how the run ended and gives its exit code. `arguments` are all words of the command."""
    from tfinfra.cli.failed import failed
    from tfinfra.cli.output import print_error, result_line
    from tfinfra.lifecycle.up.launch import closing_lines

    if result.error is not None:
        print_error(result.error)
        failed(result.error, arguments, result.record.run)
    for line in closing_lines(result):
        result_line(line)
    return result.error.exit_code if result.error else 0
