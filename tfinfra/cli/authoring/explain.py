"""`tfinfra explain TFI203`: the long form of an error code, or of a rule of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import all_codes, completing
from tfinfra.cli.options import json_option

if TYPE_CHECKING:
    from tfinfra.manifest.codes import Explanation


@click.command(help="Explain a CODE such as TFI203 or TFA101; without one, list them all.")
@click.argument("code", required=False, shell_complete=completing(all_codes))
@json_option
def command(code: str | None, as_json: bool) -> None:
    """Raises UsageError for a code that does not exist."""
    from tfinfra.cli.output import print_document, show
    from tfinfra.errors import UsageError

    listed = _all()
    if code is None:
        if as_json:
            print_document("explain-list", {"codes": listed})
        else:
            show(*(f"{found.code}  {found.title}" for found in listed))
        return
    found = next((each for each in listed if each.code == code.upper()), None)
    if found is None:
        raise UsageError(f"there is no error code '{code}'", "`tfinfra explain` lists them")
    if as_json:
        print_document("explain", found)
    else:
        show(f"{found.code}: {found.title}\n\n{found.text}")


def _all() -> tuple[Explanation, ...]:
    """The codes of diagnostics, then the rules of an audit, each with the exit code of a verb that reports it."""
    from tfinfra.auditing.rule_table import rules
    from tfinfra.errors import DifferenceFound, Severity
    from tfinfra.manifest.codes import Explanation, explanations

    audit = (
        Explanation(rule.code, rule.title, rule.text, DifferenceFound.exit_code, False, rule.severity != Severity.ERROR)
        for rule in rules()
    )
    return (*explanations(), *audit)
