"""A tune's search, from nodes that boot to its last trial's files at home: read `Search.go` for the order. This client
is the one writer: it alone draws parameters, asks nodes for trials, and writes the journal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress

from tfinfra.errors import LimitReached, Result, TfinfraError, first_line
from tfinfra.lifecycle.end.ending import POLL
from tfinfra.lifecycle.end.trials_home import TrialsHome
from tfinfra.lifecycle.record.names import further_store
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.lifecycle.run.request_channel import Channel
from tfinfra.lifecycle.tuning.asking import ANEW, PUTS, AskedTrial
from tfinfra.lifecycle.tuning.how_it_ended import (
    best_all_the_same,
    failures_alike,
    success,
    why_failed,
    without_best,
    without_metric,
)
from tfinfra.lifecycle.tuning.lost_pool import READY, none_left, takes_nothing
from tfinfra.lifecycle.tuning.pool_places import PoolPlaces
from tfinfra.lifecycle.tuning.trial_book import TrialBook
from tfinfra.lifecycle.tuning.trial_life import SPEECHLESS, LiveTrial
from tfinfra.lifecycle.tuning.trial_points import TrialPoints
from tfinfra.lifecycle.tuning.tune_view import TuneView
from tfinfra.lifecycle.watch.not_sent import not_sent, why_not_sent
from tfinfra.lifecycle.watch.poll_times import LATE
from tfinfra.lifecycle.watch.store_patience import StorePatience
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.model import Forwarded, Inventory, Outcome, Plan
from tfinfra.model.spec import limit_key
from tfinfra.model.trials import TrialAsked, trial_id
from tfinfra.model.tuning import Tune
from tfinfra.store import LARGE, ObjectStore, keys, readable, store_errors
from tfinfra.system.clock import iso_time, unix_time
from tfinfra.text.wording import count, listed, spell_seconds
from tfinfra.tuning.arguments import trial_arguments
from tfinfra.tuning.journal import Asked, Trial
from tfinfra.tuning.policies import Trace, cuts

ENDS_BEFORE, SHARE = 30.0, 0.1
"""Seconds before the tune's deadline, or the share of its time where that is less, at which the search ends: what its
trials wrote has to come home."""
SLOW = 15.0
"""Seconds after which it is told that a node has not taken its trial yet."""
REFUSALS = 3
"""Trials in a row that a node may refuse before it is asked no more."""


class Search:
    """The search of one run, on `nodes`, which it asks by `channel`. `book` is what it has asked so far; `warm` are
    trials of earlier tunes, which its policy sees."""

    def __init__(
        self,
        context: RunContext,
        nodes: Nodes,
        channel: Channel,
        book: TrialBook,
        *,
        home: TrialsHome,
        warm: Sequence[Trial] = (),
    ) -> None:
        plan = context.plan
        assert plan.tune is not None and plan.pool is not None  # noqa: S101 - who makes a search has looked
        self._context, self._nodes, self._channel, self._book, self._home = context, nodes, channel, book, home
        self._session, self._clock = context.session, context.ports.clock
        self._tune: Tune = plan.tune
        self._plan: Plan = plan
        self._pool = plan.pool
        self._warm = warm
        self._places = PoolPlaces(plan.node_count, plan.pool.nodes_per_trial)
        self._ranks: dict[str, int] = {}
        self._live: list[LiveTrial] = []
        self._not_sent = False
        self._failed: Outcome | None = None
        self._refusals: Counter[int] = Counter()
        self._why_lost = ""
        self._told_wait = False
        self._view = TuneView(context.run, plan.tune, plan.pool.trials_at_once, max(book.searched.trials, default=0))
        self._shown: TuneState | None = None
        self._heeded: dict[int, tuple[int, bool]] = {}
        away = "no trial can be looked at or asked, which is tried again"
        self._store = StorePatience(self._clock, self._session.observer.say, "the store of the trials", away)

    def go(self) -> Outcome:
        """How the search ended, once all its trials have; a success where one of them is the best. Raises what
        interrupts the run, once the trials under way have ended."""
        try:
            while (outcome := self._step()) is None:
                time.sleep(POLL)
        except BaseException as error:
            self._end_all(error)
            raise
        self._end_all(None)
        return outcome

    def _step(self) -> Outcome | None:
        """One look, to be repeated a few times a second. A store that does not answer is waited for as in a run."""
        self._session.interrupt.check()
        told = self._nodes.look()
        if told is not None:
            return told
        self._store.of(self._look_and_ask, None)
        self._show()
        if self._failed is not None:
            return self._failed
        if self._is_late() and self._session.deadline is not None:
            raise LimitReached(f"the tune reached its {limit_key(self._session.deadline.limit)}")
        if not self._live and self._ranks and self._book.next(self._clock()) is None:
            return self._over()
        self._session.check()
        return None

    def _look_and_ask(self) -> None:
        self._look()
        if self._failed is None and not self._is_late():
            self._ask()

    # What there is

    def _look(self) -> None:
        """Raises what the store raises: the next look goes on there."""
        if not self._ranks:
            inventory = readable(self._nodes.store, keys.INVENTORY, Inventory, LARGE)
            self._ranks = {node.node_id: rank for rank, node in enumerate(inventory.nodes)} if inventory else {}
        self._lose_nodes()
        if self._ranks and not self._places.at_once:
            raise none_left(self._why_lost)
        for trial in list(self._live):
            over = trial.look(self._clock(), self._patience)
            self._lose_deaf(trial)
            if trial.is_speechless(self._clock()):
                self._lose(trial.nodes, f"{trial.trial} is long over by its limit, and nothing says how it ended")
            if not self._places.has(trial.nodes) or trial.refused or (over and not self._is_doubtful(trial)):
                self._end(trial)
        self._heed_policy()

    def _lose_nodes(self) -> None:
        watch = self._nodes.watch
        silent = watch.silent_nodes() if watch is not None else ()
        self._lose(self._ranks[node] for node in silent if node in self._ranks)

    def _lose_deaf(self, trial: LiveTrial) -> None:
        """Those of its nodes that are ready for a trial, and take none of what is asked."""
        watch = self._nodes.watch
        ready = {self._ranks[node] for node in self._ranks if watch is None or watch.phase_of(node) in READY}
        missing, now = trial.asked.missing & ready, self._clock()
        if missing and now > trial.asked_at + SLOW and not self._told_wait:
            self._told_wait = True
            who = listed("node", tuple(map(str, sorted(missing))))
            most = spell_seconds(PUTS * ANEW)
            self._session.observer.say(f"waiting for {who} to take {trial.trial}, asked anew for {most} at most")
        for rank in trial.asked.unanswered & ready:
            self._lose((rank,), takes_nothing(self._nodes.store, rank))

    def _lose(self, ranks: Iterable[int], why: str = "") -> None:
        """No trial is asked of these nodes any more."""
        for rank in ranks:
            if self._places.lose(rank):
                self._why_lost = why
                left = f"{count(self._places.at_once, 'trial')} at a time from now on"
                self._session.observer.say(f"node {rank} is lost: {left}" + (f": {why}" if why else ""))
                self._session.audit.append("node.lost", node=rank)

    def _is_doubtful(self, trial: LiveTrial) -> bool:
        """Whether a trial that has failed, or whose files did not come, may owe that to a node that is about to be
        lost."""
        watch, outcome = self._nodes.watch, trial.outcome
        if watch is None or outcome is None or (outcome.result != Result.FAILED and trial.collected):
            return False
        late = watch.silent_nodes(self._context.ports.cloud.timeouts.heartbeat / LATE)
        return any(self._ranks.get(node) in trial.nodes for node in late)

    def _heed_policy(self) -> None:
        """Ends what the policy ends. It is asked where anything is new: with many trials its answer takes a while."""
        live = {trial.number: trial for trial in self._live}
        running = {number: trial.trace for number, trial in live.items()}
        new = {number: (len(trace.values), trace.running) for number, trace in running.items()}
        if self._tune.policy is None or new == self._heeded:
            return
        ended = [
            Trace(each.number, each.values, running=False)
            for each in (*self._warm, *self._book.searched.trials.values())
            if each.result is not None
        ]
        for cut in cuts(self._tune, [*ended, *running.values()]):
            live[cut.number].stop(Result.CANCELLED, cut.why)
        self._heeded = new

    # What a trial came to

    def _end(self, trial: LiveTrial) -> None:
        result, why = self._result_of(trial)
        self._write_end(trial, result, why)
        self._live.remove(trial)
        self._places.give_back(trial.slot, trial.nodes)
        trial.asked.withdraw()
        if trial.outcome is None:
            with suppress(*store_errors()):
                trial.stop(Result.CANCELLED, why)  # a node that comes back has nothing to do with it any more
        if (refused := trial.refused) is not None:
            self._refusals[refused.node] += 1
            if self._refusals[refused.node] >= REFUSALS:
                self._lose((refused.node,), str(refused))
        elif result != "lost":
            for rank in trial.nodes:
                self._refusals.pop(rank, None)
            self._judge(trial, result)
            self._tell_not_sent(trial)
        self._home.bring(self._context.folder.of(trial.trial), trial.store)

    def _tell_not_sent(self, trial: LiveTrial) -> None:
        """Says once of a tune that an MLflow server of the user's own did not take the metrics of a trial."""
        uri = self._plan.metrics.tracking_uri if self._plan.metrics is not None else None
        if uri is None or self._not_sent:
            return
        with suppress(*store_errors()):  # what the trial came to counts all the same
            found = readable(trial.store, keys.FORWARDED, Forwarded)
            if problem := why_not_sent(found, over=bool(trial.points.values)):
                self._not_sent = True
                self._session.observer.say(not_sent(uri, problem, trial.trial))

    def _result_of(self, trial: LiveTrial) -> tuple[str, str]:
        """How the journal calls what became of it, and why, as a sentence."""
        if trial.refused is not None:
            return "lost", str(trial.refused)
        if trial.is_speechless(self._clock()):  # it has had its time, and may have been what holds the node up
            return "error", f"its nodes had not said how it ended {spell_seconds(SPEECHLESS)} after its limit"
        outcome, has_nodes = trial.outcome, self._places.has(trial.nodes)
        if outcome is None or (not has_nodes and (outcome.result == Result.FAILED or not trial.collected)):
            return "lost", "a node of it was lost"  # without its files the best trial is of no use
        if outcome.result == Result.CANCELLED:  # by the policy, or by `tfinfra down` of this trial
            return "terminated", trial.stopped or first_line(outcome.message)
        if outcome.result == Result.SUCCEEDED:
            return "succeeded", ""
        return str(outcome.result), why_failed(outcome)

    def _judge(self, trial: LiveTrial, result: str) -> None:
        """Ends the search where what a trial came to is the fault of all. One that comes to its end without the metric
        is, as long as none has logged it."""
        searched = self._book.searched
        if result in ("succeeded", "limit") and trial.points.others and not self._has_value():
            self._failed = without_metric(self._tune, trial.trial, trial.points.others, self._clock())
        elif result == "failed" and trial.outcome is not None:
            alike, best = failures_alike(searched, trial.outcome, self._clock()), self._best()
            self._failed = best_all_the_same(self._tune, best, searched, alike) if alike and best else alike

    def _has_value(self) -> bool:
        trials = self._book.searched.trials.values()
        return any(trial.values for trial in trials) or any(trial.points.values for trial in self._live)

    def _best(self) -> Trial | None:
        return self._book.searched.best(self._tune.primary_metric_goal)

    # What comes next

    def _ask(self) -> None:
        """Fills the slots that are free. Raises what the store raises: what was written down is asked later then."""
        while self._ranks and self._places.has_room and len(self._live) < self._pool.trials_at_once:
            asked = self._book.next(self._clock())
            if asked is None:
                return
            trial = trial_id(self._context.run, asked.number)
            store = self._context.ports.open_store(further_store(self._context.record(), trial))
            self._book.begin(asked)
            self._live.append(self._begun(asked, trial, store))

    def _begun(self, asked: Asked, trial: str, store: ObjectStore) -> LiveTrial:
        """Asked of its nodes as soon as it is looked at. Raises nothing: the journal has it, and a place is taken."""
        now = self._clock()
        slot, nodes = self._places.take()
        what = self._asked_of_nodes(trial, asked, now)
        record = self._book.record(asked, what, now)
        points = TrialPoints(store, record.leader, self._tune.primary_metric_name)
        request = AskedTrial(self._channel, what, nodes)
        end = unix_time(what.deadline)
        return LiveTrial(asked.number, trial, asked.parameters, slot, nodes, store, request, points, now, end)

    def _asked_of_nodes(self, trial: str, asked: Asked, now: float) -> TrialAsked:
        end, seconds = self._session.deadline, self._pool.trial_seconds
        at, limit = now + seconds, "max_run_duration"
        if end is not None and end.at < at:
            at, limit, seconds = end.at, end.limit, max(0, int(end.at - now))
        arguments = trial_arguments(self._plan.arguments, asked.parameters)
        return TrialAsked(trial, arguments, iso_time(at), limit, seconds)

    # How it ends

    def _is_late(self) -> bool:
        end = self._session.deadline
        if end is None:
            return False
        return self._clock() >= end.at - min(ENDS_BEFORE, SHARE * end.seconds)

    def _over(self) -> Outcome:
        best = self._best()
        if best is None:
            return without_best(self._tune, self._book.searched, self._clock())
        return success(self._tune, best, self._book.searched, self._clock())

    def _end_all(self, error: BaseException | None) -> None:
        """Ends the trials under way, and waits until their files are in the store: those of a tune that is interrupted
        are asked again by whoever goes on with it."""
        reason = Result.LIMIT if isinstance(error, LimitReached) else Result.CANCELLED
        why = first_line(error) if error is not None else "the tune ended"
        for trial in self._live:
            trial.asked.withdraw()
            with suppress(*store_errors()):
                trial.stop(reason, why)
        until = self._clock() + self._patience
        if self._session.deadline is not None:
            until = min(until, self._session.deadline.at)
        while self._live and self._clock() < until and not self._is_alone():
            with suppress(*store_errors()):
                self._look_at_the_end(why)
            self._show()
            time.sleep(POLL)
        for trial in list(self._live):
            with suppress(*store_errors(), TfinfraError):
                self._cancel(trial, why)
        self._show()

    def _look_at_the_end(self, why: str) -> None:
        with suppress(TfinfraError):  # a store that is away for long: what interrupted the tune comes first
            self._nodes.be_seen()
        self._lose_nodes()
        for trial in list(self._live):
            if trial.began is None or trial.look(self._clock(), self._patience) or not self._places.has(trial.nodes):
                self._cancel(trial, why)

    def _cancel(self, trial: LiveTrial, why: str) -> None:
        done = trial.outcome is not None and trial.outcome.result == Result.SUCCEEDED
        result, why = ("succeeded", "") if done else ("cancelled", why)
        self._write_end(trial, result, why)
        self._live.remove(trial)
        self._home.bring(self._context.folder.of(trial.trial), trial.store)

    @property
    def _patience(self) -> float:
        """Seconds that the nodes of a trial have to bring its files into the store."""
        return self._context.ports.cloud.timeouts.collect

    def _write_end(self, trial: LiveTrial, result: str, why: str) -> None:
        """What its leader logged goes into the event log by its digest, where all of that was read."""
        self._book.end(trial.number, result, why, trial.points.values, self._clock())
        points = trial.points.sha256 if trial.outcome is not None else None
        self._session.audit.append("trial", number=trial.number, result=result, points=points)

    def _is_alone(self) -> bool:
        return self._nodes.watch is not None and self._nodes.watch.alone

    def _show(self) -> None:
        state = self._view.state(self._book.searched, self._live)
        if state != self._shown:
            self._shown = state
            self._session.observer.tune(state)
