"""Further runs on a node whose own run has ended, each asked for by that run's client: the same node, environment and
inputs, another source and other parameters."""

from __future__ import annotations

import logging
import queue
from dataclasses import replace

from tfinfra.agent.agent_log import also_to
from tfinfra.agent.assignment import Assignment
from tfinfra.agent.boot.training_environment import environment_content
from tfinfra.agent.boot.unpack_bundle import unpack_bundle
from tfinfra.agent.join import JoinedNode, take_place
from tfinfra.agent.node.agent_context import AgentContext, is_free
from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node_errors import NodeDiffers, RunEnded
from tfinfra.agent.part import NO_PART, take_no_part, take_part, telling
from tfinfra.agent.rendezvous import must_go_on
from tfinfra.agent.requests.answers import put_answer
from tfinfra.agent.requests.commands import has_executed
from tfinfra.agent.verdict.outcomes import published
from tfinfra.errors import Result
from tfinfra.model import NodeSettings, decode
from tfinfra.model.next_run import NextRun
from tfinfra.model.requests import Answer, Request
from tfinfra.store import keys, store_errors

_log = logging.getLogger(__name__)


class FurtherRuns:
    """Those of one node, which has an environment for them once its own run has begun. `ask` may be called from any
    thread, also before that run has ended; one run after the other is lived in the thread that calls `pause`."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._before: Assignment | None = None
        self._asked: queue.Queue[tuple[str, NextRun]] = queue.Queue()
        self._lived: NextRun | None = None

    def begin(self, own: Assignment) -> None:
        self._before = own

    def ask(self, request: Request) -> None:
        """Raises Unfit where it names no run."""
        self._asked.put((request.number, decode(NextRun, request.body.encode())))

    def pause(self, seconds: float) -> Result | None:
        """Waits for the next run, so many seconds at most, and lives it. Its result, None where none came or it is not
        known. Nothing that goes wrong in such a run ends the agent: the node is there for the next one."""
        try:
            number, run = self._asked.get(timeout=seconds)
        except queue.Empty:
            return None
        if self._before is None:
            return None
        self._lived = run
        try:
            # what its client waits for first: registering may come long after, behind a setup script
            put_answer(self._context.store, number, self._before.node, Answer("started"))
            return _live(self._context, self._before, run)
        except Exception:  # noqa: BLE001  the outermost edge: an agent that dies takes the held node with it
            _log.exception("%s could not be lived to its end", run.run)
            return None
        finally:
            self._lived = None

    def why_no_command(self) -> str:
        """Why the run that this node lives now takes no commands of the client, "" where none is lived or it does. What
        a command may reach is that run's as well as the first one's."""
        lived = self._lived
        if lived is None or lived.execs:
            return ""
        return f"{lived.run} trains on it: it is locked, and no guardrail allows commands on it (allow.exec)"


def _live(first: AgentContext, before: Assignment, run: NextRun) -> Result | None:
    """This node's part in `run`; its result, None where it is not known."""
    _log.info("the next run on this node is %s", run.run)
    context = _context(first, run)
    context.paths.make()
    with also_to(context.paths.agent_log), telling(context):
        try:
            _must_go_on(context)
            plan = unpack_bundle(context)
        except NO_PART as why:
            take_no_part(context, why)
        else:
            context = replace(context, plan=plan)
            take_part(context, lambda own: _take_place(own, first, before))
        try:
            outcome = published(context.store)
        except store_errors():
            return None
        return outcome.result if outcome else None


def _take_place(context: AgentContext, first: AgentContext, before: Assignment) -> JoinedNode:
    """Raises as `take_place` does, and NodeDiffers under a lock where a command has run on this node."""
    if context.settings.locked is not None and has_executed(first.paths):
        raise NodeDiffers(f"a command of `tfinfra exec` has run on {first.identity.address}: it is not as it was made")
    content, there = environment_content(context), before.given.inputs
    return take_place(context, content, before.folders.environment, there, lambda _: _must_go_on(context))


def _must_go_on(context: AgentContext) -> None:
    """Raises RunStopped, or RunEnded also where its client has cleared its store: nobody would watch or fetch it."""
    must_go_on(context.store)
    if context.settings.bundle not in context.store.list(keys.BUNDLE):
        raise RunEnded(f"{context.settings.run} was given up by its client: its bundle is gone")


def _context(first: AgentContext, run: NextRun) -> AgentContext:
    """With the first run's plan, until the bundle is here."""
    settings, clock = settings_of(first.settings, run), first.clock
    store = first.open_store(settings.store)
    return replace(
        first,
        settings=settings,
        paths=replace(first.paths, run=run.run),
        store=store,
        heartbeats=Heartbeats(store, first.identity.node_id, clock),
        logs=LogShipper(store, clock, free=is_free(settings), beside=first.logs),
    )


def settings_of(first: NodeSettings, run: NextRun) -> NodeSettings:
    """What a node that was made with the settings `first` is told of a further run."""
    return replace(
        first,
        run=run.run,
        store=f"{first.store}/{keys.further_run(run.run)}",
        bundle=keys.bundle_key(run.bundle_sha256),
        bundle_sha256=run.bundle_sha256,
        deadline=run.deadline,
        limit=run.limit,
        run_seconds=run.run_seconds,
        key_digest=run.key_digest,
        locked=run.locked,
        execs=run.execs,
    )
