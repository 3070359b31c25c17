"""`tfinfra push`: what a run's nodes need, to its store, for whoever runs the deploy folder by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import NamedPath, cloud_options, guardrails_option

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Upload what a deploy folder's nodes need, where Pulumi is run by hand.")
@click.argument("deploy", type=NamedPath(path_type=Path, file_okay=False))
@click.option("--run", required=True, metavar="ID", help="The run, <name>-<six letters or digits>.")
@click.option(
    "--from",
    "base",
    type=NamedPath(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="The manifest's folder, where its paths start; without it the one above deploy/.",
)
@click.option(
    "--lock",
    "lock_file",
    type=NamedPath(path_type=Path, dir_okay=False, exists=True),
    metavar="LOCK",
    help="Hold all of it against this lock, which lies beside its manifest; exit 11 where it differs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@guardrails_option
@cloud_options
def command(
    *,
    asked: CloudOptions,
    deploy: Path,
    run: str,
    base: Path | None,
    lock_file: Path | None,
    guardrails: Path | None,
    as_json: bool,
) -> int:
    """Bring the bundle (code and lock) of DEPLOY, and the inputs, to the store of a run whose keep stack `pulumi up`
    has made, and write the configuration of its compute stack into DEPLOY.

    It is for whoever runs the folder's program by hand, between the two stacks: DEPLOY/README.md says how.
    """
    from dataclasses import asdict

    from tfinfra.cli.output import print_document, progress, result_line
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.push.push import push

    if lock_file is not None and base is not None:
        raise UsageError("a lock lies beside its manifest, so that --from says nothing more", "leave out --from")
    pushed = push(deploy, run, asked, progress, base=base, guardrails=guardrails, lock_file=lock_file)
    if as_json:
        print_document("push", asdict(pushed))
    else:
        result_line(f"{pushed.bundle} is in {pushed.store}")
        stack = Path(pushed.stack_file).name.removeprefix("Pulumi.").removesuffix(".yaml")
        result_line(f"`pulumi up --stack {stack}` makes the nodes now; {pushed.stack_file} configures it")
    return 0
