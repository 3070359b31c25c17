"""`tfinfra setup`: what `up` would otherwise make on its way, made now; and what must exist once in a subscription."""

from __future__ import annotations

import click

from tfinfra.cli.completion import completing, targets


@click.command(short_help="Install what tfinfra needs on this machine, or prepare a subscription.")
@click.argument("where", type=click.Choice(["local", "azure"]), default="local")
@click.option(
    "--target",
    metavar="T",
    shell_complete=completing(targets),
    help="azure: prepare the subscription of this target of compute_targets.yaml.",
)
@click.option("--subscription", metavar="ID", help="azure: prepare this subscription.")
@click.option(
    "--provider", metavar="WHERE", help="Pulumi's azure-native plugin: a file, or a folder or URL that holds it."
)
@click.option("--provider-sha256", metavar="HEX", help="The SHA-256 that the plugin's archive must have.")
@click.option(
    "--unchecked", is_flag=True, help="local: take Pulumi from its vendor even where its SHA-256 is not known."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def command(
    where: str,
    *,
    target: str | None,
    subscription: str | None,
    provider: str | None,
    provider_sha256: str | None,
    unchecked: bool,
    as_json: bool,
) -> int:
    """local: install Pulumi and its azure-native plugin, which only runs on Azure need, and build the default training
    environments, so that the first `up` need not.

    azure: make the role by which nodes and timers delete a run's groups, and install the plugin. The role is needed
    once for a subscription; that needs the right to make roles there; without it the exit code is 5.

    The plugin comes from its vendor, or from where --provider or TFINFRA_PROVIDER_MIRROR says. Its SHA-256 must be that
    of --provider-sha256 or TFINFRA_PROVIDER_SHA256, of the mirror's checksum file, or the one that it had first.

    Pulumi itself is built by Go from its source, checked by Go's checksum database. Without Go it is its vendor's
    archive, whose SHA-256 tfinfra knows; --unchecked takes one that it does not know, and says so.
    """
    from tfinfra.cli.output import print_document, progress, result_line
    from tfinfra.machine.setup import PluginWish, prepare_machine, prepare_subscription
    from tfinfra.system.installation import require_run_packages

    require_run_packages()
    wish = PluginWish(provider, provider_sha256)
    if where == "azure":
        made = prepare_subscription(progress, wish, target=target, subscription=subscription)
        ready = f"the azure-native plugin is at {made['provider']}" if "provider" in made else None
    else:
        made = prepare_machine(progress, wish, unchecked=unchecked)
        ready = "this machine is ready: `tfinfra up MANIFEST` starts at once"
        if made["provider"] is None:
            ready = "this machine is ready for runs on itself; those on Azure lack the azure-native plugin, as said"
    if as_json:
        print_document("setup" if where == "local" else "setup-azure", made)
    elif ready is not None:
        result_line(ready)
    return 0
