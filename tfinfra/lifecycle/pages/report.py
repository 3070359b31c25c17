"""`tfinfra report`: the page of a run, written again, or of several, compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.attached_run import recorded
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.pages.found_page import found_page
from tfinfra.lifecycle.reporting.write import FILE
from tfinfra.reporting.comparison import MOST, comparison_page
from tfinfra.reporting.page import page
from tfinfra.system.whole_file import write_whole

COMPARED = "comparison.html"


def report(found: Sequence[FoundRun]) -> str:
    """The page of one run, or the one that compares several. Raises UsageError, what a store raises."""
    if len({each.run for each in found}) < len(found):
        raise UsageError("a run is named twice")
    if len(found) > MOST:
        raise UsageError(f"{len(found)} runs are more than can be compared: {MOST}")
    if len(found) == 1:
        return page(found_page(found[0]))
    return comparison_page([found_page(each) for each in found])


def place(found: Sequence[FoundRun]) -> Path:
    """Where the page goes that nobody has named a file for. Raises UsageError where nobody has a record of the run, or
    somebody made its folder a link."""
    if len(found) > 1:
        return Path(COMPARED)
    results = Path(recorded(found[0]).results)
    if results.is_symlink():
        raise UsageError(f"{results} is a link, and nothing is written through it", hint="-o FILE names another place")
    return results / FILE


def write_report(text: str, path: Path) -> None:
    """Writes the page. Raises UsageError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
