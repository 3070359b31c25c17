"""`tfinfra setup`: what `up` would otherwise make on its way, made now."""

from __future__ import annotations

import click


@click.command(short_help="Install what tfinfra needs on this machine.")
@click.argument("where", type=click.Choice(["local", "azure"]), default="local")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def command(where: str, as_json: bool) -> int:
    """Install Pulumi and build the default training environments, so that the first `up` need not."""
    from tfinfra.cli.output import print_document, progress
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.prepare import prepare_machine

    if where == "azure":
        raise UsageError(
            "this version of tfinfra does not prepare an Azure subscription yet",
            hint="`tfinfra up --rehearse` runs an Azure manifest on this machine's local cloud",
        )
    made = prepare_machine(progress)
    if as_json:
        print_document(made)
    else:
        progress("this machine is ready: `tfinfra up MANIFEST` starts at once")
    return 0
