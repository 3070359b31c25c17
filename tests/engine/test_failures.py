"""What a user reads when an update fails."""

from __future__ import annotations

import pytest
from pulumi.automation._cmd import CommandResult

from tfinfra.engine.events import Event
from tfinfra.engine.failures import provisioning_error

_SET = "azure-native:compute:VirtualMachineScaleSet"
_STACK = "pulumi:pulumi:Stack"
_OTHER = Event("error", _STACK, "tfinfra-r", "update failed")
_ARM = Event("error", _SET, "scale-set", "AllocationFailed: We do not have sufficient capacity.\n\nmore\nand more")

CASES: dict[str, tuple[list[Event], CommandResult | None, str | None, str]] = {
    "the cloud's own words come first, and only two lines of them": (
        [_OTHER, _ARM],
        CommandResult("", "much", 255),
        None,
        "VirtualMachineScaleSet 'scale-set': AllocationFailed: We do not have sufficient capacity. more",
    ),
    "a killed plugin is named, whatever else was said": (
        [_ARM],
        CommandResult("", "", 255),
        "was killed by signal 9",
        "the provider plugin was killed by signal 9 while the keep stack was being updated",
    ),
    "a killed tool is named": (
        [],
        CommandResult("", "", -9),
        None,
        "the keep stack could not be updated: Pulumi was ended by signal 9",
    ),
    "a fault of the program itself is told with the place where it was raised": (
        [
            Event(
                "error",
                _STACK,
                "tfinfra-r",
                "python inline source runtime error: no such key\nTraceback (most recent call last):\n"
                '  File "a.py", line 1, in outer\n    inner()\n'
                '  File "b.py", line 2, in inner\n    x[1]\nKeyError: 1\n',
            )
        ],
        None,
        None,
        "the keep stack could not be updated: python inline source runtime error: no such key "
        '(File "b.py", line 2, in inner)',
    ),
    "without an event the tool's last line must do": (
        [],
        CommandResult("", "first\nerror: the stack is locked\n", 255),
        None,
        "the keep stack could not be updated: error: the stack is locked",
    ),
    "a fault of the program is one of the stack": (
        [Event("error", _STACK, "tfinfra-r", "Missing required configuration variable 'tfinfra:run'")],
        CommandResult("", "", 255),
        None,
        "the keep stack could not be updated: Missing required configuration variable 'tfinfra:run'",
    ),
}


@pytest.mark.parametrize(("events", "ended", "plugin", "message"), CASES.values(), ids=CASES.keys())
def test_an_error_in_a_line_or_two(
    events: list[Event], ended: CommandResult | None, plugin: str | None, message: str
) -> None:
    assert str(provisioning_error("keep", ended, events, plugin)) == message
