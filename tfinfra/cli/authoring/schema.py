"""`tfinfra schema`: the manifest's JSON Schema, for editors."""

from __future__ import annotations

import click


@click.command(help="Print the manifest's JSON Schema (for editors).")
@click.option("--json", "as_json", is_flag=True, help="The same: a schema is JSON.")
def command(as_json: bool) -> None:
    """With yaml-language-server: `# yaml-language-server: $schema=<file>` as the manifest's first line."""
    from tfinfra.cli.output import print_document
    from tfinfra.manifest.json_schema import json_schema

    del as_json
    print_document(json_schema())
