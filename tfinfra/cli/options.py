"""Flags that several verbs share."""

from __future__ import annotations

from pathlib import Path

import click

manifest_argument = click.argument("manifest", type=click.Path(path_type=Path))
target_option = click.option("--target", metavar="NAME", help="A compute target instead of the manifest's.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else there.")
