"""`tfinfra tensorboard`: TensorBoard of a run, while it goes on or afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import cloud_options, run_argument

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Show a run's ./logs in TensorBoard.")
@run_argument
@click.option("--port", type=click.IntRange(0, 65535), help="Where it answers on 127.0.0.1; 0: any that is free.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout, once it answers.")
@cloud_options
def command(*, asked: CloudOptions, run: str, port: int | None, as_json: bool) -> int:
    """Show what the tasks of RUN wrote to ./logs in TensorBoard, until Ctrl-C. While the run goes on its ./logs are
    mirrored. TensorBoard is of the version of the run's TensorFlow, runs in an environment of its own, answers on
    127.0.0.1 alone and has none of your credentials."""
    from tfinfra.cli.output import print_document, progress, show
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.metrics.tensorboard.show_run import show_run

    found = find_run(run, asked, progress, ended=True)
    with show_run(found, port, progress) as shown:
        if as_json:
            print_document("tensorboard", {"run": found.run, "url": shown.url, "logs": str(shown.logs)})
        else:
            show(f"TensorBoard of {found.run}: {shown.url} (Ctrl-C ends it)")
        shown.until_interrupted()
    return 0
