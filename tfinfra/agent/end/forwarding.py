"""Sends a run's points on to an MLflow server of the user's own, while it trains: node 0 alone does, out of the store,
where the points of all tasks come. A thread of its own does it, so that a server which is slow, away or refuses costs
the run nothing; what it did not take is told once, and lies in the store like all points."""

from __future__ import annotations

import logging
import threading
from itertools import islice

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import read, write
from tfinfra.errors import Result
from tfinfra.model import Forwarded, Outcome
from tfinfra.store import content, keys, logged_in, store_errors
from tfinfra.tracking.sending import Sender, TrackingError, pieces
from tfinfra.tracking.server import TrackingServer

EVERY, MOST_EVERY = 5.0, 120.0
"""Seconds between two looks into the store; at most, after a server was away."""
AT_THE_END = 10.0
"""Seconds that the last points may take."""
_LATE = "it had not taken all of them when the run ended"
_STATUS = {Result.SUCCEEDED: "FINISHED", Result.CANCELLED: "KILLED"}
_log = logging.getLogger(__name__)


class Forwarding:
    """Of the nodes whose run has such a server, node 0 sends; on all others nothing happens."""

    def __init__(self, context: AgentContext, assignment: Assignment) -> None:
        wanted = assignment.plan.metrics
        self._uri = wanted.tracking_uri if wanted is not None and assignment.node == 0 else None
        self._context = context
        self._next: dict[str, tuple[int, int]] = {}
        """By task: the chunk that is to be sent, and how many of its pieces were taken already."""
        self._ending, self._over = threading.Event(), threading.Event()
        self._telling = threading.RLock()
        self._problem: str | None = None
        self._refused = False
        self._thread = threading.Thread(target=self._run, name="forwarding", daemon=True)
        if self._uri is not None and wanted is not None:
            server = TrackingServer(self._uri, assignment.given.secrets.get(wanted.token or ""))
            leader, plan = assignment.plan.tasks[0].name, assignment.plan
            nodes = {keys.node_figures(node) for node in range(plan.node_count)}
            self._sender = Sender(server, plan.name, assignment.run, leader, nodes.__contains__)

    def start(self) -> None:
        if self._uri is not None:
            self._thread.start()

    def finish(self) -> None:
        """Sends the last points, once all are in the store, and says how the run ended, or that time was too short for
        that. Nothing is sent afterwards; a second call does nothing."""
        self._ending.set()
        if not self._thread.is_alive() or self._over.is_set():
            return
        self._thread.join(AT_THE_END)
        with self._telling:
            if self._thread.is_alive():
                self._tell(self._problem or _LATE)
            self._over.set()

    def _run(self) -> None:
        wait = EVERY
        while not self._ending.wait(wait) and not self._refused:
            wait = EVERY if self._send() else min(2 * wait, MOST_EVERY)
        self._ending.wait()
        if not self._refused and self._send():
            self._end()

    def _send(self) -> bool:
        """Sends what has come; whether the server took it. Nothing that goes wrong here ends more than this."""
        try:
            for key in self._context.store.list(keys.METRICS):
                task = key.split("/")[1]
                if key == keys.metrics_key(task, self._next.get(task, (0, 0))[0]):
                    self._send_chunk(task, key)
        except TrackingError as error:
            self._refused = not error.away
            self._tell(str(error))
            return False
        except store_errors():
            _log.warning("the points could not be read, to be sent to %s", self._uri)
            return False
        except Exception:  # noqa: BLE001  whatever it is, training goes on
            _log.exception("the points could not be sent to %s", self._uri)
            self._refused = True
            self._tell("the log of node 0's agent says why")
            return False
        self._tell(self._sender.left_out)
        return not self._over.is_set()

    def _send_chunk(self, task: str, key: str) -> None:
        number, taken = self._next.get(task, (0, 0))
        logged, _ = logged_in(task, content(self._context.store, key) or b"")
        for piece in islice(pieces(logged), taken, None):
            if self._over.is_set():
                return
            self._sender.send(piece)
            taken += 1
            self._next[task] = number, taken
        self._next[task] = number + 1, 0

    def _end(self) -> None:
        try:
            outcome = read(self._context.store, keys.OUTCOME, Outcome)
            status = _STATUS.get(outcome.result, "FAILED") if outcome is not None else "KILLED"
            self._sender.end(status, self._context.clock.time())
        except TrackingError as error:
            self._tell(str(error))
        except store_errors():
            _log.warning("how the run ended could not be read, to be sent to %s", self._uri)
        else:
            self._tell(self._sender.left_out, ended=True)

    def _tell(self, problem: str | None, *, ended: bool = False) -> None:
        """Writes how it stands for the client, where that has changed; what went wrong goes into the log once."""
        with self._telling:
            if self._over.is_set() or (problem == self._problem and not ended):
                return
            if problem is not None and problem != self._problem:
                _log.warning("not all metrics are sent to %s: %s", self._uri, problem)
            self._problem = problem
            try:
                told = Forwarded(str(self._uri), self._sender.sent, problem, ended)
                write(self._context.store, keys.FORWARDED, told)
            except store_errors():
                _log.warning("how the metrics were sent could not be put into the store")
