"""Watches a run through its object store, never by a connection to a node: outcome, task states, the leader's log, what
failed at boot. It decides by itself only what no node can say any more: that none of them answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from tfinfra.errors import Cancelled, Result
from tfinfra.lifecycle.watch.absent import why_absent
from tfinfra.lifecycle.watch.census import Census
from tfinfra.lifecycle.watch.latest_metric import MetricReader
from tfinfra.lifecycle.watch.log_reader import AT_THE_END, LogLine, LogReader
from tfinfra.lifecycle.watch.not_sent import not_sent, why_not_sent
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.lifecycle.watch.poll_times import LATE, Every
from tfinfra.lifecycle.watch.store_patience import StorePatience
from tfinfra.lifecycle.watch.waiting import (
    Waiting,
    last_line,
    waiting_for_nodes,
    waiting_for_outputs,
    waiting_for_tasks,
)
from tfinfra.model import (
    Beat,
    BootFault,
    CollectedMark,
    CollectingMark,
    Forwarded,
    Heartbeat,
    Inventory,
    Outcome,
    Plan,
    StopRequest,
    TaskStatus,
    Timeouts,
)
from tfinfra.store import LARGE, ObjectStore, Records, encode, keys, put_first, store_errors
from tfinfra.text.wording import count

BEAT = 2.0
SLOW = 0.5
SOON = 10.0
"""Seconds after which a wait is told that is most often over by then."""
AGAIN = 60.0
"""Seconds between two looks at what a task that is waited for has written."""
FROZEN = 30.0
"""Seconds that nodes may be silent for, at most, beyond the time after which each of them counts as late."""
GRACE = 2.0
"""Seconds that a node's last words may take into the store after ARM has seen its end."""


class Watch:
    """Call `poll` a few times a second until it gives the outcome. `instances` counts the machines that ARM says are
    running (None: unknown), `deaths` says what it knows of those that are gone; both run on a thread of their own.
    Seconds of `look` lie between two looks into the store."""

    def __init__(
        self,
        store: ObjectStore,
        plan: Plan,
        *,
        timeouts: Timeouts,
        observer: Observer,
        clock: Callable[[], float],
        instances: Callable[[], int | None],
        deaths: Callable[[], str] = lambda: "",
        look: float = 0.0,
    ) -> None:
        self.first_line: float | None = None
        self.statuses: dict[str, TaskStatus] = {}
        self._store = store
        self._records = Records(store, lambda odd: observer.say(f"warning: {odd}"))
        self._plan = plan
        self._timeouts = timeouts
        self._observer = observer
        self._clock = clock
        self._census = Census(plan.node_count, timeouts, clock, instances, deaths)
        self._log = LogReader(store, plan.tasks[0].name)
        self._forwarding_told = False
        self._metric = MetricReader(store, plan.tasks[0].name, plan.metrics.primary if plan.metrics else None)
        self._look = Every(look, clock)
        self._beat = Every(BEAT, clock)
        self._slow = Every(SLOW, clock)
        self._booted: float | None = None
        self._gone_since: float | None = None
        self._beats: dict[str, tuple[int, float]] = {}
        self._phases: dict[str, str] = {}
        self._looked = clock()
        self._notices: dict[str, str] = {}
        self._boot_seen: set[str] = set()
        self._boot_errors: dict[str, str] = {}
        self._registered = self._gathering = 0
        self._ended: tuple[Outcome, float] | None = None  # until its wait for the outputs was told
        self._waited_for = ("", 0.0)
        self._waits_told: dict[str, tuple[str, float]] = {}
        self._decided = False
        away = "the run's store does not answer, the nodes go on"
        self._patience = StorePatience(clock, observer.say, "the run's store", away)

    @property
    def alone(self) -> bool:
        """Whether no node is left that could still write anything."""
        return self._decided or self._census.none_left

    def silent_nodes(self, seconds: float | None = None) -> frozenset[str]:
        """The ids of the nodes that have answered before, and have not for so many seconds; where none are given, for
        longer than a living node may be silent. What counts is the last look into the store: while this client cannot
        look, no node can be seen."""
        longest = self._timeouts.heartbeat + GRACE if seconds is None else seconds
        return frozenset(node for node, (_, seen) in self._beats.items() if self._looked - seen > longest)

    def phase_of(self, node_id: str) -> str | None:
        """What the node was at when it was last seen."""
        return self._phases.get(node_id)

    def boot_began(self) -> None:
        """The scale set is there: from now on its nodes have `timeouts.register` to answer, and ARM knows them."""
        self._booted = self._clock()

    def poll(self) -> Outcome | None:
        """Tells the observer what is new. The outcome, once a node has written it or no node can any more.

        A store that does not answer is waited for: the nodes need no client. Raises ProvisioningError after PATIENCE.
        """
        if not self._look.due():
            return None
        return self._patience.of(self._poll, None)

    def _poll(self) -> Outcome | None:
        self._lines(self._log.new())
        self._be_seen()
        if self._slow.due():
            statuses = self._task_statuses()  # before the nodes, and told after them: no task runs before all are there
            self._look_at_nodes()
            self._tell_tasks(statuses)
            self._tell_waiting(self._waiting())
            self._tell_metric()
            self._tell_forwarding()
            request = self._records.get(keys.STOP, StopRequest)
            if request is not None:  # from another tfinfra that can write the run's store
                raise Cancelled(request.message or "another tfinfra asked this run to end")
        if self._booted is not None and self._registered < self._plan.node_count:
            self._census.look(self._is_late())
        outcome = self.outcome() or self._own_outcome()
        if outcome is None:
            return None
        self._ended = outcome, self._clock()
        self._look_at_tasks()
        died = self._census.died
        if outcome.result == Result.FAILED and not outcome.task and died and not self._decided:
            return replace(outcome, message=f"{outcome.message}: {died}")  # why a node never came, no node can know
        return outcome

    def outcome(self) -> Outcome | None:
        """How the training ended, if it has."""
        return self._records.get(keys.OUTCOME, Outcome)

    def collected(self) -> bool:
        """Whether the nodes have brought all outputs and logs into the store, as far as that was looked at. A store
        that does not answer is waited for, as in `poll`."""
        if not self._look.due():
            return False
        return self._patience.of(self._collected, False)

    def _collected(self) -> bool:
        self._be_seen()
        self._lines(self._log.new())
        if self._slow.due():
            self._look_at_nodes()
        self._census.look(self._is_late())
        if self._records.get(keys.COLLECTED, CollectedMark, LARGE) is not None:
            return True
        if self._ended is not None and self._clock() - self._ended[1] >= SOON:
            outcome, self._ended = self._ended[0], None
            found = self._records.get(keys.COLLECTING, CollectingMark, LARGE)
            self._observer.progress("train", str(waiting_for_outputs(outcome, found, self._timeouts)))
        return False

    def finish(self) -> None:
        """Shows the end of the leader's log, or says where it is, and the tasks' last states."""
        self._lines(self._log.rest(AT_THE_END))
        if self._log.goes_on():
            task = self._log.task
            self._observer.say(f"the log of {task} goes on: the rest comes home with all of it, as tasks/{task}.log")
        self._look_at_tasks()
        self._tell_metric()
        self._tell_forwarding(last=True)

    def _be_seen(self) -> None:
        """Writes that a client looks on. A store that does not take it is tried again soon."""
        if self._beat.due():
            with suppress(*store_errors()):
                self._store.put(keys.WATCH, encode(Beat(self._clock())))

    def _lines(self, lines: Iterable[LogLine]) -> None:
        for line in lines:
            if self.first_line is None:
                self.first_line = self._clock()
            self._observer.line(line.task, line.text)

    def _look_at_tasks(self) -> None:
        self._tell_tasks(self._task_statuses())

    def _task_statuses(self) -> list[TaskStatus]:
        return list(self._records.all(keys.TASKS, TaskStatus, lambda status: keys.task_key(status.task)))

    def _tell_tasks(self, statuses: Iterable[TaskStatus]) -> None:
        for status in statuses:
            known = self.statuses.get(status.task)
            self.statuses[status.task] = status
            if known is None or _shown(known) != _shown(status):
                self._observer.task(status)

    def _waiting(self) -> Waiting | None:
        if self._booted is not None and not self.statuses:
            return waiting_for_nodes(self._plan, self._registered, self._timeouts, self._booted)
        return waiting_for_tasks(self._plan, self.statuses)

    def _tell_waiting(self, waiting: Waiting | None) -> None:
        """Says each thing that is waited for, with what it wrote last, and again when that has changed, once a minute;
        what is soon over only where it is not."""
        if waiting is None or waiting.what != self._waited_for[0]:
            self._waited_for = (waiting.what if waiting else "", self._clock())
        if waiting is None or self._clock() < self._waits_told.get(waiting.what, ("", 0.0))[1] + AGAIN:
            return
        if self._clock() - self._waited_for[1] >= (SOON if waiting.soon else 0.0):
            said = last_line(self._store, waiting.task) if waiting.task else ""
            text = f"{waiting}" + (f"; its last line: {said}" if said else "")
            if text != self._waits_told.get(waiting.what, ("", 0.0))[0]:
                self._observer.progress("train", text)
            self._waits_told[waiting.what] = text, self._clock()

    def _tell_metric(self) -> None:
        if (point := self._metric.new()) is not None:
            self._observer.metric(point)

    def _tell_forwarding(self, *, last: bool = False) -> None:
        """Says once why another MLflow server did not take the metrics: they come home all the same."""
        wanted = self._plan.metrics if self._plan.pool is None else None  # a tune's trials send their own
        uri = wanted.tracking_uri if wanted is not None else None
        if self._forwarding_told or uri is None:
            return
        found = self._records.get(keys.FORWARDED, Forwarded)
        problem = why_not_sent(found, over=last and bool(self._store.list(keys.METRICS)))
        if problem is not None:
            self._forwarding_told = True
            self._observer.say(not_sent(uri, problem, "RUN"))

    def _look_at_nodes(self) -> None:
        self._look_at_boot()
        beats = self._records.all(keys.HEARTBEATS, Heartbeat, lambda beat: keys.heartbeat_key(beat.node_id))
        self._forgive_silence_of_store()
        self._phases = {beat.node_id: beat.phase for beat in beats}
        for beat in beats:
            if self._beats.get(beat.node_id, (-1, 0.0))[0] != beat.sequence:
                self._beats[beat.node_id] = (beat.sequence, self._clock())
                self._census.heard()
                if beat.notice and beat.notice != self._notices.get(beat.node_id):
                    self._observer.say(f"{self._name(beat.node_id)} is about to be {beat.notice}")
                self._notices[beat.node_id] = beat.notice
        gathering = sum(beat.phase == "gathering" for beat in beats)
        if gathering != self._gathering:
            who = f"waiting for {count(gathering, 'node')}" if gathering else "all there"
            self._observer.progress("train", f"data and secrets: {who}")
        self._gathering = gathering
        if self._registered < self._plan.node_count:
            registered = len(self._store.list(keys.NODES))
            if registered != self._registered:
                self._observer.progress("train", f"{registered} of {self._plan.node_count} nodes registered")
            self._registered = registered

    def _name(self, node_id: str) -> str:
        """ "node 1", where the nodes have ranks already."""
        inventory = self._records.get(keys.INVENTORY, Inventory, LARGE)
        ids = [node.node_id for node in inventory.nodes] if inventory else []
        return f"node {ids.index(node_id)}" if node_id in ids else f"the node {node_id}"

    def _forgive_silence_of_store(self) -> None:
        """While the store did not answer, or this process was stopped, no node had a chance to be seen."""
        gap, self._looked = self._clock() - self._looked, self._clock()
        if gap > self._timeouts.heartbeat / 2:
            self._beats = {node: (sequence, seen + gap) for node, (sequence, seen) in self._beats.items()}

    def _cause(self) -> str:
        """Why nodes are gone: what was announced for them, what one of them said itself, or what ARM knows."""
        announced = (f"{self._name(node)} was {notice}" for node, notice in self._notices.items() if notice)
        return ", ".join(sorted(announced)) or next(iter(self._boot_errors.values()), "") or self._census.died

    def _look_at_boot(self) -> None:
        for key in self._store.list(keys.BOOT):
            if key in self._boot_seen:
                continue
            self._boot_seen.add(key)
            fault = self._records.get(key, BootFault)
            if fault is not None:
                self._boot_errors[key] = fault.error
                self._observer.say(f"a node failed: {fault.error}")

    def _own_outcome(self) -> Outcome | None:
        """An outcome that no node can write: all failed to boot, none came, none is left, none answers."""
        if len(self._boot_errors) >= self._plan.node_count:
            what = "the agents of all nodes ended" if self._registered else "no node could boot"
            return self._write_failure(f"{what}: " + next(iter(self._boot_errors.values())))
        if self._booted is None:
            return None
        return self._none_left() or self._none_came(self._booted) or self._none_answers()

    def _none_left(self) -> Outcome | None:
        self._census.look(self._is_late())
        if not self._census.none_left:
            self._gone_since = None
            return None
        if self._gone_since is None:
            self._gone_since = self._clock()
        if self._clock() - self._gone_since < GRACE:
            return None
        why = self._cause()
        return self._write_failure("all nodes are gone before the training ended" + (f": {why}" if why else ""))

    def _is_late(self) -> bool:
        """Whether a node that has answered before is silent for longer than usual."""
        late = self._timeouts.heartbeat / LATE
        return any(self._clock() - seen > late for _, seen in self._beats.values())

    def _none_came(self, booted: float) -> Outcome | None:
        if self._registered or self._beats or self.statuses or self._clock() - booted < self._timeouts.register:
            return None
        why = self._cause() or why_absent(self._plan.infrastructure.image)
        return self._write_failure(f"no node registered within {self._timeouts.register:.0f} s: {why}")

    def _none_answers(self) -> Outcome | None:
        """Every node that ever answered is silent: with one node, no other can see that its agent died. One that is
        only frozen has outputs that would go with it: where ARM still has the machines they are waited for longer."""
        silent = [self._clock() - seen for _, seen in self._beats.values()]
        frozen = min(FROZEN, 2 * self._timeouts.heartbeat)
        if not silent or min(silent) < self._timeouts.heartbeat + GRACE + frozen:
            return None
        why = self._cause()
        return self._write_failure(f"no node has answered for {min(silent):.0f} s" + (f": {why}" if why else ""))

    def _write_failure(self, message: str) -> Outcome:
        """Writes a failed outcome, unless a node was first: a later reader of the store finds the same."""
        self._decided = True
        outcome = Outcome(result=Result.FAILED, message=message, ended=self._clock())
        put_first(self._store, keys.OUTCOME, outcome)
        return self.outcome() or outcome


def _shown(status: TaskStatus) -> tuple[object, ...]:
    """The fields of a status that are shown."""
    return status.state, status.exit_status, status.attempt, status.message
