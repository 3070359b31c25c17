"""Which node decides that the run has ended: node 0 judges all tasks, and the others follow it and judge only its
silence."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.heartbeat import Peers
from tfinfra.agent.node.node_records import read
from tfinfra.agent.tasks.direct import NodeTasks, pending
from tfinfra.agent.tasks.mpi.mpi_tasks import LAUNCHER_LOG
from tfinfra.agent.verdict import outcomes
from tfinfra.agent.verdict.control import deadline_stop, end_of_training, requested_stop
from tfinfra.agent.verdict.judge import Judge, View, lost_message
from tfinfra.errors import Result
from tfinfra.model import Outcome, TaskStatus
from tfinfra.store import keys

_EACH_NODE = 0.001  # seconds per node between two rounds of reading all heartbeats
_KEEPING = 0.3  # of the time that collecting may take
_LATE = 15.0  # seconds after the end of training that node 0 may take to say so
_log = logging.getLogger(__name__)


class Watcher(Protocol):
    def note(self, status: TaskStatus) -> None:
        """Takes the new status of a task of this node."""

    def step(self) -> Outcome | None:
        """The run's outcome once there is one, by this node or another."""

    def fail(self, message: str) -> None:
        """Ends the run: this node cannot start its tasks."""

    def wait_for_others(self, timeout: float) -> None:
        """Returns when the other nodes have ended their tasks, or are lost, or after `timeout` seconds."""

    @property
    def won(self) -> bool:
        """Whether the outcome is this node's: then it collects."""


class Coordinator:
    """Node 0."""

    def __init__(self, context: AgentContext, assignment: Assignment, tasks: NodeTasks) -> None:
        self._context = context
        self._assignment = assignment
        self._tasks = tasks
        self._statuses = {s.task: s for s in pending(assignment.plan.tasks)}
        ids = {rank: node.node_id for rank, node in enumerate(assignment.inventory.nodes) if rank != assignment.node}
        timeouts = context.settings.timeouts
        self._peers = Peers(context.store, ids, context.clock, timeouts.heartbeat)
        self._others = tuple(ids)
        self._judge = Judge(assignment.plan, assignment.inventory, timeouts, context.clock.monotonic())
        self._next = 0.0
        self._pause = max(context.pause, _EACH_NODE * len(ids))
        self.won = False

    def note(self, status: TaskStatus) -> None:
        self._statuses[status.task] = status

    def step(self) -> Outcome | None:
        context, plan = self._context, self._assignment.plan
        if context.clock.monotonic() >= self._next:
            self._next = context.clock.monotonic() + self._pause
            changed = self._peers.poll()
            for task in plan.tasks:
                if task.node in changed and (status := read(context.store, keys.task_key(task.name), TaskStatus)):
                    self._statuses[task.name] = status
            if outcome := outcomes.published(context.store):
                return outcome
            now = context.clock.time()
            if stop := requested_stop(context.store) or deadline_stop(context.settings, plan, now):
                return self._publish(outcomes.from_stop(context.store, stop, plan, now))
        decision = self._judge.decide(self._view())
        if decision is None:
            return None
        if decision.task == LAUNCHER_LOG:
            context.logs.finish(LAUNCHER_LOG)
        outcome = outcomes.from_decision(context.store, decision, self._statuses, context.clock.time())
        return self._publish(replace(outcome, warnings=(*self._assignment.warnings, *outcome.warnings)))

    def fail(self, message: str) -> None:
        self._publish(Outcome(Result.FAILED, message, node=self._assignment.node, ended=self._context.clock.time()))

    def wait_for_others(self, timeout: float) -> None:
        _wait_until_ended(self._context, self._peers, self._others, timeout)

    def _view(self) -> View:
        now = self._context.clock.monotonic()
        seen = {self._assignment.node: now, **{n: self._peers.seen(n) for n in self._others}}
        notices = {
            self._assignment.node: self._context.heartbeats.notice,
            **{n: self._peers.notice(n) for n in self._others},
        }
        return View(now, self._statuses, seen, tuple(self._peers.lost()), self._tasks.launcher_exit(), notices)

    def _publish(self, outcome: Outcome) -> Outcome:
        self.won = outcomes.publish(self._context.store, outcome)
        _log.info("the run ended: %s: %s", outcome.result, outcome.message)
        return outcome if self.won else outcomes.published(self._context.store) or outcome


def _wait_until_ended(context: AgentContext, peers: Peers, others: Sequence[int], timeout: float) -> None:
    """Nodes that still keep what their tasks wrote elsewhere are waited for as long as that may take."""
    now = context.clock.monotonic
    give_up, latest = now() + timeout, now() + max(timeout, context.settings.timeouts.collect * _KEEPING)
    while now() < give_up:
        peers.poll()
        lost = peers.lost()
        open_ = [n for n in others if peers.phase(n) != "ended" and n not in lost]
        if not open_:
            return
        if any(peers.phase(n) == "keeping" for n in open_):
            give_up = min(now() + timeout, latest)
        context.clock.sleep(context.pause / 2)


class Follower:
    """Every other node."""

    def __init__(self, context: AgentContext, assignment: Assignment) -> None:
        self._context = context
        self._assignment = assignment
        timeout = context.settings.timeouts.heartbeat
        self._leader = Peers(context.store, {0: assignment.inventory.nodes[0].node_id}, context.clock, timeout)
        self._pause = max(context.pause, _EACH_NODE * len(assignment.inventory.nodes))
        self._next = self._next_look = 0.0
        self.won = False

    def note(self, status: TaskStatus) -> None:
        del status  # it is in the store, where node 0 reads it

    def step(self) -> Outcome | None:
        context, assignment = self._context, self._assignment
        now = context.clock.monotonic()
        if now < self._next:
            return None
        self._next = now + self._pause
        if outcome := outcomes.published(context.store):
            return outcome
        if now >= self._next_look:
            self._next_look = now + max(self._pause, context.settings.timeouts.heartbeat / 10)
            self._leader.poll()
        ended = context.clock.time()
        late = ended > end_of_training(context.settings, assignment.plan) + _LATE
        if not late and not self._leader.lost():
            return None
        if late and (stop := deadline_stop(context.settings, assignment.plan, ended)):
            return self._publish(outcomes.from_stop(context.store, stop, assignment.plan, ended))
        message = lost_message(assignment.inventory, 0, context.settings.timeouts, self._leader.notice(0))
        task = next(t.name for t in assignment.plan.tasks if t.node == 0)
        return self._publish(Outcome(Result.FAILED, message, task=task, node=0, ended=ended))

    def fail(self, message: str) -> None:
        self._publish(Outcome(Result.FAILED, message, node=self._assignment.node, ended=self._context.clock.time()))

    def wait_for_others(self, timeout: float) -> None:
        context, nodes = self._context, self._assignment.inventory.nodes
        ids = {rank: node.node_id for rank, node in enumerate(nodes) if rank not in (0, self._assignment.node)}
        peers = Peers(context.store, ids, context.clock, context.settings.timeouts.heartbeat)
        _wait_until_ended(context, peers, tuple(ids), timeout)

    def _publish(self, outcome: Outcome) -> Outcome:
        self.won = outcomes.publish(self._context.store, outcome)
        return outcomes.published(self._context.store) or outcome
