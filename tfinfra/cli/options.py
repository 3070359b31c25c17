"""Flags that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tfinfra.cli.completion import all_runs, completing, manifests, targets


class NamedPath(click.Path):
    """A path; the empty text, which a shell makes of a variable that is not set, is none: Path has it for `.`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("'' names no file: is a variable of the shell empty?", param, ctx)
        return super().convert(value, param, ctx)


manifest_argument = click.argument("manifest", type=NamedPath(path_type=Path), shell_complete=manifests)
target_option = click.option(
    "--target", metavar="NAME", shell_complete=completing(targets), help="A compute target instead of the manifest's."
)


class _Once(click.Option):
    """Refused where it is written twice: by click's own rule the last value counts, and the others are not heard of."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:  # noqa: ARG002  click gives it
        parser.add_option(obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs)

    def consume_value(self, ctx: click.Context, opts: Any) -> Any:
        value, source = super().consume_value(ctx, opts)
        if not isinstance(value, list):
            return value, source
        if len(value) > 1:
            raise click.UsageError(f"{self.opts[0]} is written {len(value)} times, and counts once", ctx)
        return value[0], source


guardrails_option = click.option(
    "--guardrails",
    cls=_Once,
    metavar="FILE",
    type=NamedPath(path_type=Path),
    help="Hold MANIFEST to these limits too (docs/guardrails.md).",
)
locked_option = click.option(
    "--locked", is_flag=True, help="Run what MANIFEST's lock holds; exit 11 where anything differs from it."
)
rehearse_option = click.option(
    "--rehearse", is_flag=True, help="Run it on this machine's local cloud, whatever the target."
)
machines_option = click.option(
    "--machines", type=click.Choice(["namespace", "process"]), help="Force a kind of local machine."
)
store_option = click.option(
    "--local-store", "store", type=click.Choice(["files", "azurite"]), help="What a local run's store is."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask before the first write to a cloud that charges.")
document_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
run_argument = click.argument("run", shell_complete=completing(all_runs))
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else there.")


def cloud_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where to look; the command gets them as one `asked` (lifecycle/attach/cloud_scope.py)."""

    @click.option("--cloud", type=click.Choice(["azure", "local"]), help="Look only there, by the groups' tags.")
    @click.option(
        "--target",
        metavar="NAME",
        shell_complete=completing(targets),
        help="The cloud and subscription of this compute target.",
    )
    @click.option("--subscription", metavar="ID", help="The Azure subscription; AZURE_SUBSCRIPTION_ID without it.")
    @wraps(command)
    def with_asked(*, cloud: str | None, target: str | None, subscription: str | None, **options: Any) -> Any:
        from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
        from tfinfra.system.installation import require_run_packages

        require_run_packages()
        return command(asked=CloudOptions(cloud, target, subscription), **options)

    return with_asked
