"""An agent's whole life, in order: join, train, linger; beside it, from the first moment on, the deadline. Read this
first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TypeVar

from tfinfra.agent.end import reboot
from tfinfra.agent.end.await_deletion import linger
from tfinfra.agent.end.collect_outputs import mark_collected
from tfinfra.agent.end.deadline_watch import DeadlineWatch
from tfinfra.agent.join import JoinedNode, join
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.scheduled_events import Notices
from tfinfra.agent.node_errors import NodeDiffers, NodeFault, RunEnded, RunStopped
from tfinfra.agent.requests.commands import Commands
from tfinfra.agent.requests.desk import RequestDesk
from tfinfra.agent.train import OTHERS, bring, train
from tfinfra.agent.verdict import outcomes
from tfinfra.errors import Result
from tfinfra.model import CollectedMark, Outcome
from tfinfra.store import store_errors

T = TypeVar("T")
LOCK_ANEW = "each node's checks are in the run's evidence; where the change is meant, `tfinfra lock` takes it up"
_TRIES, _PAUSE = 4, 5.0
_log = logging.getLogger(__name__)


def run(context: AgentContext) -> None:
    """Takes part in the run until the machine ends. Its threads end with it, all logs being in the store."""
    deadline = DeadlineWatch(context)
    deadline.start()
    before = reboot.earlier_boot(context)
    context.heartbeats.start()
    context.logs.start()
    notices = Notices(context.metadata, context.heartbeats, context.identity.name)
    notices.start()
    beside = ExitStack()
    try:
        if before:
            _end_after_reboot(context, before)
        else:
            _take_part(context, beside)
        linger(context)
    finally:
        beside.close()
        notices.stop()
        context.logs.stop()
        context.heartbeats.stop()
        deadline.stop()


def _take_part(context: AgentContext, beside: ExitStack) -> None:
    """Joins and trains. What a node cannot do ends the run, and never this node's watch over its end. `beside` takes
    what ends with the agent."""
    try:
        joined = join(context)
    except RunEnded as ended:
        _log.info("%s", ended)
    except RunStopped as stopped:
        _give_up(context, stopped.reason, stopped.message)
    except NodeDiffers as fault:
        _give_up(context, Result.FAILED, fault.message, differs=True)
    except NodeFault as fault:
        _give_up(context, Result.FAILED, fault.message)
    except Exception as error:  # noqa: BLE001  the outermost edge: whatever it is, the run must not wait for this node
        _give_up(context, Result.FAILED, _own_failure(context, error))
    else:
        _listen(context, joined, beside)
        _train(context, joined)


def _listen(context: AgentContext, joined: JoinedNode, beside: ExitStack) -> None:
    """From now on to the agent's end this node does what the run's client asks."""
    commands = Commands(context, joined.assignment)
    take = {"exec": commands.start, "interrupt": commands.interrupt}
    desk = RequestDesk(context, joined.assignment.node, take, commands.poll)
    beside.callback(commands.stop)
    beside.callback(desk.stop)
    desk.start()


def _train(context: AgentContext, joined: JoinedNode) -> None:
    """Trains; where the agent itself fails the run ends, and what the tasks have written so far is collected."""
    try:
        train(context, joined.assignment, joined.witness)
    except Exception as error:  # noqa: BLE001  the outermost edge, as above
        if _end(context, _outcome(context, Result.FAILED, _own_failure(context, error))):
            context.clock.sleep(OTHERS if context.plan.node_count > 1 else 0.0)
            bring(context, joined.assignment)
    finally:
        joined.leave()


def _end_after_reboot(context: AgentContext, before: reboot.EarlierBoot) -> None:
    """Ends the run, unless it has ended already or the others have missed this node; then word of it is left."""
    message = reboot.message(context, before)
    won = _end(context, Outcome(Result.FAILED, message, task=before.task, node=before.rank, ended=context.clock.time()))
    if not won:
        _once_the_store_answers(context, lambda: reboot.report(context, message))
    if won or before.rank == 0:
        context.clock.sleep(OTHERS if context.plan.node_count > 1 else 0.0)
        _once_the_store_answers(context, lambda: reboot.salvage(context, before))


def _give_up(context: AgentContext, result: Result, message: str, *, differs: bool = False) -> None:
    """Ends the run before this node had tasks: there is nothing to collect, which is said too."""
    hint = LOCK_ANEW if differs else None
    if _end(context, replace(_outcome(context, result, message), differs=differs, hint=hint)):
        _once_the_store_answers(context, lambda: mark_collected(context.store, CollectedMark(0)))


def _outcome(context: AgentContext, result: Result, message: str) -> Outcome:
    return Outcome(result, message, ended=context.clock.time())


def _end(context: AgentContext, outcome: Outcome) -> bool:
    """Publishes the outcome once the store answers: nothing else is left to do. Returns whether it is the run's."""
    _log.error("%s", outcome.message)
    context.say_ended()
    return _once_the_store_answers(context, lambda: outcomes.publish(context.store, outcome))


def _once_the_store_answers(context: AgentContext, operation: Callable[[], T]) -> T:
    """Beyond the store's own patience; raises in the end: an agent that dies is seen, one that waits is not."""
    for _ in range(_TRIES):
        try:
            return operation()
        except store_errors():
            _log.exception("the store does not answer")
        context.clock.sleep(_PAUSE)
    return operation()


def _own_failure(context: AgentContext, error: Exception) -> str:
    _log.error("the agent failed", exc_info=error)
    return f"the agent of {context.identity.address} failed: {error!r}"
