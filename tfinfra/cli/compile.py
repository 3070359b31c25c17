"""`tfinfra compile`: a manifest becomes deploy/<name>/."""

from __future__ import annotations

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
    from tfinfra.compiler.load import load_inputs
    from tfinfra.compiler.pipeline import compile_manifest
    from tfinfra.compiler.write import differences, write_tree

    compiled = compile_manifest(load_inputs(manifest, target=target))
    print_diagnostics(compiled.diagnostics)
    folder = Path("deploy") / compiled.spec.name
    replaced: list[str] = []
    if check:
        _refuse_differences(differences(compiled.tree, folder), folder)
    else:
        replaced = write_tree(compiled.tree, folder)
    if as_json:
        document = {"folder": str(folder), "files": list(compiled.tree), "replaced": replaced}
        print_document({**document, "diagnostics": compiled.diagnostics})
    else:
        show(f"{folder}: {'as the manifest says' if check else f'{len(compiled.tree)} files'}")
        for path in replaced:
            show(f"  replaced {path}, which was different")


def _refuse_differences(found: list[str], folder: Path) -> None:
    from tfinfra.errors import DifferenceFound

    if found:
        lines = "".join(f"\n  {line}" for line in found)
        hint = "`tfinfra compile` writes it anew, over changes made by hand"
        raise DifferenceFound(f"{folder} is not what the manifest compiles to:{lines}", hint)
