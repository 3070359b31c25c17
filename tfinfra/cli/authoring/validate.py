"""`tfinfra validate`: all that can be known of manifests without writing or touching anything."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.manifests.options import Asked, manifest_options
from tfinfra.cli.options import target_option

if TYPE_CHECKING:
    from tfinfra.cli.manifests.each import One


@click.command(help="Check each MANIFEST, or those in a folder, and their training scripts; change nothing.")
@manifest_options
@target_option
def command(*, asked: Asked, target: str | None) -> int:
    """Prints warnings on stderr and a line for each manifest, or the document, on stdout."""
    from tfinfra.cli.manifests.each import each_manifest

    return each_manifest("validate", asked, partial(_validate, target=target))


def _validate(one: One, *, target: str | None) -> dict[str, Any]:
    from tfinfra.compiler.pipeline import check_manifest

    checked = check_manifest(one.load(target=target))
    found = one.judge(checked.diagnostics)
    one.note(checked)
    one.show(f"{one.given.shown}: valid")
    return {"name": checked.spec.name, "valid": True, "diagnostics": found}
