"""A node's part in one run, whichever run of the node it is: joins, trains, and ends the run where it cannot."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TypeVar

from tfinfra.agent.end.collect_outputs import mark_collected
from tfinfra.agent.end.forwarding import Forwarding
from tfinfra.agent.join import JoinedNode
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.scheduled_events import Notices
from tfinfra.agent.node_errors import NodeDiffers, NodeFault, RunEnded, RunStopped
from tfinfra.agent.train import OTHERS, bring, train
from tfinfra.agent.verdict import outcomes
from tfinfra.errors import Result
from tfinfra.model import CollectedMark, Outcome
from tfinfra.store import store_errors

T = TypeVar("T")
LOCK_ANEW = "each node's checks are in the run's evidence; where the change is meant, `tfinfra lock` takes it up"
NO_PART = (RunEnded, RunStopped, NodeFault)
"""Why a node has no tasks in a run."""
_TRIES, _PAUSE = 4, 5.0
_log = logging.getLogger(__name__)


@contextmanager
def telling(context: AgentContext) -> Iterator[None]:
    """The threads that tell of this node: its heartbeats, its logs, and what its cloud announces of it."""
    notices = Notices(context.metadata, context.heartbeats, context.identity.name)
    with beating(context), ExitStack() as ended:
        notices.start()
        ended.callback(notices.stop)
        yield


@contextmanager
def beating(context: AgentContext) -> Iterator[None]:
    """The threads that tell of one run of this node: its heartbeats and its logs."""
    context.heartbeats.start()
    context.logs.start()
    with ExitStack() as ended:  # each of them, also where the store does not take the last words of another
        ended.callback(context.heartbeats.stop)
        ended.callback(context.logs.stop)
        yield


def take_part(
    context: AgentContext,
    join: Callable[[AgentContext], JoinedNode],
    joins: Callable[[JoinedNode], object] = lambda _: None,
    live: Callable[[AgentContext, JoinedNode], object] | None = None,
) -> None:
    """Joins and trains, or does what `live` says instead. What a node cannot do ends the run, and never this node's
    watch over its end. `joins` is told what the node is of the run, before its first task."""
    try:
        joined = join(context)
    except NO_PART as why:
        take_no_part(context, why)
    except Exception as error:  # noqa: BLE001  the outermost edge: whatever it is, the run must not wait for this node
        give_up_for(context, error)
    else:
        joins(joined)
        try:
            (live or _train)(context, joined)
        finally:
            joined.leave()


def _train(context: AgentContext, joined: JoinedNode) -> None:
    """Trains; where the agent itself fails the run ends, and what the tasks have written so far is collected."""
    forwarding = Forwarding(context, joined.assignment)
    try:
        train(context, joined.assignment, joined.witness, forwarding)
    except Exception as error:  # noqa: BLE001  the outermost edge, as above
        if end_run(context, _outcome(context, Result.FAILED, _own_failure(context, error))):
            context.clock.sleep(OTHERS if context.plan.node_count > 1 else 0.0)
            bring(context, joined.assignment, forwarding.finish)
    finally:
        forwarding.finish()


def take_no_part(context: AgentContext, why: RunEnded | RunStopped | NodeFault) -> None:
    """Ends the run for a reason of NO_PART, unless it has ended already."""
    if isinstance(why, RunEnded):
        _log.info("%s", why)
    elif isinstance(why, RunStopped):
        _give_up(context, why.reason, why.message)
    else:
        _give_up(context, Result.FAILED, why.message, differs=isinstance(why, NodeDiffers))


def give_up_for(context: AgentContext, error: Exception) -> None:
    """Ends the run before this node had tasks, for an error of its agent."""
    _give_up(context, Result.FAILED, _own_failure(context, error))


def _give_up(context: AgentContext, result: Result, message: str, *, differs: bool = False) -> None:
    """Ends the run before this node had tasks: there is nothing to collect, which is said too."""
    hint = LOCK_ANEW if differs else None
    if end_run(context, replace(_outcome(context, result, message), differs=differs, hint=hint)):
        once_the_store_answers(context, lambda: mark_collected(context.store, CollectedMark(0)))


def _outcome(context: AgentContext, result: Result, message: str) -> Outcome:
    return Outcome(result, message, ended=context.clock.time())


def end_run(context: AgentContext, outcome: Outcome) -> bool:
    """Publishes the outcome once the store answers: nothing else is left to do. Returns whether it is the run's."""
    _log.error("%s", outcome.message)
    context.say_ended()
    return once_the_store_answers(context, lambda: outcomes.publish(context.store, outcome))


def once_the_store_answers(context: AgentContext, operation: Callable[[], T]) -> T:
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
