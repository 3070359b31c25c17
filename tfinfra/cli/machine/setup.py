"""`tfinfra setup`: what `up` would otherwise make on its way, made now; and what must exist once in a subscription."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tfinfra.cloud import Cloud
    from tfinfra.machine.setup import PluginWish


@click.command(short_help="Install what tfinfra needs on this machine, or prepare a subscription.")
@click.argument("where", type=click.Choice(["local", "azure"]), default="local")
@click.option("--target", metavar="T", help="azure: prepare the subscription of this target of compute_targets.yaml.")
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
    once for a subscription; it takes the right to make roles there, and exits with 5 without it.

    The plugin comes from its vendor, or from where --provider or TFINFRA_PROVIDER_MIRROR says. Its SHA-256 must be that
    of --provider-sha256 or TFINFRA_PROVIDER_SHA256, of the mirror's checksum file, or the one that it had first.

    Pulumi itself is built by Go from its source, checked by Go's checksum database. Without Go it is its vendor's
    archive, whose SHA-256 tfinfra knows; --unchecked takes one that it does not know, and says so.
    """
    from tfinfra.cli.output import print_document, progress
    from tfinfra.machine.setup import PluginWish

    wish = PluginWish(provider, provider_sha256)
    azure = where == "azure"
    made, told = _azure(target, subscription, wish) if azure else _local(wish, unchecked=unchecked)
    if as_json:
        print_document(made)
    else:
        progress(told)
    return 0


def _local(wish: PluginWish, *, unchecked: bool) -> tuple[Any, str]:
    from tfinfra.cli.output import progress
    from tfinfra.machine.setup import prepare_machine

    made = prepare_machine(progress, wish, unchecked=unchecked)
    if made["provider"] is None:
        return made, "this machine is ready for runs on itself; those on Azure lack the azure-native plugin, as said"
    return made, "this machine is ready: `tfinfra up MANIFEST` starts at once"


def _azure(target: str | None, subscription: str | None, wish: PluginWish) -> tuple[Any, str]:
    from tfinfra.azure.prerequisites.group_deleter import make_group_deleter
    from tfinfra.cli.output import progress
    from tfinfra.machine.setup import install_provider

    cloud = _cloud(target, subscription)
    role = make_group_deleter(cloud)
    what = "made" if role.made else "is there already"
    told = f"role '{role.role}' {what} in subscription {cloud.subscription_id}"
    if cloud.provider_command is not None:
        return asdict(role), told
    progress(told)
    provider = install_provider(progress, wish)
    return {**asdict(role), "provider": provider}, f"the azure-native plugin is at {provider}"


def _cloud(target: str | None, subscription: str | None) -> Cloud:
    """Raises UsageError, ManifestError, CredentialsError."""
    from pathlib import Path

    from tfinfra.clouds import azure_subscription, cloud_for
    from tfinfra.compiler.named_target import named_target
    from tfinfra.errors import UsageError

    if target is not None and subscription is None:
        return cloud_for(named_target(target, Path()), rehearse=False, machines=None)
    if subscription is not None and target is None:
        return azure_subscription(subscription)
    raise UsageError("which subscription?", hint="name one by --target T or --subscription ID")
