"""The three ways in which a run's machines are deleted, each enough alone, and which of them a run has."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.model import Access

_WHEN = "by its managed identity: at the end of the job, at the deadline at the latest"
SETUP = "`tfinfra setup azure` makes it once for a subscription"


@dataclass(frozen=True)
class Layer:
    """`name`: client, nodes or timer. `why` says when it deletes, or why it will not."""

    name: str
    on: bool
    why: str


def deletion_layers(access: Access, node_count: int, may_delete: bool | None) -> tuple[Layer, ...]:
    """All three, in the order in which they act. `may_delete`: whether nodes and timer can have the right to delete
    the run's groups; None where nobody has asked the cloud."""
    return (
        Layer("client", on=True, why="at the end of the job, on Ctrl-C and at the deadline"),
        _nodes(access, node_count, may_delete),
        _timer(access, may_delete),
    )


def _nodes(access: Access, node_count: int, may_delete: bool | None) -> Layer:
    if may_delete is False:
        return Layer("nodes", on=False, why=_missing(access))
    each = "the node" if node_count == 1 else f"each of {node_count} nodes"
    return Layer("nodes", on=True, why=f"{each}, {_WHEN}" + _unless(access, may_delete))


def _timer(access: Access, may_delete: bool | None) -> Layer:
    if access.reaper_id:
        name = access.reaper_id.rpartition("/")[2]
        return Layer("timer", on=True, why=f"{name}, made by others; it must be enabled and have succeeded lately")
    if may_delete is False:
        return Layer("timer", on=False, why=_missing(access))
    when = "every 5 minutes: the machines at the deadline, the outputs at their own time"
    return Layer("timer", on=True, why=when + _unless(access, may_delete))


def _missing(access: Access) -> str:
    if access.identity_id:
        return f"{access.identity_id.rpartition('/')[2]} may not delete resource groups in the subscription"
    return f"the subscription has no role 'tfinfra group deleter'; {SETUP}"


def _unless(access: Access, may_delete: bool | None) -> str:
    """What it depends on, where nobody has asked the cloud."""
    if may_delete is not None:
        return ""
    if access.identity_id:
        return f" (if {access.identity_id.rpartition('/')[2]} may delete resource groups)"
    return f" (if the subscription has the role 'tfinfra group deleter': {SETUP})"
