"""`tfinfra explain TFI203`: the long form of an error code."""

from __future__ import annotations

import click

from tfinfra.cli.completion import codes, completing
from tfinfra.cli.options import json_option


@click.command(help="Explain an error CODE such as TFI203; without one, list them all.")
@click.argument("code", required=False, shell_complete=completing(codes))
@json_option
def command(code: str | None, as_json: bool) -> None:
    """Raises UsageError for a code that does not exist."""
    from tfinfra.cli.output import print_document, show
    from tfinfra.errors import UsageError
    from tfinfra.manifest.codes import explanation, explanations

    if code is None:
        listed = explanations()
        if as_json:
            print_document("explain-list", {"codes": listed})
        else:
            show(*(f"{found.code}  {found.title}" for found in listed))
        return
    found = explanation(code.upper())
    if found is None:
        raise UsageError(f"there is no error code '{code}'", "`tfinfra explain` lists them")
    if as_json:
        print_document("explain", found)
    else:
        show(f"{found.code}: {found.title}\n\n{found.text}")
