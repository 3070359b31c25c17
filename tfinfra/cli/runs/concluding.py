"""How a run that a verb has driven ended: its document, its error, what a person reads last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfinfra.cli.failed import failed
from tfinfra.cli.output import print_document, print_error, result_line
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.up.launch import closing_lines


def conclude_run(result: RunResult, arguments: Sequence[str], *, as_json: bool, manifest: Path | None = None) -> int:
    """Says how the run ended and gives its exit code. `arguments` are all words of the command, `manifest` the file
    among them."""
    if as_json:
        print_document("run", result.document)
    if result.error is not None:
        print_error(result.error)
        failed(result.error, arguments, result.record.run)
    for line in closing_lines(result, manifest):
        result_line(line)
    return result.error.exit_code if result.error else 0
