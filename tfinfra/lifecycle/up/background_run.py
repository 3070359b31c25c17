"""The process behind a run that was submitted from Python: it drives the run to its end whatever becomes of the process
that submitted it. `python -m tfinfra.lifecycle.up.background_run <request.json>`; lines go to stdout, which is the
run's client.log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfinfra.errors import Diagnostic, Severity, TfinfraError
from tfinfra.lifecycle.record.driver import ClientProcess, process_of
from tfinfra.lifecycle.record.error_record import telling
from tfinfra.lifecycle.record.last_failure import note_failure
from tfinfra.lifecycle.record.run_record import RunFolder, write_json
from tfinfra.lifecycle.up.launch import LaunchOptions, closing_lines, launch
from tfinfra.lifecycle.watch.plain_view import PlainView
from tfinfra.system import child_python
from tfinfra.system.ownership import make_private
from tfinfra.text.cleaning import clean
from tfinfra.text.masking import redact

FAILURE = "failure.json"


@dataclass(frozen=True)
class Submission:
    """What was submitted: the estimator's arguments, and where deploy/ and runs/ are made."""

    arguments: Mapping[str, Any]
    name: str
    folder: str
    rehearse: bool
    machines: str | None
    letters: str


def start(submission: Submission, folder: RunFolder) -> ClientProcess:
    """Starts the run in a process and a session of its own, so that neither the end of this process nor a Ctrl-C in
    its terminal ends the run."""
    make_private(folder.path)
    path = folder.path / "request.json"
    write_json(path, asdict(submission))
    with folder.client_log.open("wb") as log:
        child = subprocess.Popen(
            child_python.module("tfinfra.lifecycle.up.background_run", str(path)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return process_of(child.pid)


def main(path: Path) -> int:
    """Drives the submitted run. What is raised goes to failure.json: of a run that was not even compiled there is no
    record that says it."""
    submission = Submission(**json.loads(path.read_text("utf-8")))
    try:
        result = launch(lambda: _project(submission), _options(submission), PlainView(sys.stdout, sys.stdout, _render))
    except TfinfraError as error:
        write_json(path.parent / FAILURE, telling(error))
        note_failure(error, ["submit"], path.parent.name)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the outermost edge: its log must not show what a traceback may hold
        write_json(path.parent / FAILURE, telling(error))
        print(redact(traceback.format_exc()), file=sys.stderr, flush=True)
        return 1
    print(clean("\n".join(closing_lines(result))), flush=True)
    if result.error is not None:
        note_failure(result.error, ["submit"], path.parent.name)
    return result.error.exit_code if result.error else 0


def _project(submission: Submission) -> Any:
    from tfinfra.compiler.load import project_from_arguments

    return project_from_arguments(
        submission.arguments, name=submission.name, folder=Path(submission.folder), rehearse=submission.rehearse
    )


def _options(submission: Submission) -> LaunchOptions:
    return LaunchOptions(
        folder=Path(submission.folder),
        rehearse=submission.rehearse,
        machines=submission.machines,
        letters=submission.letters,
    )


def _render(diagnostic: Diagnostic) -> str:
    """Errors were shown by the submitting process; what is left are warnings and notices."""
    kind = "warning" if diagnostic.severity is Severity.WARNING else diagnostic.severity.value
    return f"{kind}[{diagnostic.code}]: {diagnostic.message}"


if __name__ == "__main__":
    status = main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(status)
