"""The Python face of the same pipeline, with the names of the estimator that this project succeeds:

est = TensorFlow(source_directory="./src", entry_script="train.py", node_count=2, distributed_backend="mpi")
run = Experiment("digits").submit(est)
run.wait_for_completion(show_output=True)
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.errors import (
    ManifestError,
    ProvisioningError,
    Result,
    TeardownIncomplete,
    TfinfraError,
    UsageError,
    error_of,
)
from tfinfra.lifecycle.attach.saved_document import saved_document
from tfinfra.lifecycle.record.driver import ClientProcess, is_alive
from tfinfra.lifecycle.record.names import run_id
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, run_folder
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up import background_run
from tfinfra.lifecycle.watch.log_reader import Lines
from tfinfra.model import to_json
from tfinfra.store import Unreadable, read_file
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import say_nothing
from tfinfra.text.cleaning import clean

POLL = 0.2
_AT_ONCE = 1 << 20  # characters of a log
STATUSES = {
    RunPhase.STARTING: "Preparing",
    RunPhase.PROVISIONING: "Provisioning",
    RunPhase.RUNNING: "Running",
    RunPhase.HELD: "Running",
    RunPhase.ENDED: "Finalizing",
    RunPhase.DELETING: "Finalizing",
}
RESULTS = {Result.SUCCEEDED: "Completed", Result.CANCELLED: "Canceled"}
OVER = (RunPhase.DELETED, RunPhase.INCOMPLETE)


class TensorFlow:
    """A training: every key of the manifest is an argument of the same name; None means not given.

    Relative paths start at the current folder. `Experiment.submit` checks all arguments and names the wrong ones.
    """

    def __init__(
        self,
        source_directory: str = ".",
        *,
        compute_target: str | Mapping[str, Any] | None = None,
        vm_size: str | None = None,
        vm_priority: str | None = None,
        entry_script: str | None = None,
        script_params: Mapping[str, Any] | None = None,
        node_count: int | None = None,
        process_count_per_node: int | None = None,
        worker_count: int | None = None,
        parameter_server_count: int | None = None,
        distributed_backend: str | None = None,
        use_gpu: bool | None = None,
        pip_packages: Sequence[str] | None = None,
        pip_requirements_file: str | None = None,
        environment_variables: Mapping[str, Any] | None = None,
        secrets: Sequence[str] | None = None,
        inputs: Mapping[str, Mapping[str, str]] | None = None,
        resume_from: str | None = None,
        max_run_duration_seconds: int | None = None,
        framework_version: str | None = None,
        **others: Any,
    ) -> None:
        named = {k: v for k, v in locals().items() if k not in ("self", "others", "__class__")}
        self.arguments: dict[str, Any] = {k: v for k, v in {**named, **others}.items() if v is not None}


class Experiment:
    """The name under which trainings are submitted. A workspace, as the estimator's had, is taken and not needed."""

    def __init__(self, name: Any, workspace: Any = None) -> None:
        # The estimator's order was (workspace, name).
        self.name = str(workspace if isinstance(workspace, str) and not isinstance(name, str) else name)

    def submit(
        self, estimator: TensorFlow, *, target: str | None = None, rehearse: bool = False, machines: str | None = None
    ) -> Run:
        """Starts the training and returns at once. Raises ManifestError with every error there is, before anything is
        touched. The run goes on, is fetched and deleted, even where this process ends."""
        arguments = estimator.arguments if target is None else {**estimator.arguments, "compute_target": target}
        name = _compiled_name(arguments, self.name, rehearse)
        options = UpOptions(Path.cwd(), rehearse=rehearse, machines=machines)
        folder = run_folder(options.state, run_id(name, options.letters))
        request = background_run.Submission(arguments, self.name, options)
        return Run(folder.path.name, background_run.start(request, folder))


def _compiled_name(arguments: Mapping[str, Any], name: str, rehearse: bool) -> str:
    """The plan's name, after all checks."""
    from tfinfra.compiler.load import project_from_arguments
    from tfinfra.compiler.pipeline import compile_manifest
    from tfinfra.lifecycle.data.caller_secrets import refuse_missing

    try:
        compiled = compile_manifest(project_from_arguments(arguments, name=name, folder=Path.cwd(), rehearse=rehearse))
        refuse_missing(compiled.facts, os.environ)
    except ManifestError as error:
        raise ManifestError(error.in_full(), error.hint, error.diagnostics) from None
    return compiled.plan.name


class Run:
    """A run, by its id: of this process or of any other on this machine."""

    def __init__(self, run: str, client: ClientProcess | None = None) -> None:
        if not RUN_ID.fullmatch(run):
            raise UsageError(f"'{run}' is no run id")
        self.id = run
        self._client = client
        self._folder: RunFolder = run_folder(state_folder(), run)

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.get_status()})"

    @property
    def status(self) -> str:
        return self.get_status()

    @property
    def outputs(self) -> Path:
        """The folder of what the script wrote to ./outputs, filled when the run has ended."""
        record = self._folder.read()
        results = Path(record.results) if record else Path.cwd() / "runs" / self.id
        return results / "outputs"

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The tasks as run.json gives them: task, node, state, exit_status, times."""
        return list(self.get_details().get("tasks", []))

    def get_status(self) -> str:
        """Preparing, Provisioning, Running, Finalizing, Completed, Failed or Canceled."""
        record = self._folder.read()
        if record is None:
            return "Failed" if self._failure() or not is_alive(self._client) else "Preparing"
        if record.phase in OVER:
            return RESULTS.get(record.result or Result.FAILED, "Failed")
        return STATUSES[record.phase]

    def get_details(self) -> dict[str, Any]:
        """The run's document, as `tfinfra status --json` prints it."""
        record = self._folder.read()
        if record is None:
            odd = self._folder.unreadable()
            if odd is None:
                return {"run": self.id, "tasks": [], "phase": RunPhase.STARTING.value, **(self._failure() or {})}
            unknown = {"phase": RunState.UNKNOWN.value, "message": str(odd), "unreadable": [str(odd)]}
            return {"run": self.id, "tasks": [], **unknown}
        document = saved_document(record) if record.phase in OVER else None
        if not isinstance(document, dict):
            from tfinfra.lifecycle.attach.find_run import find_run
            from tfinfra.lifecycle.attach.status import status_document

            document = status_document(find_run(self.id))
        plain: dict[str, Any] = to_json(document)
        return plain

    def wait_for_completion(self, show_output: bool = False, raise_on_error: bool = True) -> dict[str, Any]:
        """Waits until the run has ended, its outputs are here and everything is deleted; with `show_output`, prints
        its progress and the leader's lines. Returns the run's document; raises what ended a run that did not succeed,
        with `raise_on_error`. Ctrl-C ends the waiting, not the run."""
        with _LogPrinter(self._folder.client_log, show_output) as log:
            while self._goes_on():
                log.show()
                time.sleep(POLL)
        details = self.get_details()
        if raise_on_error:
            self._raise(details)
        return details

    def cancel(self, *, discard: bool = False) -> None:
        """Stops the run, fetches its outputs and deletes everything; returns when that is done. Raises
        TeardownIncomplete where outputs cannot be fetched: the group that holds them stays then, unless `discard` gives
        them up."""
        from tfinfra.lifecycle.attach.attached_run import end_run
        from tfinfra.lifecycle.attach.find_run import find_run
        from tfinfra.lifecycle.record.driver import stop_process
        from tfinfra.lifecycle.run.signals import leave_word

        leave_word(self._folder.path, "Run.cancel()")
        stop_process(self._client)
        odd = self._folder.unreadable()
        if odd is not None or (self._folder.read() and self.get_status() not in ("Completed", "Failed", "Canceled")):
            end_run(find_run(self.id), say_nothing, discard=discard)

    def _goes_on(self) -> bool:
        record = self._folder.read()
        client = self._client if record is None else record.client
        return is_alive(client) if client is not None else False

    def _failure(self) -> dict[str, Any] | None:
        path = self._folder.path / background_run.FAILURE
        found = read_file(path, dict[str, Any])
        return {"message": str(found)} if isinstance(found, Unreadable) else found

    def _raise(self, details: dict[str, Any]) -> None:
        record = self._folder.read()
        if record is not None and record.phase == RunPhase.INCOMPLETE:
            raise TeardownIncomplete(f"{self.id}: left are {', '.join(record.left)}", hint=f"tfinfra down {self.id}")
        if record is not None and record.phase not in OVER:
            raise ProvisioningError(f"{self.id} lost the process that drove it", hint=f"tfinfra fetch {self.id}")
        if details.get("result") == Result.SUCCEEDED:
            return
        code = details.get("exit_code")
        kind = error_of(code) if isinstance(code, int) else TfinfraError
        message = str(details.get("message") or f"{self.id} failed; its log is {self._folder.client_log}")
        raise kind(message, hint=details.get("hint"))


class _LogPrinter:
    """Prints a growing file as it grows, to its end: what a run of an older tfinfra left in it is cleaned here."""

    def __init__(self, path: Path, shown: bool) -> None:
        self._file = path.open(encoding="utf-8", errors="replace", newline="\n") if shown and path.exists() else None
        self._lines = Lines()

    def __enter__(self) -> _LogPrinter:
        return self

    def __exit__(self, *raised: object) -> None:
        self.show()
        if self._file is not None:
            self._print(self._lines.end())
            self._file.close()

    def show(self) -> None:
        while self._file is not None and (text := self._file.read(_AT_ONCE)):
            self._print(self._lines.of(text))

    def _print(self, lines: Iterator[str]) -> None:
        for line in lines:
            print(clean(line), flush=True)
