"""The wait of a run's client for its nodes, from their first task to their last word."""

from __future__ import annotations

import time

from tfinfra.lifecycle.end.ending import POLL, await_collected
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.model import to_json
from tfinfra.text.wording import count


def train(context: RunContext, nodes: Nodes) -> None:
    """Returns once the nodes have trained well and their outputs are in the store. Raises what interrupts the run, and
    what an outcome that is no success means."""
    plan, session = context.plan, context.session
    with session.phase("train", f"{count(len(plan.tasks), 'task')} on {count(plan.node_count, 'node')}"):
        outcome = nodes.look()
        while outcome is None:
            session.check()
            time.sleep(POLL)
            outcome = nodes.look()  # first: what ended before this process slept past a limit has ended by itself
        context.folder.audit.append("outcome", **to_json(outcome))
        await_collected(context, nodes, session.interrupt.check)
        for warning in outcome.warnings:
            session.observer.say(f"warning: {warning}")
        if (kind := outcome.error) is not None:
            raise kind(outcome.in_full(), hint=outcome.hint)
