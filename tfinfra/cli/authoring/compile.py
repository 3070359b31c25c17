"""`tfinfra compile`: each manifest becomes its deploy/<name>/."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.manifests.options import Asked, manifest_options
from tfinfra.cli.options import target_option

if TYPE_CHECKING:
    from tfinfra.cli.manifests.each import One
    from tfinfra.compiler.pipeline import Compiled


@click.command(help="Write the Pulumi program of each MANIFEST to deploy/<name>/ in the current folder.")
@manifest_options
@target_option
@click.option("--check", is_flag=True, help="Write nothing; exit 11 where a folder differs from its manifest.")
def command(*, asked: Asked, target: str | None, check: bool) -> int:
    """Raises DifferenceFound where --check finds one."""
    from tfinfra.cli.manifests.each import each_manifest

    return each_manifest("compile", asked, partial(_compile, target=target, check=check, owners={}))


def _compile(one: One, *, target: str | None, check: bool, owners: dict[str, str]) -> dict[str, Any]:
    """`owners` says which manifest has which name, of those that came before."""
    from tfinfra.compiler.deploy.write import Written, said_of, write_deploy
    from tfinfra.compiler.pipeline import compile_manifest

    compiled = compile_manifest(one.load(target=target))
    found = one.judge(compiled.diagnostics)
    one.note(compiled)
    folder = own_folder(one, compiled, owners)
    written = Written()
    if check:
        refuse_difference(compiled, folder)
    else:
        written = write_deploy(compiled.tree, folder)
    one.show(f"{folder}: {'as the manifest says' if check else f'{len(compiled.tree)} files'}")
    one.show(*(f"  replaced {path}, which was different" for path in written.replaced if path not in written.edited))
    one.show(*(f"  {line}" for line in said_of(written, folder)))
    return {"folder": str(folder), "files": list(compiled.tree), **asdict(written), "diagnostics": found}


def own_folder(one: One, compiled: Compiled, owners: dict[str, str]) -> Path:
    """The manifest's deploy folder. Raises UsageError where another one, of `owners` by folder, has the same."""
    from tfinfra.errors import UsageError

    folder, name = Path("deploy") / compiled.spec.name, one.given.shown
    if (owner := owners.setdefault(str(folder), name)) != name:
        raise UsageError(f"{name} and {owner} have one name, and so one {folder}", "give each a `name` of its own")
    return folder


def refuse_difference(compiled: Compiled, folder: Path) -> None:
    """Raises DifferenceFound where the folder is not what the manifest compiles to."""
    from tfinfra.compiler.deploy.write import differences
    from tfinfra.errors import DifferenceFound

    if not os.path.lexists(folder):
        raise DifferenceFound(f"{folder} is not compiled yet", "`tfinfra compile` writes it")
    if found := differences(compiled.tree, folder):
        lines = "".join(f"\n  {line}" for line in found)
        hint = "`tfinfra compile` writes it anew, over changes made by hand"
        raise DifferenceFound(f"{folder} is not what the manifest compiles to:{lines}", hint)
