"""The end of a client that leaves its run to the nodes: its record says then that nobody drives it."""

from __future__ import annotations

from tfinfra.lifecycle.end import collect
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.record.evidence_state import NOT_FETCHED
from tfinfra.lifecycle.record.in_store import published
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.store import ObjectStore


def leave_detached(context: RunContext, nodes: Nodes, store: ObjectStore) -> RunResult:
    """Notes that nobody drives the run from here on, for other machines in `store`. Raises what that raises."""
    evidence = NOT_FETCHED if context.audit.signs else None
    record = context.folder.update(detached=True, client=None, times=context.times(over=False), evidence=evidence)
    published.publish(store, record, context.plan)
    context.folder.audit.append("detached")
    document = collect.run_document(record, context.plan, nodes.store, context.ports.clock())
    return RunResult(record, document, None)
