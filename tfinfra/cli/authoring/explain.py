"""`tfinfra explain TFI203`: the long form of an error code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import json_option

if TYPE_CHECKING:
    from tfinfra.manifest.codes import Explanation


@click.command(help="Explain an error CODE such as TFI203; without one, list them all.")
@click.argument("code", required=False)
@json_option
def command(code: str | None, as_json: bool) -> None:
    """Raises UsageError for a code that is none."""
    from tfinfra.cli.output import print_document, show
    from tfinfra.manifest.codes import explanation, explanations

    found = explanations() if code is None else (_known(code, explanation(code.upper())),)
    if as_json:
        print_document(found if code is None else found[0])
    elif code is None:
        show(*(f"{e.code}  {e.title}" for e in found))
    else:
        show(f"{found[0].code}: {found[0].title}\n\n{found[0].text}")


def _known(code: str, found: Explanation | None) -> Explanation:
    from tfinfra.errors import UsageError

    if found is None:
        raise UsageError(f"there is no error code '{code}'", "`tfinfra explain` lists them")
    return found
