"""`tfinfra init`: a manifest and a training script to begin with."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tfinfra.cli.options import json_option


@click.command(help="Write train.yaml and train.py to FOLDER (default: here); nothing is overwritten.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Raises UsageError where one of the files is there already."""
    from tfinfra.cli.authoring.starter import FILES
    from tfinfra.cli.output import print_document, show
    from tfinfra.compiler.write import write_tree

    _refuse_overwriting([folder / name for name in FILES])
    write_tree(FILES, folder)
    written = [str(folder / name) for name in FILES]
    if as_json:
        print_document({"written": written})
    else:
        show(f"wrote {' and '.join(written)}; next: tfinfra up {written[0]}")


def _refuse_overwriting(files: list[Path]) -> None:
    from tfinfra.errors import UsageError

    there = [str(file) for file in files if os.path.lexists(file)]
    if there:
        raise UsageError(f"{' and '.join(there)} would be overwritten", "name an empty folder: tfinfra init FOLDER")
