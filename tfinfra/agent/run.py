"""An agent's whole life, in order: join, train, linger; beside it, from the first moment on, the deadline. Read this
first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import NoReturn

from tfinfra.agent.end import reboot
from tfinfra.agent.end.await_deletion import linger
from tfinfra.agent.end.deadline_watch import DeadlineWatch
from tfinfra.agent.further_runs import FurtherRuns
from tfinfra.agent.join import JoinedNode, join
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.part import end_run, once_the_store_answers, take_part, telling
from tfinfra.agent.requests.commands import Commands
from tfinfra.agent.requests.desk import RequestDesk, Take
from tfinfra.agent.train import OTHERS
from tfinfra.agent.trials.trials import NO_COMMANDS, Trials
from tfinfra.errors import Result
from tfinfra.model import Outcome


def run(context: AgentContext) -> None:
    """Takes part in the run, and in those that follow it on this node, until the machine ends. Its threads end with
    it, all logs being in the store."""
    deadline = DeadlineWatch(context)
    deadline.start()
    before, further = reboot.earlier_boot(context), FurtherRuns(context)
    try:
        if before is not None and reboot.is_lost(context, before):
            _be_lost(context, before, further)
        with telling(context), ExitStack() as beside:
            if before:
                _end_after_reboot(context, before)
            elif context.plan.pool is not None:
                take_part(context, join, live=lambda _, joined: _live_trials(context, joined, beside))
            else:
                take_part(context, join, lambda joined: _listen(context, joined, further, beside))
            linger(context, further.pause)
    finally:
        deadline.stop()


def _be_lost(context: AgentContext, before: reboot.EarlierBoot, further: FurtherRuns) -> NoReturn:
    """Waits for the machine's end, without a heartbeat: what it trained is gone, and the pool goes on without it."""
    reboot.leave_word(context, reboot.message(context, before), before)
    linger(context, further.pause)


def _listen(context: AgentContext, joined: JoinedNode, further: FurtherRuns, beside: ExitStack) -> None:
    """From now on to the agent's end this node does what the run's client asks. `beside` takes what ends with it."""
    further.begin(joined.assignment)
    commands = Commands(context, joined.assignment, further.why_no_command)
    take = {"exec": commands.start, "interrupt": commands.interrupt, "try": further.ask}
    beside.callback(commands.stop)
    _take_requests(context, joined, take, commands.poll, beside)


def _live_trials(context: AgentContext, joined: JoinedNode, beside: ExitStack) -> None:
    """This node's part in a tune, to its end. Commands are refused: the processes of a trial have the node for
    themselves."""
    trials = Trials(context, joined)
    commands = Commands(context, joined.assignment, lambda: NO_COMMANDS)
    take = {"exec": commands.start, "interrupt": commands.interrupt, "trial": trials.ask}
    _take_requests(context, joined, take, trials.look, beside)
    trials.live()


def _take_requests(
    context: AgentContext, joined: JoinedNode, take: Mapping[str, Take], tick: Callable[[], None], beside: ExitStack
) -> None:
    desk = RequestDesk(context, joined.assignment.node, take, tick)
    beside.callback(desk.stop)
    desk.start()


def _end_after_reboot(context: AgentContext, before: reboot.EarlierBoot) -> None:
    """Ends the run, unless it has ended already or the others have missed this node; then word of it is left."""
    message = reboot.message(context, before)
    won = end_run(
        context, Outcome(Result.FAILED, message, task=before.task, node=before.rank, ended=context.clock.time())
    )
    if not won:
        once_the_store_answers(context, lambda: reboot.report(context, message))
    if won or before.rank == 0:
        context.clock.sleep(OTHERS if context.plan.node_count > 1 else 0.0)
        once_the_store_answers(context, lambda: reboot.salvage(context, before))
