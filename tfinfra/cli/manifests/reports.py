"""The files that `--sarif`, `--junit` and `--markdown` ask for: checked before the work, written after it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.cli.manifests.given import STDIN, Given
from tfinfra.cli.manifests.outcome import Outcome
from tfinfra.cli.output import print_format, progress
from tfinfra.errors import UsageError

if TYPE_CHECKING:
    from tfinfra.cli.formats.findings import Finding
    from tfinfra.cli.manifests.change import Change

STDOUT = STDIN
"""How a command line names it: as it names stdin."""


@dataclass(frozen=True)
class Reports:
    """Where each format goes, None where it is not asked for; `base` is a checkout of what is compared with."""

    sarif: str | None = None
    junit: str | None = None
    markdown: str | None = None
    base: Path | None = None

    def files(self) -> Iterator[tuple[str, str]]:
        """(option, file) of each that is asked for."""
        for name in ("sarif", "junit", "markdown"):
            if file := getattr(self, name):
                yield f"--{name}", file

    @property
    def take_stdout(self) -> bool:
        return any(file == STDOUT for _, file in self.files())


def require_reports(reports: Reports, as_json: bool) -> None:
    """Raises UsageError for what cannot be: two formats in one file, a file that cannot be made, a base that is not
    there."""
    taken: dict[str, str] = {}
    for option, file in reports.files():
        place = file if file == STDOUT else os.path.realpath(file)
        if (other := taken.setdefault(place, option)) != option:
            raise UsageError(f"{other} and {option} name one file, '{file}'", "give each a file of its own")
        if file == STDOUT:
            if as_json:
                raise UsageError(f"{option} - and --json both need stdout", f"give {option} a file")
        else:
            _require_file(option, Path(file))
    if reports.base is not None:
        if reports.markdown is None:
            raise UsageError("--base says what --markdown compares with, and there is no --markdown", "add it")
        if not reports.base.is_dir():
            raise UsageError(f"--base: '{reports.base}' is no folder", "name a checkout of what you compare with")


def _require_file(option: str, file: Path) -> None:
    where = f"{option}: cannot write '{file}'"
    if _is_stream(file):
        return
    if file.is_symlink():
        raise UsageError(f"{where}: it is a link, and nothing is written through one", "name a file; `-` is stdout")
    if file.is_dir():
        raise UsageError(f"{where}: it is a folder", "name a file")
    if not file.parent.is_dir():
        raise UsageError(f"{where}: there is no folder '{file.parent}'", "make it first")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{where}: nothing can be made in '{file.parent}'", "name a folder that you may write")


def refuse_overwriting(reports: Reports, manifests: Iterable[Given]) -> None:
    """Raises UsageError for a report that would take the place of a manifest."""
    places = {os.path.realpath(given.path): given.shown for given in manifests if given.path is not None}
    for option, file in reports.files():
        if manifest := places.get(os.path.realpath(file)):
            raise UsageError(f"{option} would overwrite the manifest '{manifest}'", "name another file")


def write_reports(
    verb: str, reports: Reports, outcomes: Sequence[Outcome], exit_code: int, gone: Mapping[str, Change]
) -> None:
    """Writes all that are asked for; `gone` are manifests that are not there any more. Raises UsageError where one
    cannot be written."""
    if reports.sarif:
        from tfinfra.cli.formats.findings import findings_of

        write_sarif(verb, reports.sarif, findings_of(outcomes), exit_code)
    if reports.junit:
        from tfinfra.cli.formats.junit import junit
        from tfinfra.system.clock import iso_time

        write_report("--junit", reports.junit, junit(verb, outcomes, iso_time().removesuffix("Z")))
    if reports.markdown:
        from tfinfra.cli.formats.markdown import markdown

        text = markdown(verb, outcomes, gone)
        write_report("--markdown", reports.markdown, text)
        if not text:
            progress("nothing has changed: the comment is empty")


def write_sarif(verb: str, file: str, found: Sequence[Finding], exit_code: int) -> None:
    """Writes what a verb has found, and how it ended. Raises UsageError where it cannot be written."""
    from tfinfra.cli.formats.places import repository_here
    from tfinfra.cli.formats.sarif import sarif

    document = sarif(verb, found, exit_code, repository_here())
    write_report("--sarif", file, json.dumps(document, indent=2) + "\n")


def write_report(option: str, file: str, text: str) -> None:
    """Writes one of them, to stdout where it is `-`. Raises UsageError where it cannot be written."""
    if file == STDOUT:
        print_format(text)
        return
    data = text.encode("utf-8", "replace")
    path = Path(file)
    try:
        if _is_stream(path):
            path.write_bytes(data)
        else:
            _replace(path, data)
    except OSError as error:
        message = f"{option}: cannot write '{file}': {(error.strerror or str(error)).lower()}"
        raise UsageError(message, "name a file that you may write") from error


def _is_stream(file: Path) -> bool:
    """Whether it is a pipe or a device: such a one is written to, and never replaced."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _replace(path: Path, data: bytes) -> None:
    """Who reads it meanwhile sees the old file or the new one, and a link that comes in between is replaced."""
    draft = path.with_name(f".{path.name[:64]}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "wb") as out:
            out.write(data)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
