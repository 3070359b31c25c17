"""A run that is waited for from outside, until it is at its end, whoever brings it there: its client, its nodes, its
timer. The waiting only looks: it ends, fetches and deletes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tfinfra.audit.log import read_events
from tfinfra.errors import CredentialsError, ProvisioningError, TfinfraError, WaitEnded, first_line
from tfinfra.lifecycle.attach.attached_run import must_be_readable
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.find_run import find_run
from tfinfra.lifecycle.attach.found_run import FoundRun, opened
from tfinfra.lifecycle.attach.living import has_nodes
from tfinfra.lifecycle.attach.status import UNKNOWN_END, with_outcome
from tfinfra.lifecycle.awaiting.run_end import RunEnd, by_outcome, by_record, unknown
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.in_store.store_view import how_it_ended, read_view
from tfinfra.lifecycle.record.not_collected import is_collected
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.record.times.phase_times import phase_times, phase_word
from tfinfra.lifecycle.record.times.usual_times import usual_of
from tfinfra.lifecycle.watch.plain_view import as_last_time
from tfinfra.lifecycle.watch.poll_times import Every, Listing
from tfinfra.model import Outcome, TaskStatus
from tfinfra.store import store_errors
from tfinfra.store.waiting import store_trouble
from tfinfra.system.clock import Clock, SystemClock, right_now
from tfinfra.system.progress import Progress
from tfinfra.text.wording import count, spell_seconds

_LOOKS = 3.0
"""How many times the cloud's own pause lies between two looks of a waiting that may take hours."""
_SOONEST = 0.3
_AGAIN = 300.0
"""Seconds after which a run that stands still is told again: CI systems end a job that says nothing."""
_PATIENCE = 600.0
"""Seconds for which nothing may answer before that ends the waiting."""
_AT_IT = ("train", "search")
"""The phases in which a run, or a tune, is training."""
_LISTS_OF_NONE = 2
"""So many lists without a group of the run are believed."""


@dataclass(frozen=True)
class Waited:
    """What a waiting came to after `seconds`: `end`, or None where its own time was over and the run goes on, which was
    in `state` then."""

    run: str
    state: RunState
    end: RunEnd | None
    seconds: float

    @property
    def exit_code(self) -> int:
        return self.end.exit_code if self.end else WaitEnded.exit_code

    def document(self) -> dict[str, Any]:
        """As `wait --json` gives it."""
        end = self.end
        return {
            "run": self.run,
            "ended": end is not None,
            "state": end.state if end else self.state,
            "result": end.result if end else None,
            "exit_code": self.exit_code,
            "message": end.message if end else "",
            "hint": end.hint if end else None,
            "results": end.results if end else None,
            "groups": end.groups if end else [],
            "kept_until": end.kept_until if end else None,
            "seconds": round(self.seconds, 1),
        }


def wait_for_end(
    name: str, options: CloudOptions, timeout: float | None, tell: Progress, clock: Clock | None = None
) -> Waited:
    """Returns once the run of this id or name is at its end, or `timeout` seconds (None: no bound) have passed; `tell`
    hears how it stands. Raises UsageError where nobody knows the run, CredentialsError, and, where the cloud does not
    answer for long, ProvisioningError: the run goes on all the same."""
    clock = clock or SystemClock()
    began = clock.monotonic()
    found = find_run(name, options, tell, ended=True)
    must_be_readable(found)
    awaited = AwaitedRun(found, clock, tell)
    while (end := awaited.look()) is None:
        left = None if timeout is None else began + timeout - clock.monotonic()
        if left is not None and left <= 0:
            break
        clock.sleep(awaited.pause if left is None else min(awaited.pause, left))
    return Waited(found.run, awaited.state, end, clock.monotonic() - began)


class AwaitedRun:
    """One run, looked at again and again. A client of this machine is watched as a process, all else by the run's store
    and, seldom, by ARM."""

    def __init__(self, found: FoundRun, clock: Clock, tell: Progress) -> None:
        self._found = found
        self._clock = clock
        self._tell = tell
        self._was_driven = self._refused = self._late = False
        self._listing: Listing | None = None
        self._lists_of_none = 0
        self._outcome: Outcome | None = found.outcome
        self._answered = clock.monotonic()
        self._usual = usual_of(found.record, found.folder) if found.record is not None else {}
        self._told = ""
        self._again = Every(_AGAIN, clock.monotonic)
        self.state = RunState.UNKNOWN

    @property
    def pause(self) -> float:
        """Seconds to the next look."""
        return max(_SOONEST, _LOOKS * self._found.ports.cloud.pace.look)

    def look(self) -> RunEnd | None:
        """How it ended, None while it goes on. Raises what has kept it from knowing for long, and CredentialsError at
        once."""
        silent: tuple[type[Exception], ...] = (ProvisioningError, CredentialsError, *store_errors())
        try:
            end = self._look()
        except silent as error:
            self._bear(error)
            return None
        self._answered = self._clock.monotonic()
        return end

    def _bear(self, error: Exception) -> None:
        """A cloud that does not answer is asked again; a caller without a token will go on having none. A store refuses
        who could read it a moment ago while it is deleted: grants go first."""
        trouble = store_trouble(error) or error
        known = trouble if isinstance(trouble, TfinfraError) else ProvisioningError(f"its store: {first_line(error)}")
        if isinstance(error, CredentialsError) or self._clock.monotonic() - self._answered > _PATIENCE:
            run = self._found.run
            known.message = f"{known.message}; the run goes on, `tfinfra wait {run}` goes on waiting"
            raise known.detailed(run=run) from error
        self._late = True  # its store goes with its groups
        self._say(f"warning: {self._found.run} cannot be looked at, trying again: {known}")

    def _look(self) -> RunEnd | None:
        record = self._own_record()
        if record is not None:
            if is_alive(record.client):
                self._was_driven = True
                self._stands(RunState(phase_word(record.phase)), ())
                return None
            record = self._own_record() or record  # what it wrote last
            if record.phase.is_over:
                return by_record(record, self._found)
            if self._was_driven:  # its client died on the way: from here on its store tells
                self._was_driven, self._late = False, True
        listed = self._list()
        if self._lists_of_none >= _LISTS_OF_NONE:
            return self._gone(record)
        return self._by_store(listed=listed)

    def _own_record(self) -> RunRecord | None:
        return None if self._found.borrowed else self._found.folder.read()

    def _list(self) -> bool:
        """Asks ARM for the run's groups, where it is time to; whether it was asked. Raises CredentialsError,
        ProvisioningError."""
        ports = self._found.ports
        self._listing = self._listing or Listing(ports.cloud.timeouts, self._clock.monotonic)
        if not self._listing.due(late=self._late or self._lists_of_none > 0, refused=self._refused):
            return False
        self._refused = True
        groups = tuple(group for group in ports.arm.groups() if group.run == self._found.host)
        self._refused = False
        self._lists_of_none = 0 if groups else self._lists_of_none + 1
        fresh = replace(self._found, groups=groups, record=self._found.folder.read())
        self._found = opened(fresh) if groups and (self._found.store is None or self._late) else fresh
        self._late = False
        return True

    def _by_store(self, *, listed: bool) -> RunEnd | None:
        found = self._found
        if listed:
            found = with_outcome(found)
        store = found.store
        ended = how_it_ended(store, right_now()) if store is not None else None
        self._outcome = (ended if isinstance(ended, Outcome) else None) or found.outcome or self._outcome
        if listed or ended is not None:
            self._stands(replace(found, outcome=self._outcome).status.state, self._tasks())
        if found.record is not None and found.record.result is not None and not found.driven_elsewhere:
            return by_record(found.record, found)  # what its client recorded, or that it left nothing to record
        if ended is None and self._outcome is None:
            return None
        over = store is None or is_collected(store) or (listed and not has_nodes(found))
        if not over or found.driven_elsewhere:
            return None
        return by_outcome(self._outcome, found) if self._outcome else unknown(found, f"{UNKNOWN_END}: {ended}")

    def _gone(self, record: RunRecord | None) -> RunEnd:
        """Others have deleted it meanwhile."""
        if record is not None and record.result is not None:
            return by_record(record, self._found)
        if self._outcome is not None:
            return replace(by_outcome(self._outcome, self._found), state=RunState.DELETED)
        return replace(unknown(self._found, f"it is deleted, and {UNKNOWN_END} here"), state=RunState.DELETED)

    def _tasks(self) -> tuple[TaskStatus, ...]:
        return read_view(self._found.store).tasks if self._found.store is not None else ()

    def _stands(self, state: RunState, tasks: Sequence[TaskStatus]) -> None:
        self.state = state
        said = ", ".join(filter(None, (state.value, _counted(tasks))))
        self._say(
            f"{self._found.run}: {said}",
            lambda: self._as_last_time(tasks) if state is RunState.TRAINING else "",
        )

    def _as_last_time(self, tasks: Sequence[TaskStatus]) -> str:
        """ " (for 20 min; about 2 h, as last time)"; "" where one of the two is not known. It began as the run's client
        noted, else with its first task."""
        record = self._found.folder.read()
        phases = phase_times(record, read_events(self._found.folder.audit.path)) if record is not None else []
        noted = {phase.phase: phase.began for phase in phases if phase.phase in _AT_IT and phase.began is not None}
        first = min((task.started for task in tasks if task.started is not None), default=None)
        phase, began = next(iter(noted.items()), ("train", first))
        passed = right_now() - began if began is not None else 0.0
        told = as_last_time(self._usual.get(phase), passed)
        return f" (for {spell_seconds(passed)}; {told})" if told and began is not None else ""

    def _say(self, text: str, more: Callable[[], str] = lambda: "") -> None:
        """What is new, and now and then what is not; `more` is what grows old meanwhile, and makes nothing new."""
        if text != self._told:
            self._again = Every(_AGAIN, self._clock.monotonic)
        if self._again.due():
            self._tell(text + more())
            self._told = text


def _counted(tasks: Sequence[TaskStatus]) -> str:
    """ "2 tasks running, 1 succeeded"."""
    (first, number), *others = Counter(task.state for task in tasks).most_common() or [("", 0)]
    more = "".join(f", {each} {state}" for state, each in others)
    return f"{count(number, 'task')} {first}{more}" if number else ""
