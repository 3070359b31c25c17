"""The three ways in which a run's machines are deleted, each enough alone, and which of them a run has."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.arm.deleter_role import setup_command
from tfinfra.model import Access, Plan, Target

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
    """All three, in the order in which they act. `may_delete`: whether the run's own identities can have the right to
    delete its groups; None where the cloud was not asked. `subscription` is the target's, None where it has none."""
    return (
        Layer("client", on=True, why="at the end of the job, on Ctrl-C and at the deadline"),
        _nodes(access, node_count, may_delete, subscription),
        _timer(access, may_delete, subscription),
    )


def planned_layers(plan: Plan, target: Target, may_delete: bool | None = None) -> tuple[Layer, ...]:
    """The layers of a plan that nobody runs yet. `may_delete` is what its cloud said, None where it was not asked: then
    the local cloud's role is certain, which that cloud makes itself."""
    if may_delete is None and target.cloud == "local":
        may_delete = True
    return deletion_layers(plan.infrastructure.access, plan.node_count, may_delete, target.subscription_id)


def _nodes(access: Access, node_count: int, may_delete: bool | None, subscription: str | None) -> Layer:
    if access.identity_id:  # Azure cannot let one identity delete this run's group and no other's
        identity = access.identity_id.rpartition("/")[2]
        why = (
            f"{identity} is one identity for all runs of this target: each could delete every other's groups, so none "
            "deletes; where the client is gone, machines stay until the timer's time, also those of a job that has "
            "ended. A script of one run can read and change the outputs of the others: Azure cannot tell them apart"
        )
        return Layer("nodes", on=False, why=why, fix="leave identity_id out: then each run has an identity of its own")
    if may_delete is False:
        return _off("nodes", subscription)
    each = "the node" if node_count == 1 else f"each of {node_count} nodes"
    return Layer("nodes", on=True, why=f"{each}, {_WHEN}" + _unless(may_delete, subscription))


def _timer(access: Access, may_delete: bool | None, subscription: str | None) -> Layer:
    if access.reaper_id:
        name = access.reaper_id.rpartition("/")[2]
        return Layer("timer", on=True, why=f"{name}, made by others; it must be enabled and have succeeded lately")
    if may_delete is False and access.identity_id:
        why = "its own identity cannot have the role 'tfinfra group deleter': it is not there, or not yours to assign"
        way = f"{setup_command(subscription)}; who may not assign roles names a reaper_id that a platform team made"
        return Layer("timer", on=False, why=why, fix=way)
    if may_delete is False:
        return _off("timer", subscription)
    held = "no tag puts that off, but for `extend` after `up --keep`"
    when = f"every 5 minutes: the machines at the deadline, the outputs at their own time; {held}"
    return Layer("timer", on=True, why=when + _unless(may_delete, subscription))


def _off(name: str, subscription: str | None) -> Layer:
    why = f"the subscription has no role 'tfinfra group deleter'; {_makes_it(subscription)}"
    return Layer(name, on=False, why=why, fix=setup_command(subscription))


def _makes_it(subscription: str | None) -> str:
    return f"`{setup_command(subscription)}` makes it once for a subscription"


def _unless(may_delete: bool | None, subscription: str | None) -> str:
    """What it depends on, where the cloud was not asked."""
    if may_delete is not None:
        return ""
    return f" (if the subscription has the role 'tfinfra group deleter': {_makes_it(subscription)})"
