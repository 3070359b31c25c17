"""`tfinfra doctor --role`: the custom role of a caller, and how an owner assigns it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfinfra.arm.deleter_role import group_deleter_id
from tfinfra.arm.kinds import kind_of
from tfinfra.azure.rights.caller_role import assignment_command, caller_role, stack_tokens
from tfinfra.compiler.named_target import named_target
from tfinfra.system.resources import resource_folder


def needed_role(target: str | None, subscription: str | None = None) -> dict[str, Any]:
    """The role of a caller, for every resource that the stacks can make, in a subscription: that of a target, or the
    one of that id. Raises ManifestError."""
    types = {kind_of(f"azure-native:{token}").arm_type for token in stack_tokens(resource_folder("stacks"))}
    if subscription is None and target is not None:
        subscription = named_target(target, Path()).subscription_id
    return caller_role(types, subscription or "<subscription id>")


def how_to_assign(role: dict[str, Any]) -> tuple[str, str]:
    """What an owner has to know, and the command that assigns the role: without the condition on its assignment the
    role is as good as Owner."""
    subscription = role["properties"]["assignableScopes"][0].rpartition("/")[2]
    known = not subscription.startswith("<")
    deleter = group_deleter_id(subscription) if known else "<id of the role 'tfinfra group deleter'>"
    warning = (
        "an owner makes this role, and assigns it with the condition below: it may assign roles, and without the "
        "condition its holder can make himself Owner"
    )
    return warning, assignment_command(subscription, "<object id of the caller>", "User", deleter)
