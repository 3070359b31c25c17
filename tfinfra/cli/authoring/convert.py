"""`tfinfra convert`: another tool's file as a manifest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import NamedPath, json_option

if TYPE_CHECKING:
    from tfinfra.converting.tools import Converted
    from tfinfra.errors import Diagnostic, TfinfraError

_SHOWN_STDOUT = "<stdout>"


@click.command(
    help="Make a manifest of FILE: an Azure ML job, SkyPilot task, TFJob, MPIJob, or an estimator (.py, .ipynb)."
)
@click.argument("file", type=NamedPath(path_type=Path))
@click.option("-o", "--output", "out", metavar="OUT", type=NamedPath(path_type=Path), help="Write it there. [stdout]")
@json_option
def command(file: Path, out: Path | None, as_json: bool) -> int:
    """Nothing of FILE is run, and no file is written over. What has no equivalent is a warning at its line; where the
    manifest does not pass `validate` the reasons follow, and the exit code is that of `validate`."""
    from tfinfra.cli.output import print_diagnostics, print_document, print_format, progress
    from tfinfra.model.codec import to_json

    converted = _converted(file, out)
    folder = out.parent if out is not None else file.parent
    if out is not None:
        _put(out, converted.text)
    refusal, found = _validated(converted.text, out, folder)
    document = {
        "tool": converted.tool,
        "manifest": converted.text,
        "written": str(out) if out is not None else None,
        "valid": refusal is None,
        "unmatched": to_json(converted.unmatched),
        "diagnostics": to_json(found),
    }
    _tell(document, converted, (print_document, print_format), as_json=as_json, written=out is not None)
    print_diagnostics([*converted.unmatched, *found])
    if out is not None:
        progress(f"wrote {out}{'' if refusal is None else ', which does not pass `tfinfra validate` yet'}")
    return refusal.exit_code if refusal is not None else 0


def _tell(document: dict[str, Any], converted: Converted, printers: Any, *, as_json: bool, written: bool) -> None:
    print_document, print_format = printers
    if as_json:
        print_document("convert", document)
    elif not written:
        print_format(converted.text)


def _converted(file: Path, out: Path | None) -> Converted:
    """Raises ManifestError for a file that cannot be read or is of no tool, UsageError where the output exists."""
    from tfinfra.compiler.load import read_foreign
    from tfinfra.converting.tools import convert
    from tfinfra.errors import UsageError

    if out is not None and os.path.lexists(out):
        raise UsageError(f"'{out}' exists, and is not written over", "name another file, or remove this one")
    folder = out.parent if out is not None else file.parent
    beside = os.path.relpath(file.parent, folder)
    data, targets = read_foreign(file, folder)
    return convert(data, str(file), targets, Path(beside).as_posix())


def _put(out: Path, text: str) -> None:
    """Writes a file that is not there. Raises UsageError where it is, or cannot be made."""
    from tfinfra.errors import UsageError

    try:
        with os.fdopen(
            os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "w", encoding="utf-8"
        ) as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"'{out}' exists, and is not written over", "name another file, or remove this one") from error
    except OSError as error:
        raise UsageError(
            f"cannot write '{out}': {(error.strerror or str(error)).lower()}", "name another file"
        ) from error


def _validated(text: str, out: Path | None, folder: Path) -> tuple[TfinfraError | None, tuple[Diagnostic, ...]]:
    """What `validate` says of the manifest: the refusal, None where it passes, and all that it found."""
    from tfinfra.compiler.load import load_project, project_of_text
    from tfinfra.compiler.pipeline import check_manifest
    from tfinfra.errors import ManifestError, NotFeasible

    try:
        if out is not None:
            project = load_project(out)
        else:
            project = project_of_text(text.encode(), file=_SHOWN_STDOUT, folder=folder)
        return None, check_manifest(project).diagnostics
    except (ManifestError, NotFeasible) as refused:
        return refused, refused.diagnostics
