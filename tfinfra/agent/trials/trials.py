"""The trials of one node of a pool: asked for by the tune's client, lived one after the other, until the tune is
over."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence

from tfinfra.agent.join import JoinedNode
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.part import end_run
from tfinfra.agent.requests.answers import put_answer
from tfinfra.agent.trials.ending import LIVING, End, mark_ended
from tfinfra.agent.trials.leftovers import Leftovers
from tfinfra.agent.trials.trial import live
from tfinfra.agent.verdict.control import Stop
from tfinfra.errors import Result, first_line
from tfinfra.model import CollectedMark, Outcome, StopRequest, decode
from tfinfra.model.requests import Answer, Request
from tfinfra.model.trials import TrialAsked
from tfinfra.store import keys, put_first

_WAITING = "waiting"
NO_COMMANDS = "it is a tune's, and lives one trial after the other: no command runs beside them"
_LOOK = 0.3  # seconds between two looks for the tune's end, where a look costs nothing
_log = logging.getLogger(__name__)


class Trials:
    """`ask` and `look` are called by one thread, also while a trial is lived; `live` in the main thread, from which
    alone processes are started."""

    def __init__(self, context: AgentContext, node: JoinedNode) -> None:
        self._context = context
        self._node = node
        self._asked: queue.Queue[tuple[TrialAsked, tuple[int, ...]] | None] = queue.Queue()
        self._known: dict[str, tuple[TrialAsked, tuple[int, ...]]] = {}
        self._taken: list[str] = []
        """Those that have been taken and are not cleared up: the one that is lived, and the one behind it."""
        self._lock = threading.Lock()
        self._lived: str | None = None
        self._unsaid: dict[str, Outcome] = {}
        """How trials ended of which the store took no word."""
        self._over: Stop | None = None
        self._told = False
        self._end = End(context, node.assignment)
        self._next = 0.0

    def ask(self, request: Request) -> None:
        """Answers at once whether the node lives the trial, also where its client, who has not read the answer, asks
        for the same one anew. Raises Unfit where it names none."""
        asked = decode(TrialAsked, request.body.encode())
        anew = not self._over and self._known.get(asked.trial) == (asked, request.nodes)
        why = "" if anew else self._refusal(asked, request.nodes)
        if not why and not anew:
            self._known[asked.trial] = asked, request.nodes
            self._taken.append(asked.trial)
            self._asked.put((asked, request.nodes))
        said = Answer("refused", message=why) if why else Answer("started")
        put_answer(self._context.store, request.number, self._node.assignment.node, said)

    def _refusal(self, asked: TrialAsked, ranks: Sequence[int]) -> str:
        """Why the node does not live a trial, "" where it does."""
        run, plan = self._context.settings.run, self._context.plan
        if self._over:
            return f"the tune is over: {self._over.message}"
        if not asked.trial.startswith(f"{run}-t"):
            return f"{asked.trial} is no trial of {run}"
        if plan.pool is None or len(set(ranks)) != len(ranks) or len(ranks) != plan.pool.nodes_per_trial:
            return f"{len(ranks)} nodes are asked for a trial that has another number of them"
        if asked.trial in self._known:
            return f"it has been asked for {asked.trial} before"
        if len(taken := self._taken[:]) > 1:
            return "another trial waits for it"
        return f"it lives {taken[0]}" if taken and not self._has_ended(taken[0]) else ""

    def _has_ended(self, trial: str) -> bool:
        """Whether a trial that this node lives is known to be over: its client may ask for the next one while this node
        still clears up."""
        return read(self._context.store, f"{keys.further_run(trial)}/{keys.OUTCOME}", Outcome) is not None

    def look(self) -> None:
        """Ends the trial that is lived, and the node's part in the tune, once the tune is over; tells what could not be
        told of trials before. Raises what the store raises: the next call tries again."""
        now = self._context.clock.monotonic()
        if self._told or now < self._next:
            return
        self._next = now + max(_LOOK, self._context.pause)
        self._say_unsaid()
        stop = self._over or self._end.look(idle=not self._taken)
        if stop is None:
            return
        with self._lock:
            self._over = stop
            lived = self._lived
        if lived:
            request = StopRequest(stop.reason, stop.message)
            write(self._context.store, f"{keys.further_run(lived)}/{keys.STOP}", request)
        self._told = True
        self._asked.put(None)

    def _say_unsaid(self) -> None:
        """Its client waits for a trial that has no outcome, while this node is free."""
        store = self._context.store
        for trial, outcome in list(self._unsaid.items()):
            folder = keys.further_run(trial)
            key = f"{folder}/{keys.OUTCOME}"
            if put_first(store, key, outcome) or read(store, key, Outcome) == outcome:
                write(store, f"{folder}/{keys.COLLECTED}", CollectedMark(0))
            del self._unsaid[trial]

    def live(self) -> None:
        """Lives trials until the tune is over. Nothing that goes wrong in one ends more than that."""
        context, left = self._context, Leftovers(own_machine=self._context.paths.own_mounts)
        if not (context.settings.requests and context.settings.requests_key):
            end_run(context, Outcome(Result.FAILED, "nothing can be asked of the nodes: they have no container for it"))
            return
        context.heartbeats.say(_WAITING)
        while (item := self._asked.get()) is not None:
            self._live(left, *item)
        self._node.witness.end()
        mark_ended(context, self._node.assignment)

    def _live(self, left: Leftovers, asked: TrialAsked, ranks: tuple[int, ...]) -> None:
        context = self._context
        with self._lock:
            if self._over:
                return
            self._lived = asked.trial
        _log.info("the next trial on this node is %s", asked.trial)
        context.heartbeats.say(LIVING)
        try:
            live(context, self._node, asked, ranks)
        except Exception as error:  # noqa: BLE001  the outermost edge: an agent that dies takes the node with it
            _log.exception("%s could not be lived to its end", asked.trial)
            message = f"{context.identity.address} could not live it to its end: {first_line(error)}"
            self._unsaid[asked.trial] = Outcome(Result.FAILED, message, ended=context.clock.time())
        finally:
            left.clear()
            self._lived = None
            self._taken.remove(asked.trial)
            context.heartbeats.say(_WAITING)
