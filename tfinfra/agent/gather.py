"""What a node must have before its tasks start: the inputs, the checkpoints to resume from, the secrets. Then node 0
waits until all others have theirs, for its clock over the tasks' start begins after that."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from tfinfra.agent.assignment import Gathered
from tfinfra.agent.boot.bring_inputs import bring_inputs
from tfinfra.agent.boot.fetch_files import fetch, fetch_fault
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.heartbeat import Peers
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.verdict.meanwhile import Meanwhile, await_
from tfinfra.model import DataSource, DataSources, Inventory, NodeRegistration, NodeSettings, Resumed
from tfinfra.sealing import NodeKey, Sealed, SealError, digest_of, is_marked
from tfinfra.store import keys, store_errors
from tfinfra.text.masking import needles

NONE_YET: Mapping[str, Path] = {}
_PREPARING = ("", "starting", "environment", "rendezvous", "gathering")
_log = logging.getLogger(__name__)


def node_key(settings: NodeSettings) -> NodeKey | None:
    """This node's key pair, where the client has something to seal for it."""
    return NodeKey() if settings.key_digest else None


def gather(
    context: AgentContext,
    inventory: Inventory,
    rank: int,
    shared: Path,
    key: NodeKey | None,
    *,
    there: Mapping[str, Path] = NONE_YET,
) -> Gathered:
    """Returns when this node has all that its tasks need, and node 0 when all nodes have. `there` has the paths of
    inputs that an earlier run on this node has brought.

    Raises NodeFault, RunEnded or RunStopped where there is nothing to do for this node.
    """
    plan = context.plan
    known = {each.name: there[each.name] for each in plan.inputs if each.name in there}
    lacking = len(known) < len(plan.inputs)
    if not (lacking or plan.resume_from or key):
        return Gathered(known)
    context.heartbeats.say("gathering")
    check = Meanwhile(context)
    given = _open_secrets(context, inventory.nodes[rank], key, check) if key else Sealed({}, "")
    context.logs.hide(needles((*given.secrets.values(), given.key) if key else ()))
    sources = _sources(context, given.key) if lacking or plan.resume_from else DataSources({})
    inputs = bring_inputs(sources.inputs, context.paths, context.open_store, context.settings.identity_client_id, check)
    if sources.checkpoints is not None:
        _resume(context, sources.checkpoints, rank, shared / "checkpoints", check)
    context.heartbeats.say("gathered")
    if rank == 0:
        _wait_for_others(context, inventory, check)
    return Gathered({**known, **inputs}, given.secrets, given.key or None)


def _sources(context: AgentContext, key: str) -> DataSources:
    """Raises NodeFault for what does not come from the client, where that can be known (`key` is not "")."""
    found = read(context.store, keys.DATA, DataSources)
    if found is None:
        raise NodeFault(f"the client left no readable {keys.DATA} in the run's store")
    if key and not is_marked(found.mark, key, *found.words()):
        raise NodeFault(f"{keys.DATA} does not come from the run's client: who else may write into the store?")
    if strange := set(found.inputs) - {each.name for each in context.plan.inputs}:
        raise NodeFault(f"{keys.DATA} has an input that the plan does not name: {ascii(min(strange))[:80]}")
    return found


def _resume(context: AgentContext, source: DataSource, rank: int, target: Path, check: Meanwhile) -> None:
    """Node 0 puts the checkpoints into the tasks' common directory; the others wait for its word. Nodes without a
    common one have each its own."""
    if rank != 0 and context.plan.infrastructure.shared_directory:
        await_(context, lambda: read(context.store, keys.RESUMED, Resumed), check)
        return
    try:
        files = fetch(source, target, context.open_store, check).files
    except store_errors() as error:
        raise fetch_fault(
            error, source, "the checkpoints to resume from", context.settings.identity_client_id
        ) from error
    _log.info("%d files of checkpoints are in place", files)
    write(context.store, keys.RESUMED, Resumed(files))


def _open_secrets(context: AgentContext, registration: NodeRegistration, key: NodeKey, check: Meanwhile) -> Sealed:
    """What the client has sealed for the nodes of the inventory, once it has."""
    if registration.public_key != key.public:
        whose = f"the key registered for {registration.node_id} is not this node's"
        raise NodeFault(f"{whose}: who else may write into the store?")
    sealed = await_(context, lambda: context.store.get(keys.SECRETS), check, context.settings.timeouts.register)
    if sealed is None:
        raise NodeFault("the client did not hand over its key and the secrets in time: is it still there?")
    try:
        given = key.open(sealed)
    except SealError as error:
        raise NodeFault(f"the secrets were not sealed for this node: {error}") from error
    if digest_of(given.key) != context.settings.key_digest:
        raise NodeFault(f"{keys.SECRETS} does not come from the run's client: who else may write into the store?")
    if missing := [name for name in context.plan.secrets if name not in given.secrets]:
        raise NodeFault(f"the client handed over no value of {', '.join(missing)}")
    return given


def _wait_for_others(context: AgentContext, inventory: Inventory, check: Meanwhile) -> None:
    """Returns when no other node is still preparing, or it is lost: then the judge sees that too."""
    ids = {rank: node.node_id for rank, node in enumerate(inventory.nodes) if rank != 0}
    peers = Peers(context.store, ids, context.clock, context.settings.timeouts.heartbeat)

    def ready() -> bool:
        peers.poll()
        lost = peers.lost()
        return all(rank in lost or peers.phase(rank) not in _PREPARING for rank in ids)

    await_(context, ready, check)
