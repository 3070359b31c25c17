"""`tfinfra validate`: all that can be known of a manifest without writing or touching anything."""

from __future__ import annotations

from pathlib import Path

import click

from tfinfra.cli.options import json_option, manifest_argument, target_option


@click.command(help="Check MANIFEST and its training script; change nothing.")
@manifest_argument
@target_option
@json_option
def command(manifest: Path, target: str | None, as_json: bool) -> None:
    """Prints warnings on stderr and one line, or the document, on stdout."""
    from tfinfra.cli.output import print_diagnostics, print_document, show
    from tfinfra.compiler.load import load_project
    from tfinfra.compiler.pipeline import check_manifest

    checked = check_manifest(load_project(manifest, target=target))
    print_diagnostics(checked.diagnostics)
    if as_json:
        print_document({"name": checked.spec.name, "valid": True, "diagnostics": checked.diagnostics})
    else:
        show(f"{manifest}: valid")
