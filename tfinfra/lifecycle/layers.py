"""The three ways in which a run's machines are deleted, each enough alone, and which of them a run has."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.model import Access
from tfinfra.roles import DELETER_ACTIONS, setup_command

_WHEN = "by its managed identity: at the end of the job, at the deadline at the latest"


@dataclass(frozen=True)
class Layer:
    """`name`: client, nodes or timer. `why` says when it deletes, or why it will not; `fix` is then what mends it."""

    name: str
    on: bool
    why: str
    fix: str | None = None


def deletion_layers(
    access: Access, node_count: int, may_delete: bool | None, subscription: str | None
) -> tuple[Layer, ...]:
    """All three, in the order in which they act. `may_delete`: whether nodes and timer can have the right to delete
    the run's groups; None where nobody has asked the cloud. `subscription` is the target's, None where it has none."""
    return (
        Layer("client", on=True, why="at the end of the job, on Ctrl-C and at the deadline"),
        _nodes(access, node_count, may_delete, subscription),
        _timer(access, may_delete, subscription),
    )


def _nodes(access: Access, node_count: int, may_delete: bool | None, subscription: str | None) -> Layer:
    if may_delete is False:
        return _off("nodes", access, subscription)
    each = "the node" if node_count == 1 else f"each of {node_count} nodes"
    return Layer("nodes", on=True, why=f"{each}, {_WHEN}" + _unless(access, may_delete, subscription))


def _timer(access: Access, may_delete: bool | None, subscription: str | None) -> Layer:
    if access.reaper_id:
        name = access.reaper_id.rpartition("/")[2]
        return Layer("timer", on=True, why=f"{name}, made by others; it must be enabled and have succeeded lately")
    if may_delete is False:
        return _off("timer", access, subscription)
    when = "every 5 minutes: the machines at the deadline, the outputs at their own time"
    return Layer("timer", on=True, why=when + _unless(access, may_delete, subscription))


def _off(name: str, access: Access, subscription: str | None) -> Layer:
    """A role that this makes would be nobody's: an identity of others has what they gave it."""
    if access.identity_id:
        identity = access.identity_id.rpartition("/")[2]
        give = (
            f"ask whoever made {identity} to give it, on the subscription, a role with {' and '.join(DELETER_ACTIONS)}"
        )
        return Layer(name, on=False, why=f"{identity} may not delete resource groups in the subscription", fix=give)
    why = f"the subscription has no role 'tfinfra group deleter'; {_makes_it(subscription)}"
    return Layer(name, on=False, why=why, fix=setup_command(subscription))


def _makes_it(subscription: str | None) -> str:
    return f"`{setup_command(subscription)}` makes it once for a subscription"


def _unless(access: Access, may_delete: bool | None, subscription: str | None) -> str:
    """What it depends on, where nobody has asked the cloud."""
    if may_delete is not None:
        return ""
    if access.identity_id:
        return f" (if {access.identity_id.rpartition('/')[2]} may delete resource groups)"
    return f" (if the subscription has the role 'tfinfra group deleter': {_makes_it(subscription)})"
