"""Decides when and how the run has ended, from what node 0 knows: pure but for the moments it remembers.

The backend says what the statuses mean; here is what takes time: the grace after the leader's end, the start deadline,
lost nodes, and the moment that a failure needs until its cause is known too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tfinfra.backends.base import Verdict
from tfinfra.backends.registry import backend
from tfinfra.backends.statuses import failed, first_failure, has_ended, how_ended
from tfinfra.errors import Result
from tfinfra.model import Inventory, Plan, TaskStatus, Timeouts

_KILLER_GRACE = 0.6  # from a failed task to the news of why, where another has them
_LAUNCHER_GRACE = 3.0  # from mpirun's end, or a rank's, to the last status of the ranks that are ended for it
_BEATS = 0.3  # of the time after which a silent node is lost: one that was heard of within it may have lived then
_AT_ONCE = 0.2  # what fails so shortly before the leader's end may have failed by that, and was only seen first


@dataclass(frozen=True)
class View:
    """What is known at `now` (monotonic seconds). `seen`: when each node last beat; `lost`: the nodes that no longer
    do; `launcher_exit`: mpirun's exit status once it has ended; `notices`: what was announced for a node ("evicted
    (spot)")."""

    now: float
    statuses: Mapping[str, TaskStatus]
    seen: Mapping[int, float]
    lost: tuple[int, ...] = ()
    launcher_exit: int | None = None
    notices: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """`task` is the first failing one, or a log that tells why ("mpirun-0")."""

    result: Result
    message: str
    task: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class Judge:
    """`started`: when the tasks were launched (monotonic seconds)."""

    plan: Plan
    inventory: Inventory
    timeouts: Timeouts
    started: float
    _since: dict[str, float] = field(default_factory=dict)

    def decide(self, view: View) -> Decision | None:
        """None while the run goes on."""
        statuses = self._with_losses(view)
        verdict = backend(self.plan.backend).verdict(self.plan, statuses)
        if verdict.result == Result.SUCCEEDED or verdict.leader_done:
            earlier = self._gone_before(view) or self._failed_before(view, statuses)
            verdict = earlier or verdict
        if verdict.result == Result.SUCCEEDED:
            return Decision(Result.SUCCEEDED, verdict.message)
        if verdict.result == Result.FAILED:
            return self._when_settled(view, verdict, statuses)
        if verdict.leader_done:
            return self._after_grace(view, verdict)
        return (
            self._launcher_ended(view, statuses)
            or self._not_started(view, statuses)
            or self._not_joined(view, statuses)
        )

    def _with_losses(self, view: View) -> dict[str, TaskStatus]:
        """The statuses, with what had not ended on a lost node being lost, and so what was stopped: while the run goes
        on an agent stops its tasks only because it is ended itself, from outside or before its machine goes. What was
        cut off is a failure, unless another is found."""
        lost = {
            t.name: TaskStatus(t.name, t.node, "lost", message=self._lost_message(view, t.node))
            for t in self.plan.tasks
            if t.node in view.lost and not has_ended(view.statuses, t.name)
        }
        stopped = {}
        for name, status in view.statuses.items():
            if status.state == "stopped" and status.cut_off:
                # It does not name SIGKILL, which reads as if memory had run out.
                message = f"{status.task} on node {status.node} was ended from outside, with all its processes"
                stopped[name] = replace(status, state="failed", message=status.message or message)
            elif status.state == "stopped":
                message = f"{status.task} on node {status.node} was stopped with its agent"
                if notice := view.notices.get(status.node, ""):
                    fate = _fate(self.inventory, status.node, notice)
                    message = f"{fate}: {status.task} was stopped with its agent"
                stopped[name] = replace(status, state="lost", message=message)
        return {**view.statuses, **lost, **stopped}

    def _failed_before(self, view: View, statuses: Mapping[str, TaskStatus]) -> Verdict | None:
        """What had failed before the leader came to its end: that end makes it no success."""
        if view.now - self._since.get("failure", view.now) < _AT_ONCE:
            self._since.pop("failure", None)
            return None
        failure = first_failure(statuses.values())
        return failed(failure) if failure else None

    def _gone_before(self, view: View) -> Verdict | None:
        """A lost node whose tasks the leader's end would have waited for, and which was last heard of well before that:
        that it counts as lost only later, when its silence has lasted, makes it no success either."""
        done = self._since.get("leader", view.now)
        margin = self.timeouts.heartbeat * _BEATS
        waiting = backend(self.plan.backend).verdict(self.plan, view.statuses).waiting
        gone = [t for t in self.plan.tasks if t.name in waiting and t.node in view.lost]
        first = next((t for t in gone if view.seen.get(t.node, done) < done - margin), None)
        return Verdict(Result.FAILED, self._lost_message(view, first.node), first.name) if first else None

    def _lost_message(self, view: View, node: int) -> str:
        return lost_message(self.inventory, node, self.timeouts, view.notices.get(node, ""))

    def _when_settled(self, view: View, verdict: Verdict, statuses: Mapping[str, TaskStatus]) -> Decision | None:
        """The rank or node that failed first may be reported after those that ended for it: waits until every node that
        has something left to tell has been heard of since, or counts as lost, and a moment more, for a beat may be
        older than what its node is about to tell. mpirun ends all ranks for one: their own ends tell which that was."""
        since = self._since.setdefault("failure", view.now)
        first = statuses.get(verdict.task or "")
        silent = first is not None and first.state == "lost" and first.node in view.lost
        others = [t for t in self.plan.tasks if not has_ended(statuses, t.name)]
        grace = _LAUNCHER_GRACE if backend(self.plan.backend).launcher and others else _KILLER_GRACE
        if len(self.plan.tasks) > 1 and not silent and view.now - since < grace:
            return None
        telling = {task.node for task in others}
        if any(seen <= since for n, seen in view.seen.items() if n in telling and n not in view.lost):
            return None
        return Decision(Result.FAILED, verdict.message + _announced(view, verdict.task), verdict.task)

    def _after_grace(self, view: View, verdict: Verdict) -> Decision | None:
        """The leader ended with 0: the others may go on for their grace, then the run has succeeded without them."""
        passed = view.now - self._since.setdefault("leader", view.now)
        graces = {t.name: backend(self.plan.backend).grace(t) for t in self.plan.tasks if t.name in verdict.waiting}
        if any(passed < grace for grace in graces.values()):
            return None
        warnings = tuple(f"{n} had not ended {g:.0f} s after the leader and was ended" for n, g in graces.items())
        return Decision(Result.SUCCEEDED, verdict.message, warnings=warnings)

    def _launcher_ended(self, view: View, statuses: Mapping[str, TaskStatus]) -> Decision | None:
        """mpirun is gone, its ranks are not all accounted for, and their nodes live: nothing will start them now."""
        if view.launcher_exit is None:
            return None
        since = self._since.setdefault("launcher", view.now)
        open_tasks = [t for t in self.plan.tasks if not has_ended(statuses, t.name)]
        heard = [t for t in open_tasks if view.seen.get(t.node, view.now) > since]
        if view.now - since < _LAUNCHER_GRACE or not heard:
            return None
        state = "running" if statuses[heard[0].name].state == "running" else "not started"
        message = f"mpirun {how_ended(view.launcher_exit)} while {heard[0].name} on node {heard[0].node} was {state}"
        return Decision(Result.FAILED, message, "mpirun-0")

    def _not_started(self, view: View, statuses: Mapping[str, TaskStatus]) -> Decision | None:
        if view.now - self.started < self.timeouts.start:
            return None
        late = [t for t in self.plan.tasks if t.name not in statuses or statuses[t.name].state == "pending"]
        if not late:
            return None
        names = ", ".join(f"{t.name} on node {t.node}" for t in late[:5])
        message = f"{names} had not started {self.timeouts.start:.0f} s after the launch"
        return Decision(Result.FAILED, message, backend(self.plan.backend).launcher or late[0].name)

    def _not_joined(self, view: View, statuses: Mapping[str, TaskStatus]) -> Decision | None:
        """What joins tasks returns in none before all are there (MPI_Init; TensorFlow's collective runtime): one that
        stays away hangs all others, whether it still does something else or has ended."""
        waits = next((s.task for s in statuses.values() if s.joined and s.state == "running"), None)
        patience = self.timeouts.join
        if waits is None or view.now - self._since.setdefault("joined", view.now) < patience:
            return None
        away = next((s for s in statuses.values() if s.state in ("running", "succeeded") and not s.joined), None)
        if away is None:
            return None
        lacking = backend(self.plan.backend).joining
        where = f"{away.task} on node {away.node}"
        if away.state == "succeeded":
            message = f"{where} ended with exit status 0, but {lacking}, for which {waits} waits"
        else:
            message = f"{where} hangs in its start-up: {lacking} {patience:.0f} s after {waits} had"
        return Decision(Result.FAILED, message, away.task)


def lost_message(inventory: Inventory, node: int, timeouts: Timeouts, notice: str) -> str:
    """Why a silent node counts as lost: what its cloud had announced, where it had."""
    return f"{_fate(inventory, node, notice or 'lost')}: no heartbeat for {timeouts.heartbeat:.0f} s"


def _fate(inventory: Inventory, node: int, fate: str) -> str:
    where = inventory.nodes[node]
    return f"node {node} ({where.hostname}, {where.address}) was {fate}"


def _announced(view: View, task: str | None) -> str:
    """What was announced for the node of a task that failed by itself: it may well be the cause."""
    status = view.statuses.get(task or "")
    if status is None or (status.state == "stopped" and not status.cut_off) or status.node in view.lost:
        return ""
    notice = view.notices.get(status.node, "")
    return f"; its node was about to be {notice}" if notice else ""
