"""`tfinfra compile`: a manifest becomes deploy/<name>/."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tfinfra.cli.options import json_option, manifest_argument, target_option


@click.command(help="Write the Pulumi program of MANIFEST to deploy/<name>/ in the current folder.")
@manifest_argument
@target_option
@click.option("--check", is_flag=True, help="Write nothing; exit 11 where the folder differs from the manifest.")
@json_option
def command(manifest: Path, target: str | None, check: bool, as_json: bool) -> None:
    """Raises DifferenceFound where --check finds one."""
    from tfinfra.cli.output import print_diagnostics, print_document, show
    from tfinfra.compiler.deploy.write import Written, differences, said_of, write_deploy
    from tfinfra.compiler.load import load_project
    from tfinfra.compiler.pipeline import compile_manifest
    from tfinfra.errors import DifferenceFound

    compiled = compile_manifest(load_project(manifest, target=target))
    print_diagnostics(compiled.diagnostics)
    folder = Path("deploy") / compiled.spec.name
    written = Written()
    if check:
        if found := differences(compiled.tree, folder):
            lines = "".join(f"\n  {line}" for line in found)
            hint = "`tfinfra compile` writes it anew, over changes made by hand"
            raise DifferenceFound(f"{folder} is not what the manifest compiles to:{lines}", hint)
    else:
        written = write_deploy(compiled.tree, folder)
    if as_json:
        document = {"folder": str(folder), "files": list(compiled.tree), **asdict(written)}
        print_document({**document, "diagnostics": compiled.diagnostics})
    else:
        show(f"{folder}: {'as the manifest says' if check else f'{len(compiled.tree)} files'}")
        for path in written.replaced:
            if path not in written.edited:
                show(f"  replaced {path}, which was different")
        for line in said_of(written, folder):
            show(f"  {line}")
