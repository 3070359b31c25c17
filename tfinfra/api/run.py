"""A run, from Python: how it stands, its files, its end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinfra.api.gone_names import OF_RUN
from tfinfra.api.log_printer import LogPrinter, print_lines
from tfinfra.api.plain import (
    kind_of,
    require_dict,
    require_names,
    require_path,
    require_paths,
    require_text,
    wrong_kind,
)
from tfinfra.api.run_details import azure_ml_details
from tfinfra.api.run_files import copy_file, copy_files, file_names, log_names
from tfinfra.api.run_tags import Tags, change_tags, read_tags
from tfinfra.api.successor import Successor
from tfinfra.api.told import told
from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.documents.moments import dated
from tfinfra.errors import ProvisioningError, Result, TeardownIncomplete, TfinfraError, UsageError, error_of
from tfinfra.lifecycle.attach.saved_document import saved_document
from tfinfra.lifecycle.record.driver import ClientProcess, is_alive
from tfinfra.lifecycle.record.run_record import RECORD, RunFolder, RunPhase, run_folder
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.up import background_run
from tfinfra.model import Plan, Remark, to_json
from tfinfra.script.script_run import ScriptRun
from tfinfra.store import Unreadable, read_file
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import say_nothing

if TYPE_CHECKING:
    from typing_extensions import Self

POLL = 0.2
STATUSES = {
    RunPhase.STARTING: "Preparing",
    RunPhase.PROVISIONING: "Provisioning",
    RunPhase.RUNNING: "Running",
    RunPhase.HELD: "Running",
    RunPhase.ENDED: "Finalizing",
    RunPhase.DELETING: "Finalizing",
}
RESULTS = {Result.SUCCEEDED: "Completed", Result.CANCELLED: "Canceled"}
_WITH_NODES = (RunPhase.RUNNING, RunPhase.HELD, RunPhase.ENDED)
_FILES = "run.get_file_names() lists the names"
Names = list[str]
Documents = list[dict[str, Any]]
Numbers = list[float]


def _status(phase: RunPhase, result: Result | None) -> str:
    ended = phase.is_over or (phase is RunPhase.HELD and result is not None)
    return RESULTS.get(result or Result.FAILED, "Failed") if ended else STATUSES[phase]


class Run(Successor):
    """A run, by its id: of this process or of any other on this machine. Azure ML's order (experiment, id) is taken."""

    _GONE = OF_RUN

    def __init__(self, experiment: Any = None, run_id: str | None = None) -> None:
        run, of = (experiment, None) if run_id is None else (run_id, experiment)
        if not isinstance(run, str) or not RUN_ID.fullmatch(run):
            shown = f"'{run}'" if isinstance(run, str) else kind_of(run)
            hint = "write it as `tfinfra runs` shows it: Run('digits-x7k2pq')"
            raise told(UsageError(f"{shown} is no run id", hint=hint))
        self.id = run
        self.experiment = of
        self._client: ClientProcess | None = None
        self._folder: RunFolder = run_folder(state_folder(), run)

    @staticmethod
    def get(workspace: Any, run_id: str) -> Run:
        """The run of this id; of a tune a HyperDriveRun. A workspace is taken and not needed."""
        from tfinfra.api.tuning.hyperdrive_run import run_of_kind

        del workspace
        return run_of_kind(None, run_id)

    @staticmethod
    def get_context(allow_offline: bool = True) -> ScriptRun:
        """In a training script: the run that it belongs to, which takes its metrics (log, log_list, log_row, log_table,
        log_image) and tags. Anywhere else one that prints them, unless `allow_offline` is False: RuntimeError."""
        return ScriptRun.get_context(allow_offline)

    @staticmethod
    def list(
        experiment: Any,
        type: str | None = None,  # noqa: A002  the name that it has in Azure ML
        tags: Tags = None,
        properties: Any = None,
        status: str | None = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """The runs of an experiment that this machine remembers, the newest first, as `Experiment.get_runs` has them;
        with `status`, those of that status."""
        if isinstance(experiment, str) or not hasattr(experiment, "get_runs"):
            raise wrong_kind("experiment", experiment, "an experiment", "write Run.list(Experiment('digits'))")
        found = experiment.get_runs(type, tags, properties, include_children)
        return (run for run in found if status in (None, run.get_status()))

    def __repr__(self) -> str:
        status = "unknown"
        with suppress(TfinfraError):  # of a run that another machine's cloud knows, if any does
            status = self.get_status()
        return f"Run({self.id!r}, {status})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def name(self) -> str:
        """What the run is called in lists: its id."""
        return self.id

    @property
    def display_name(self) -> str:
        return self.id

    @property
    def type(self) -> str:
        return "tfinfra"

    @property
    def parent(self) -> None:
        """A run has none."""

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
    def tasks(self) -> Documents:
        """The tasks as run.json gives them: task, node, state, exit_status, times."""
        return [*self.get_details().get("tasks", [])]

    def get_status(self) -> str:
        """Preparing, Provisioning, Running, Finalizing, Completed, Failed or Canceled; NotResponding of another
        machine's run whose record is lost. Raises UsageError where nobody knows the run."""
        record = self._folder.read()
        if record is not None:
            return _status(record.phase, record.result)
        if self._is_known_here:
            return "Failed" if self._failure() or not is_alive(self._client) else "Preparing"
        found = self._document()
        phases = {phase.value: phase for phase in RunPhase}
        phase, result = phases.get(found.get("phase", "")), found.get("result")
        return _status(phase, Result(result) if result else None) if phase else "NotResponding"

    def get_details(self) -> dict[str, Any]:
        """The run's document, as `tfinfra status --json` prints it, and with the keys of Azure ML's: runId, target,
        status, startTimeUtc, endTimeUtc (of a run that is over), runDefinition, logFiles, tags, properties."""
        as_azure_ml = azure_ml_details(
            *(self.id, self.get_status(), self._folder.read()),
            plan=self._plan(),
            tags=self.get_tags(),
            results=self.outputs.parent,
        )
        return {**dated("status", self._document()), **as_azure_ml}

    def get_details_with_logs(self) -> dict[str, Any]:
        """As `get_details`, with the text of each log in place of its path."""
        details = self.get_details()
        logs = {name: Path(path).read_text("utf-8", "replace") for name, path in details["logFiles"].items()}
        return {**details, "logFiles": logs}

    def _plan(self) -> Plan | None:
        try:
            return self._folder.plan()
        except (OSError, ValueError):  # not compiled yet, or lost with its copy of the deploy folder
            return None

    def _document(self) -> dict[str, Any]:
        record = self._folder.read()
        if record is None and self._is_known_here:
            odd = self._folder.unreadable()
            if odd is None:
                return {"run": self.id, "tasks": [], "phase": RunPhase.STARTING.value, **(self._failure() or {})}
            unknown = {"phase": RunState.UNKNOWN.value, "message": str(odd), "unreadable": [str(odd)]}
            return {"run": self.id, "tasks": [], **unknown}
        document = saved_document(record) if record and record.phase.is_over else None
        if not isinstance(document, dict):
            from tfinfra.lifecycle.attach.find_run import find_run
            from tfinfra.lifecycle.attach.status import status_document

            document = status_document(find_run(self.id))
        plain: dict[str, Any] = to_json(document)
        return plain

    def wait_for_completion(
        self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True
    ) -> dict[str, Any]:
        """Waits until the run has ended, its outputs are here and everything is deleted, whether or not
        `wait_post_processing`; with `show_output`, prints its progress and the leader's lines. Returns the run's
        details; raises what ended a run that did not succeed, with `raise_on_error`. Ctrl-C ends the waiting, not the
        run."""
        del wait_post_processing
        with LogPrinter(self._folder.client_log, show_output) as log:
            while self._goes_on():
                log.show()
                time.sleep(POLL)
        if self._drives_itself():
            self._attend(show_output)
        details = self.get_details()
        if raise_on_error:
            self._raise(details)
        return details

    def get_file_names(self) -> Names:
        """The names of the run's files: outputs/…, logs/…, tasks/<task>.log, nodes/<node>.log, run.json. Of a run that
        still trains, what it has written so far is brought here first, as `tfinfra fetch` does."""
        return file_names(self._brought())

    def download_file(self, name: str, output_file_path: str | os.PathLike[str] | None = None) -> None:
        """Copies a file of the run to a path, into a folder, or into the current folder."""
        require_text("name", name, _FILES)
        require_path("output_file_path", output_file_path)
        copy_file(self._brought(), name, output_file_path)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | os.PathLike[str] | None = None,
        output_paths: Sequence[str | os.PathLike[str]] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: int | None = None,
    ) -> None:
        """Copies the files whose names begin with `prefix` below a folder, by their names: without the prefix where
        `append_prefix` is False. The files are on this machine: size of batches and time-out mean nothing."""
        del batch_size, timeout_seconds
        require_text("prefix", "" if prefix is None else prefix, _FILES)
        require_path("output_directory", output_directory)
        require_paths("output_paths", output_paths)
        copy_files(self._brought(), prefix, output_directory, output_paths, with_prefix=append_prefix)

    def get_metrics(
        self, name: str | None = None, recursive: bool = False, run_type: str | None = None, populate: bool = False
    ) -> dict[str, float | Numbers]:
        """{name: its value, or all values in their order where it was logged more than once}, with `name` of that
        metric alone: the leader's, of a metric that only other tasks logged those of all by their time. A run has no
        children, and nothing is kept elsewhere: the other arguments mean nothing."""
        from tfinfra.lifecycle.attach.find_run import find_run
        from tfinfra.lifecycle.metrics.run_points import leader_of, run_points
        from tfinfra.lifecycle.metrics.series import values_by_name
        from tfinfra.lifecycle.metrics.sieve import Wanted
        from tfinfra.lifecycle.watch.home_points import is_of_node

        del recursive, run_type, populate
        require_text("name", "" if name is None else name, "run.get_metrics() has all")
        found = find_run(self.id, ended=True)
        wanted = Wanted(frozenset() if name is None else frozenset({name}))
        points = (point for point in run_points(found) if wanted.takes(point, is_of_node))
        return values_by_name(points, leader_of(found))

    def get_parameters(self) -> dict[str, str]:
        """The parameters that the run's scripts told MLflow, without those of further MLflow runs: the last text of
        each, the leader's where it gave one."""
        from tfinfra.lifecycle.attach.find_run import find_run
        from tfinfra.lifecycle.metrics.remarks import Remarks
        from tfinfra.lifecycle.metrics.run_points import leader_of, run_logged

        found = find_run(self.id, ended=True)
        remarks = Remarks(leader_of(found))
        for each in run_logged(found):
            if isinstance(each, Remark):
                remarks.add(each)
        return remarks.of("").parameters

    def get_all_logs(self, destination: str | os.PathLike[str] | None = None) -> Names:
        """Copies all logs below a folder, or the current one; returns their paths."""
        require_path("destination", destination)
        results = self._brought()
        return [str(copy_file(results, name, Path(destination or "") / name)) for name in log_names(results)]

    def _brought(self) -> Path:
        """The folder with the run's files."""
        record = self._folder.read()
        if record is not None and record.phase in _WITH_NODES:
            try:
                self._fetch()
            except TfinfraError:
                if (now := self._folder.read()) is not None and now.phase in _WITH_NODES:
                    raise  # else it has ended meanwhile, and its client brought all
        elif record is None and not self._is_known_here:
            self._fetch()
        return self.outputs.parent

    def _fetch(self) -> None:
        """As `tfinfra fetch`: of a run that has ended, what is left of it is deleted then."""
        from tfinfra.lifecycle.attach.attached_run import fetch
        from tfinfra.lifecycle.attach.find_run import find_run

        fetch(find_run(self.id), self.outputs.parent.parent, say_nothing)

    def _get_outputs_datapath(self) -> str:
        """What `TensorFlow(resume_from=…)` takes to go on from this run's checkpoints."""
        return self.id

    def get_children(self, *given: Any, **named: Any) -> Iterator[Run]:
        """A run has no children."""
        del given, named
        return iter(())

    @property
    def tags(self) -> dict[str, str | None]:
        return self.get_tags()

    def get_tags(self) -> dict[str, str | None]:
        """The run's tags: those of its submission, and those that were set on this machine since."""
        return read_tags(self._folder, self._submitted())

    def tag(self, key: str, value: Any = None) -> None:
        """Sets a tag, on this machine: the resources of the run keep those of its submission."""
        self._change_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Sets several tags."""
        require_dict("tags", tags, "write run.set_tags({'key': 'value'})")
        self._change_tags(tags)

    def remove_tags(self, tags: str | Sequence[str]) -> dict[str, str | None]:
        """Removes tags, by their names; returns those that are left."""
        require_names("tags", tags, "write run.remove_tags(['key'])")
        return self._change_tags({}, removed=tags)

    def _change_tags(self, new: Mapping[str, Any], removed: str | Sequence[str] = ()) -> dict[str, str | None]:
        if not self._is_known_here:
            self._document()  # raises for a run that nobody knows
        return change_tags(self._folder, self._submitted(), new, removed)

    def cancel(self, *, discard: bool = False) -> None:
        """Stops the run, fetches its outputs and deletes everything; returns when that is done. Raises
        TeardownIncomplete where outputs cannot be fetched: the group that holds them stays then, unless `discard` gives
        them up."""
        from tfinfra.lifecycle.attach.attached_run import end_run
        from tfinfra.lifecycle.attach.find_run import find_run
        from tfinfra.lifecycle.record.driver import stop_process
        from tfinfra.lifecycle.run.signals import leave_word

        known, odd = self._is_known_here, self._folder.unreadable()
        if known:
            leave_word(self._folder.path, "Run.cancel()")
            stop_process(self._client)
        if not known or odd or (self._folder.read() and self.get_status() not in ("Completed", "Failed", "Canceled")):
            end_run(find_run(self.id), say_nothing, discard=discard)

    def _driven_by(self, client: ClientProcess) -> Self:
        """This run, which has no record yet: `client` will write it."""
        self._client = client
        return self

    def _submission(self) -> Mapping[str, Any]:
        """What it was submitted with from Python: its name and its arguments; {} of any other run."""
        request = read_file(self._folder.path / background_run.REQUEST, dict[str, Any])
        return request if isinstance(request, dict) else {}

    def _submitted(self) -> Mapping[str, Any]:
        """The arguments that it was submitted with from Python."""
        arguments = self._submission().get("arguments")
        return arguments if isinstance(arguments, dict) else {}

    @property
    def _is_known_here(self) -> bool:
        """Whether this machine began the run; what it knows of others it asks their cloud."""
        files = (RECORD, background_run.REQUEST)
        return self._client is not None or any((self._folder.path / name).exists() for name in files)

    def _drives_itself(self) -> bool:
        """Whether no process of this machine will bring the outputs: it was detached, or is another machine's."""
        record = self._folder.read()
        return record.detached and not record.phase.is_over if record else not self._is_known_here

    def _attend(self, show_output: bool) -> None:
        """Follows the leader's log to its end, and brings the run home."""
        from tfinfra.lifecycle.attach.find_run import find_run
        from tfinfra.lifecycle.attach.run_logs import WantedLogs, log_lines

        lines = log_lines(find_run(self.id), WantedLogs(follow=True))
        print_lines((line.text for line in lines), shown=show_output)
        self._fetch()

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
            left = f"{self.id}: left are {', '.join(record.left)}"
            raise told(TeardownIncomplete(left, hint=f"tfinfra down {self.id}"))
        if record is not None and not record.phase.is_over:
            lost = f"{self.id} lost the process that drove it"
            raise told(ProvisioningError(lost, hint=f"tfinfra fetch {self.id}"))
        if details.get("result") == Result.SUCCEEDED:
            return
        code = details.get("exit_code")
        kind = error_of(code) if isinstance(code, int) else TfinfraError
        message = str(details.get("message") or f"{self.id} failed; its log is {self._folder.client_log}")
        raise told(kind(message, hint=details.get("hint")))
