"""What this machine remembers of a run: state_folder()/runs/<run>/, written when it has an id and at
every phase from then on, so that whatever happens to the client, `status`, `logs`, `fetch` and `down` can go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock

from tfinfra.audit.log import AuditLog
from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.errors import Result
from tfinfra.lifecycle.record.driver import ClientProcess, is_alive
from tfinfra.lifecycle.record.evidence_state import EvidenceState
from tfinfra.lifecycle.record.not_collected import NotCollected
from tfinfra.lifecycle.record.trials import TRIAL_OR_RUN, TRIALS, TrialOf, place_of, runs_above
from tfinfra.model import SCHEMA, Plan, Target, to_json, trial_plan
from tfinfra.model.shapes import Count, Group, Line, Name, Schema, Time, Usd, between, matching
from tfinfra.money.ledger import Ledger
from tfinfra.store import Unreadable, read_file
from tfinfra.system.clock import iso_time
from tfinfra.system.ownership import make_private
from tfinfra.system.whole_file import write_whole
from tfinfra.tuning.arguments import trial_arguments

RunId = Annotated[str, matching(TRIAL_OR_RUN, "a run id")]
RECORD = "run.json"


class RunPhase(str, Enum):
    """How far a run is, as its record says it. RUNNING: its nodes are made; HELD: it has ended and its nodes stay for a
    look; ENDED: how it ended is known, its outputs come home and its groups go; DELETING: another process than its
    client deletes it; INCOMPLETE: something of it could not be deleted."""

    STARTING = "starting"
    PROVISIONING = "provisioning"
    RUNNING = "running"
    HELD = "held"
    ENDED = "ended"
    DELETING = "deleting"
    INCOMPLETE = "incomplete"
    DELETED = "deleted"

    def __str__(self) -> str:
        return self.value

    @property
    def is_over(self) -> bool:
        """Whether nobody does anything more about the run, though something of it may be left."""
        return self in (RunPhase.DELETED, RunPhase.INCOMPLETE)


@dataclass(frozen=True)
class Attempt:
    """A compute group that was begun, and where. `refused`: why it came to nothing, by ARM's code and words."""

    group: Group
    location: Line
    vm_size: Line
    refused: str | None = None


@dataclass(frozen=True)
class RunRecord:
    """run.json of one run. `deadline` and `keep_until` are ISO 8601 in UTC, `times` Unix seconds by name.

    `result` is None until the run ended; `hint` is a way out. `results` is the folder of the outputs, `left` what could
    not be deleted; `not_collected` what of the outputs did not come home; `requests` is the URL where its client asks
    its nodes something, None where they take nothing; `latest` is the time up to which the deadline may be put off,
    None where it may not; `compute_group` is that of the newest of
    `attempts`, the keep group the same for all of them; `backend` the user's own backend of Pulumi that holds the
    stacks, without its credentials; `stacks_left` those that could not be dropped there. `usd_per_hour` is the list
    price of all groups together, `ledger` what was billed so far; `limit` is the key of limits that made the deadline,
    `run_seconds` how long after the start that is. `evidence` is what became of the run's evidence, None before there
    is any. `on` is the run whose nodes it is on, None of one that made its own: groups, store, deadline and money are
    that one's then. `trial` says what it is of the tune that `on` names, None of a run that is no trial; `resumes` is
    the tune that a tune goes on with; `manifest` the path to its file from the folder in which the run was begun, None
    where it is of no file.
    """

    run: RunId
    name: Name
    target: Target
    rehearse: bool
    owner: Line
    keep_group: Group
    compute_group: Group
    deadline: Time
    keep_until: Time
    results: str
    leader: Name
    plan_tasks: tuple[Name, ...]
    usd_per_hour: Usd
    max_cost_usd: Usd | None = None
    limit: Line = "max_run_duration"
    run_seconds: Annotated[int, between(0, 10**10)] | None = None
    ledger: Ledger = field(default_factory=Ledger)
    attempts: tuple[Attempt, ...] = ()
    machines: Line | None = None
    store: Line | None = None
    shared: Line | None = None
    requests: Line | None = None
    latest: Time | None = None
    environment: Line | None = None
    backend: Line | None = None
    phase: RunPhase = RunPhase.STARTING
    result: Result | None = None
    message: str = ""
    hint: str | None = None
    exit_code: Count | None = None
    failed_task: Name | None = None
    exit_status: Count | None = None
    fetched: bool = False
    not_collected: NotCollected | None = None
    detached: bool = False
    client: ClientProcess | None = None
    left: tuple[str, ...] = ()
    stacks_left: tuple[str, ...] = ()
    evidence: EvidenceState | None = None
    on: RunId | None = None
    trial: TrialOf | None = None
    resumes: RunId | None = None
    manifest: str | None = None
    times: dict[str, Annotated[float, between(-1e11, 1e12)]] = field(default_factory=dict)
    schema: Schema = SCHEMA

    @property
    def host(self) -> str:
        """The run whose groups it is in: itself, or the one whose nodes it is on, until nothing of it is there."""
        return self.on if self.on and self.phase != RunPhase.DELETED else self.run

    @property
    def came_to_nothing(self) -> bool:
        """Whether the run ended before it touched a cloud: nothing of it was ever there."""
        return self.phase == RunPhase.DELETED and not self.attempts and not (self.on and self.store)


class RunFolder:
    """state_folder()/runs/<run>/: run.json, events.jsonl, the deploy copy and Pulumi's state."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.deploy = path / "deploy"
        self.pulumi = path / "pulumi"
        self.audit_folder = path / "audit"
        self.bundle = path / "bundle.tar.gz"
        self.client_log = path / "client.log"
        self.audit = self._audit_log()
        self.complaints: list[str] = []
        self._unwritten: RunRecord | None = None
        self._seen: RunRecord | None = None

    @property
    def runs(self) -> Path:
        """The folder of all runs of this machine."""
        return runs_above(self.path)

    def of(self, run: str) -> RunFolder:
        """That of another run of this machine."""
        return RunFolder(place_of(self.runs, run))

    def _audit_log(self) -> AuditLog:
        return AuditLog(self.path / "events.jsonl", iso_time, self.complain)

    def complain(self, text: str) -> None:
        """Remembers once what this disk would not take: the end of the run says it."""
        if text not in self.complaints:
            self.complaints.append(text)

    def write(self, record: RunRecord) -> None:
        """Replaces run.json at once: a reader sees the old or the new one, never a part."""
        make_private(self.path)
        write_json(self.path / RECORD, to_json(record))
        self._seen = record

    def read(self) -> RunRecord | None:
        """The record, None where there is none that this version can read. Where it is removed or spoilt under this
        process, what that knew of it: the client that drives a run must end it all the same, and its next update writes
        it again. A run whose process died while it was starting is read as what it is, deleted."""
        found = self.look()
        return self._seen if isinstance(found, Unreadable) else found

    def look(self) -> RunRecord | Unreadable | None:
        """The record as `read` gives it, or why the one that is there cannot be read."""
        if self._unwritten is not None:
            return self._unwritten
        found = self._stored()
        if isinstance(found, Unreadable):
            return found
        if found is not None:
            self._seen = _ended_unless_alive(found)
        return self._seen

    def unreadable(self) -> Unreadable | None:
        """Why the record that is there cannot be read; None where it can, or there is none."""
        found = self._stored()
        return found if isinstance(found, Unreadable) else None

    def _stored(self) -> RunRecord | Unreadable | None:
        found = read_file(self.path / RECORD, RunRecord)
        if isinstance(found, RunRecord) and found.run != self.path.name:
            return Unreadable(str(self.path / RECORD), f"it is the record of {found.run}")
        return found

    def set_aside(self) -> None:
        """Takes a record that cannot be read out of the way: what it was about is verified deleted."""
        if self.unreadable() is not None:
            (self.path / RECORD).replace(self.path / f"{RECORD}.unreadable")

    def update(self, **changes: Any) -> RunRecord:
        """Writes the record with `changes` and returns it, as `change` does: for values that are not made of what the
        record says. Raises KeyError where there is no record."""
        return self.change(lambda record: replace(record, **changes))

    def change(self, changed: Callable[[RunRecord], RunRecord]) -> RunRecord:
        """Writes what `changed` makes of the record, and returns it: nobody else writes between the two. Raises
        KeyError where there is no record, and what `changed` raises.

        A disk that does not take it is complained of, and this process goes on with what it knows: nothing that was
        bought may stay because a laptop's disk is full.
        """
        try:
            with FileLock(self.path / ".lock"):
                record = changed(self._there())
                self.write(record)
        except OSError as error:
            self.complain(f"the run's record cannot be written: {error.strerror or error}")
            self._unwritten = record = changed(self._there())
        else:
            self._unwritten = None
        return record

    def _there(self) -> RunRecord:
        record = self.read()
        if record is None:
            raise KeyError(f"no record in {self.path}")
        return record

    def change_ledger(self, changed: Callable[[Ledger], Ledger]) -> RunRecord:
        """The same of the record's ledger."""
        return self.change(lambda record: replace(record, ledger=changed(record.ledger)))

    def forget(self) -> None:
        """Removes what a run that touched nothing has left here, but for its record, its log and its plan, which a
        report tells of."""
        if (self.deploy / "plan.json").exists():
            (self.deploy / "plan.json").replace(self.path / "plan.json")
        for folder in (self.deploy, self.pulumi, self.audit_folder):
            shutil.rmtree(folder, ignore_errors=True)
        self.bundle.unlink(missing_ok=True)

    def forget_stacks(self) -> None:
        """Removes what only a living run needs: Pulumi's state, and a bundle that never came to its store."""
        shutil.rmtree(self.pulumi, ignore_errors=True)
        self.bundle.unlink(missing_ok=True)

    def plan(self) -> Plan:
        """The plan that the run was started from, of a trial that of its tune with its own arguments. Raises
        FileNotFoundError or ValueError where it is not there."""
        record = self.read()
        if record is not None and record.trial is not None and record.on is not None:
            whole = self.of(record.on).plan()
            return trial_plan(whole, trial_arguments(whole.arguments, record.trial.parameters))
        path = self.deploy / "plan.json"
        found = read_file(path, Plan)
        if found is None:
            raise FileNotFoundError(path)
        if isinstance(found, Unreadable):
            raise ValueError(str(found))  # noqa: TRY004 - the file is of the wrong shape, and no argument
        return found

    def write_deploy(self, tree: Mapping[str, str]) -> None:
        """Copies the deploy folder, so that this run's stacks never depend on what the user compiles next."""
        for name, text in tree.items():
            path = self.deploy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def _ended_unless_alive(record: RunRecord) -> RunRecord:
    """The record; of a run whose process died while it was starting, the one that the process would have left: nothing
    is made in a cloud before the phase is another. Only in a backend of the user's own may its stacks be there, empty.
    """
    if record.phase != RunPhase.STARTING or is_alive(record.client):
        return record
    return replace(
        record,
        phase=RunPhase.DELETED,
        result=Result.ERROR,
        exit_code=Result.ERROR.exit_code,
        message="the process that drove it died while it prepared",
        client=None,
        stacks_left=opened_stacks(record),
    )


def opened_stacks(record: RunRecord) -> tuple[str, ...]:
    """What a run that came to nothing may have opened, empty, in a backend of the user's own; `down` drops them."""
    return (f"{record.run}-keep", f"{record.run}-compute") if record.backend else ()


def write_json(path: Path, document: Any) -> None:
    """Writes `document` as JSON by a rename."""
    write_whole(path, f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode())


def runs_folder(state: Path) -> Path:
    return state / "runs"


def run_folder(state: Path, run: str) -> RunFolder:
    """Of a run, or of a trial."""
    return RunFolder(place_of(runs_folder(state), run))


def trial_records(tune: RunFolder) -> list[RunRecord]:
    """The records of the trials of a tune that can be read, by their number."""
    folder = tune.path / TRIALS
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ()
    found = (RunFolder(folder / name).read() for name in names)
    return [record for record in found if record is not None and record.trial is not None]


def all_records(state: Path) -> list[RunRecord]:
    """Every run that this machine remembers, the oldest first."""
    return remembered(state).records


@dataclass(frozen=True)
class Remembered:
    """What one look at this machine's records has found: those of its runs, the oldest first, and by run those that
    cannot be read, cut short by a crash or another version's."""

    records: list[RunRecord]
    broken: dict[str, Unreadable]


def remembered(state: Path) -> Remembered:
    """Reads every record once."""
    found = {name: run_folder(state, name).look() for name in _names(state)}
    records = [each for each in found.values() if isinstance(each, RunRecord)]
    broken = {name: each for name, each in found.items() if isinstance(each, Unreadable)}
    return Remembered(sorted(records, key=lambda r: r.times.get("started", 0.0)), broken)


def _names(state: Path) -> list[str]:
    folder = runs_folder(state)
    return sorted(p.name for p in folder.iterdir() if RUN_ID.fullmatch(p.name)) if folder.is_dir() else []
