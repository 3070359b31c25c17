"""`tfinfra init`: a manifest and a training script to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from tfinfra.cli.options import json_option


@click.command(help="Write train.yaml and train.py to FOLDER (default: here); nothing is overwritten.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Raises UsageError where one of the files exists."""
    from tfinfra.cli.output import print_document, show
    from tfinfra.compiler.deploy.starter import write_starter
    from tfinfra.text.wording import shell_word

    written = [str(path) for path in write_starter(folder)]
    if as_json:
        print_document("init", {"written": written})
    else:
        show(f"wrote {' and '.join(written)}; next: tfinfra up {shell_word(written[0])}")
