"""`tfinfra fetch`: a run's outputs, home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import cloud_options, run_argument

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Copy a run's outputs to ./runs/<run>/.")
@run_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: CloudOptions, run: str, as_json: bool) -> int:
    """Copy RUN's outputs and logs to ./runs/<run>/. What is left of a run that has ended is deleted then."""
    from tfinfra.cli.output import print_document, progress, result_line
    from tfinfra.lifecycle.attach.attached_run import fetch
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.run.signals import outliving_terminal, telling

    with outliving_terminal():
        document = fetch(find_run(run, asked, progress, ended=True), Path.cwd() / "runs", telling(progress))
    if as_json:
        print_document("run", document)
    else:
        goes_on = {"unknown": "may have ended", "deleted": "is deleted"}.get(document["phase"], "still trains")
        result_line(f"{document['run']} {document['result'] or goes_on}; results: {document['results']}")
    return 0
