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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfinfra.compiler.pipeline import Project
from tfinfra.errors import Diagnostic, TfinfraError
from tfinfra.lifecycle.record.driver import ClientProcess, process_of
from tfinfra.lifecycle.record.error_record import recorded_error
from tfinfra.lifecycle.record.last_failure import note_failure
from tfinfra.lifecycle.record.run_record import RunFolder, write_json
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up.launch import closing_lines, launch
from tfinfra.lifecycle.watch.plain_view import PlainView
from tfinfra.manifest.words.python_words import in_python
from tfinfra.system.ownership import make_private
from tfinfra.system.process import child_python
from tfinfra.text.cleaning import clean
from tfinfra.text.masking import redact

REQUEST = "request.json"
FAILURE = "failure.json"
CARRIED = ("target", "rehearse", "detach", "keep", "machines", "store", "locked", "letters", "tune", "resume")
CARRIED_PATHS = ("folder", "own_state", "guardrails", "lock_file")
"""The fields of UpOptions that a submission carries to the process that drives the run."""


@dataclass(frozen=True)
class Submission:
    """What was submitted: the estimator's arguments, the experiment's name, and what is wished of the run."""

    arguments: Mapping[str, Any]
    name: str
    options: UpOptions

    def write(self, path: Path) -> None:
        """Raises ValueError for options that another process cannot take over: a consent that asks somebody, and what
        is known only once the cloud is."""
        carried = {name: getattr(self.options, name) for name in CARRIED}
        carried |= {n: str(found) for n in CARRIED_PATHS if (found := getattr(self.options, n)) is not None}
        if _options(carried) != self.options:
            raise ValueError(f"a submission carries only these options: {', '.join(carried)}")
        write_json(path, {"arguments": self.arguments, "name": self.name, **carried})

    @classmethod
    def read(cls, path: Path) -> Submission:
        """An option that the file does not name has its default."""
        document = json.loads(path.read_text("utf-8"))
        arguments, name = document.pop("arguments"), document.pop("name")
        return cls(arguments, name, _options(document))

    def project(self) -> Project:
        from tfinfra.compiler.load import project_from_arguments

        options = self.options
        project = project_from_arguments(
            self.arguments,
            name=self.name,
            folder=options.folder,
            rehearse=options.rehearse,
            guardrails=options.guardrails,
        )
        return replace(project, unlocked="") if options.lock_file else project  # all of the lock is compared


def _options(carried: Mapping[str, Any]) -> UpOptions:
    paths = {name: Path(carried[name]) for name in CARRIED_PATHS if name in carried}
    return UpOptions(**{**carried, **paths})


def start(submission: Submission, folder: RunFolder) -> ClientProcess:
    """Starts the run in a process and a session of its own, so that neither the end of this process nor a Ctrl-C in
    its terminal ends the run."""
    make_private(folder.path)
    path = folder.path / REQUEST
    submission.write(path)
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
    submission = Submission.read(path)
    try:
        result = launch(submission.project, submission.options, PlainView(sys.stdout, sys.stdout, _render))
    except TfinfraError as error:
        write_json(path.parent / FAILURE, recorded_error(error))
        note_failure(error, ["submit"], path.parent.name)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the outermost edge: its log must not show what a traceback may hold
        write_json(path.parent / FAILURE, recorded_error(error))
        print(redact(traceback.format_exc()), file=sys.stderr, flush=True)
        return 1
    print(clean("\n".join(closing_lines(result))), flush=True)
    if result.error is not None:
        note_failure(result.error, ["submit"], path.parent.name)
    return result.error.exit_code if result.error else 0


def _render(diagnostic: Diagnostic) -> str:
    """Errors were shown by the submitting process; what is left are warnings and notices."""
    told = in_python(diagnostic)
    return f"{told.severity.value}[{told.code}]: {told.in_a_line}"


if __name__ == "__main__":
    status = main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(status)
