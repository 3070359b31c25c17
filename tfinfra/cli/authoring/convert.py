"""`tfinfra convert`: another tool's file as a manifest."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.options import NamedPath, json_option

if TYPE_CHECKING:
    from tfinfra.compiler.project import Project
    from tfinfra.converting.tools import Converted
    from tfinfra.errors import UsageError

_SHOWN_STDOUT = "<stdout>"


@click.command(
    help="Make a manifest of FILE: an Azure ML job, SkyPilot task, TFJob, MPIJob, or an estimator (.py, .ipynb)."
)
@click.argument("file", type=NamedPath(path_type=Path))
@click.option(
    "-o", "--output", "out", metavar="OUT", type=NamedPath(path_type=Path), help="Write it there. [-, stdout]"
)
@json_option
def command(file: Path, out: Path | None, as_json: bool) -> int:
    """Nothing of FILE is run, and no file is written over. What has no equivalent is a warning at its line; where the
    manifest does not pass `validate` the reasons follow, and the exit code is that of `validate`."""
    from tfinfra.cli.authoring.judged import judged
    from tfinfra.cli.output import print_diagnostics, print_document, print_format, progress
    from tfinfra.model.codec import to_json

    out = None if out == Path("-") else out
    converted = _converted(file, out)
    if out is not None:
        _put(out, converted.text)
    refusal, found = judged(partial(_project, converted.text, out, file.parent))
    document = {
        "tool": converted.tool,
        "manifest": converted.text,
        "written": str(out) if out is not None else None,
        "valid": refusal is None,
        "unmatched": to_json(converted.unmatched),
        "diagnostics": to_json(found),
    }
    if as_json:
        print_document("convert", document)
    elif out is None:
        print_format(converted.text)
    print_diagnostics([*converted.unmatched, *found])
    if out is not None:
        progress(f"wrote {out}{'' if refusal is None else ', which does not pass `tfinfra validate` yet'}")
    return refusal.exit_code if refusal is not None else 0


def _converted(file: Path, out: Path | None) -> Converted:
    """Raises ManifestError for a file that cannot be read or is of no tool, UsageError where the output exists."""
    from tfinfra.compiler.load import read_foreign
    from tfinfra.converting.tools import convert

    if out is not None and os.path.lexists(out):
        raise _is_there(out)
    folder = out.parent if out is not None else file.parent
    beside = os.path.relpath(file.parent, folder)
    data, targets = read_foreign(file, folder)
    return convert(data, str(file), targets, Path(beside).as_posix())


def _is_there(out: Path) -> UsageError:
    from tfinfra.errors import UsageError

    return UsageError(f"'{out}' exists, and is not written over", "name another file, or remove this one")


def _put(out: Path, text: str) -> None:
    """Writes a file that is not there. Raises UsageError where it is, or cannot be made."""
    from tfinfra.errors import UsageError

    try:
        with os.fdopen(
            os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "w", encoding="utf-8"
        ) as file:
            file.write(text)
    except FileExistsError as error:
        raise _is_there(out) from error
    except OSError as error:
        raise UsageError(
            f"cannot write '{out}': {(error.strerror or str(error)).lower()}", "name another file"
        ) from error


def _project(text: str, out: Path | None, folder: Path) -> Project:
    """The manifest that was written to `out`, else the one on stdout, whose paths are from `folder`."""
    from tfinfra.compiler.load import load_project, project_of_text

    if out is not None:
        return load_project(out)
    return project_of_text(text.encode(), file=_SHOWN_STDOUT, folder=folder)
