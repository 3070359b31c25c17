"""`tfinfra init`: a manifest and a training script to begin with, a file of targets, or a manifest for a script that is
there."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import click

from tfinfra.backends.registry import BACKENDS
from tfinfra.cli.options import NamedPath, json_option


@click.command(
    help="Write train.yaml and train.py to FOLDER (default: here), or a manifest for the script of --from; nothing is"
    " overwritten.",
)
@click.argument("folder", type=NamedPath(file_okay=False, path_type=Path), required=False)
@click.option("--backend", type=click.Choice([*BACKENDS]), help="A script for this distributed_backend. [single]")
@click.option("--targets", is_flag=True, help="Write a compute_targets.yaml, with every key of a target, too.")
@click.option(
    "--from",
    "source",
    metavar="DIR",
    type=NamedPath(exists=True, path_type=Path),
    help="Look at the script in DIR, or at a script, without running it, and propose its manifest.",
)
@json_option
def command(folder: Path | None, *, backend: str | None, targets: bool, source: Path | None, as_json: bool) -> int:
    """Where a proposed manifest is not valid yet, the exit code is 3 and each reason is told at its line. Raises
    UsageError where one of the files exists; with --targets alone a manifest that is there stays."""
    from tfinfra.cli.authoring.judged import judged
    from tfinfra.cli.output import print_diagnostics, print_document, progress, show
    from tfinfra.compiler.load import load_project
    from tfinfra.compiler.starting.write import write_new
    from tfinfra.errors import UsageError
    from tfinfra.text.wording import shell_word

    if backend and source:
        raise UsageError("--backend and --from contradict each other", "--from finds the backend in the script")
    place = folder or (Path() if source is None else source if source.is_dir() else source.parent)
    files, beside = _files(place, backend, source, targets=targets)
    started = write_new(place, files, beside)
    manifest = next((path for path in started.written if path.name == "train.yaml"), None)
    refused, found = judged(partial(load_project, manifest)) if source and manifest else (None, ())
    written = [str(path) for path in started.written]
    if as_json:
        print_document("init", {"written": written, "valid": refused is None, "diagnostics": found})
        return refused.exit_code if refused else 0
    for note in started.notes:
        progress(f"note: {note}")
    if refused:
        show(f"wrote {', '.join(written)}; what follows is to be mended")
        raise refused
    print_diagnostics(found)
    next_verb = f"tfinfra up {shell_word(str(manifest))}" if manifest else "name a target as compute_target"
    show(f"wrote {', '.join(written)}; next: {next_verb}")
    return 0


def _files(
    place: Path, backend: str | None, source: Path | None, *, targets: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """What is to be written, the manifest first, and what lies beside it: {path: text}."""
    from tfinfra.compiler.starting.proposal import propose
    from tfinfra.compiler.starting.starter import MANIFEST, starter_files
    from tfinfra.compiler.starting.targets_file import targets_text
    from tfinfra.compiler.starting.write import SCHEMA, TARGETS_SCHEMA
    from tfinfra.manifest.json_schema import json_schema, targets_schema

    files: dict[str, str] = {}
    if source:
        files = {MANIFEST: propose(source, place, SCHEMA)}
    elif backend or not targets or not any(os.path.lexists(place / name) for name in (MANIFEST, "train.py")):
        files = starter_files(backend, SCHEMA)
    beside = {SCHEMA: _json(json_schema())} if files else {}
    if targets:
        files["compute_targets.yaml"] = targets_text(TARGETS_SCHEMA)
        beside[TARGETS_SCHEMA] = _json(targets_schema())
    return files, beside


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
