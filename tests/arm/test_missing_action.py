"""Which action ARM's words say a caller lacks."""

from __future__ import annotations

import pytest

from tfinfra.arm.error_bodies import missing_actions

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
WRITE = "Microsoft.Compute/virtualMachineScaleSets/write"
SAID: dict[str, tuple[str, str | None]] = {
    "one right": (f"The client 'c' does not have authorization to perform action '{WRITE}' over scope '/s'.", WRITE),
    "a right on what a resource refers to": (
        f"The client 'c' has permission to perform action '{WRITE}' on scope '/s'; however, it does not have "
        f"permission to perform action '{JOIN}' on the linked scope(s) '/n'.",
        JOIN,
    ),
    "the same as ARM writes it now": (
        f"The client 'c' with object id 'o' has permission to perform action '{WRITE}' on scope '/s'; however, it does "
        f"not have permission to perform action(s) '{JOIN}' on the linked scope(s) '/n' (respectively) or the linked "
        "scope(s) are invalid.",
        JOIN,
    ),
    "a linked subscription of another tenant": (
        f"The client has permission to perform action '{JOIN}' on scope '/s', however the current tenant 't' is not "
        "authorized to access linked subscription 'u'.",
        None,
    ),
    "a linked subscription that is not there": (
        f"The client 'c' has permission to perform action '{JOIN}' on scope '/s', however the linked subscription 'u' "
        "was not found.",
        None,
    ),
    "a deny assignment": (
        f"The client 'c' has permission to perform action '{WRITE}' on scope '/s'; however, the access is denied "
        "because of the deny assignment with name 'd'.",
        None,
    ),
    "deny assignments on what a resource refers to": (
        f"The client 'c' has permission to perform action '{WRITE}' on scope '/s'; however, it does not have "
        f"permission to perform action '{JOIN}' on the '0' linked scope(s) '' or the linked scope(s) are invalid and "
        "is blocked by deny assignments on the '2' linked scope(s) '/n,/m'.",
        None,
    ),
    "a right that the provider itself asks for": (
        f"The client with object id 'o' does not have authorization to perform action '{JOIN}' over scope '/n' or the "
        "scope is invalid",
        JOIN,
    ),
    "a condition": (
        f"The client has an authorization with ABAC condition that is not fulfilled to perform action '{WRITE}'",
        WRITE,
    ),
    "nothing of an action": ("The subscription is disabled.", None),
}


@pytest.mark.parametrize(("message", "action"), SAID.values(), ids=SAID.keys())
def test_what_the_caller_lacks(message: str, action: str | None) -> None:
    assert missing_actions(message) == ((action,) if action else ())
