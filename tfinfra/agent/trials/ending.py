"""When a tune is over for its nodes, and what the last of them says."""

from __future__ import annotations

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.end.collect_outputs import mark_collected
from tfinfra.agent.node.agent_context import AgentContext, is_free
from tfinfra.agent.node.heartbeat import Peers
from tfinfra.agent.node.log_shipping import Audience
from tfinfra.agent.part import once_the_store_answers
from tfinfra.agent.verdict.control import Stop, deadline_stop, requested_stop
from tfinfra.agent.verdict.outcomes import publish, published
from tfinfra.errors import Result
from tfinfra.model import CollectedMark, Outcome
from tfinfra.text.wording import spell_seconds

LIVING = "trial"
"""The phase of a node that lives one."""
_GONE, _GONE_WHERE_FREE = 600.0, 60.0
"""Seconds without a client, and without a trial, after which a tune ends by itself."""
_SILENT = 5.0  # seconds without a heartbeat after which nobody waits for a node's last word
_TOLD = "this tune's client has not been heard of for {}, and no trial is under way"


class End:
    """What ends a tune: its client's word, the deadline, or that the client has gone. The two latter are published by
    the node that sees them first."""

    def __init__(self, context: AgentContext, assignment: Assignment) -> None:
        self._context = context
        self._audience = Audience(context.store, context.clock)
        self._heard = context.clock.monotonic()
        self._others, self._ranks = _others(context, assignment)
        self._patience = _GONE_WHERE_FREE if is_free(context.settings) else _GONE

    def look(self, *, idle: bool) -> Stop | None:
        """None while the tune goes on. `idle`: this node lives no trial. Raises what the store raises."""
        context, now = self._context, self._context.clock.time()
        if (outcome := published(context.store)) is not None:
            reason = Result.LIMIT if outcome.result == Result.LIMIT else Result.CANCELLED
            said = outcome.message if outcome.result == reason else f"the tune has ended: {outcome.message}"
            return Stop(reason, said)
        stop = requested_stop(context.store) or deadline_stop(context.settings, context.plan, now)
        stop = stop or self._client_gone(idle=idle)
        if stop is not None:
            publish(context.store, Outcome(stop.reason, stop.message, ended=now))
        return stop

    def _client_gone(self, *, idle: bool) -> Stop | None:
        now = self._context.clock.monotonic()
        if not idle or self._audience.is_watching():
            self._heard = now
        if now - self._heard < self._patience:
            return None
        self._others.poll()
        lost = self._others.lost()
        if any(self._others.phase(rank) == LIVING for rank in self._ranks if rank not in lost):
            return None
        return Stop(Result.CANCELLED, _TOLD.format(spell_seconds(self._patience)))


def mark_ended(context: AgentContext, assignment: Assignment) -> None:
    """Says that this node's part in the tune is over; the first node of those that live says, when all have ended, that
    all is in the store that will ever come, after which the machines may be deleted. Raises what the store raises."""
    context.say_ended()
    peers, ranks = _others(context, assignment)
    now = context.clock.monotonic
    give_up = now() + context.settings.timeouts.collect

    def lives(rank: int) -> bool:
        return now() - peers.seen(rank) < _SILENT

    while now() < give_up and any(lives(rank) and peers.phase(rank) != "ended" for rank in ranks):
        peers.poll()
        context.clock.sleep(context.pause)
    if not any(lives(rank) for rank in ranks if rank < assignment.node):
        once_the_store_answers(context, lambda: mark_collected(context.store, CollectedMark(0)))


def _others(context: AgentContext, assignment: Assignment) -> tuple[Peers, tuple[int, ...]]:
    """The other nodes of the pool, and their ranks."""
    nodes = enumerate(assignment.inventory.nodes)
    ids = {rank: node.node_id for rank, node in nodes if rank != assignment.node}
    return Peers(context.store, ids, context.clock, context.settings.timeouts.heartbeat), tuple(ids)
