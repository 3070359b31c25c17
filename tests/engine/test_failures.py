"""What a user reads when an update fails."""

from __future__ import annotations

import pytest
from pulumi.automation._cmd import CommandResult

from tfinfra.engine.events import UpdateEvent
from tfinfra.engine.refusals.failures import provisioning_error
from tfinfra.errors import ProvisioningError

_SET = "azure-native:compute:VirtualMachineScaleSet"
_STACK = "pulumi:pulumi:Stack"
_OTHER = UpdateEvent("error", _STACK, "tfinfra-r", "update failed")
_SAID = 'We do not have sufficient capacity of "D8".\n\nmore\nand more'
_ARM = UpdateEvent("error", _SET, "scale-set", f'Status=409 Code="AllocationFailed" Message="{_SAID}"')

_WITHOUT = UpdateEvent("error", _SET, "scale-set", "1 error occurred:\n\t* the input is missing")

CASES: dict[str, tuple[list[UpdateEvent], CommandResult | None, str | None, str]] = {
    "the cloud's own words come first, and only two lines of them": (
        [_OTHER, _ARM],
        CommandResult("", "much", 255),
        None,
        "VirtualMachineScaleSet 'scale-set': AllocationFailed: We do not have sufficient capacity of \"D8\". more",
    ),
    "what is no answer of ARM's is told as it is": (
        [_WITHOUT],
        None,
        None,
        "VirtualMachineScaleSet 'scale-set': the input is missing",
    ),
    "of two resources that failed the one that ARM refused is told, not the one that was cut off": (
        [UpdateEvent("error", _SET, "other", 'Put "https://management.azure.com/x": EOF'), _ARM],
        None,
        None,
        "VirtualMachineScaleSet 'scale-set': AllocationFailed: We do not have sufficient capacity of \"D8\". more",
    ),
    "the program's own question may be refused too": (
        [
            UpdateEvent(
                "error",
                _STACK,
                "tfinfra-r",
                "Exception: invoke failed: cannot check existence of resource '/s/x': "
                'status code 403, {"error":{"code":"AuthorizationFailed","message":"The client may not."}}',
            )
        ],
        None,
        None,
        "the keep stack could not be updated: AuthorizationFailed: The client may not.",
    ),
    "a killed plugin is named, whatever else was said": (
        [_ARM],
        CommandResult("", "", 255),
        "was killed by signal 9",
        "the provider plugin was killed by signal 9 while the keep stack was being updated",
    ),
    "of a numbered list, what says something": (
        [],
        CommandResult("", "error: update failed\n2 errors occurred:\n\t1) the lock is another's\n\t2) Unknown\n", 255),
        None,
        "the keep stack could not be updated: the lock is another's",
    ),
    "what stands above a list that says nothing": (
        [],
        CommandResult("", "error: saving the snapshot: EOF\n1 error occurred:\n\t1) Unknown\n", 255),
        None,
        "the keep stack could not be updated: error: saving the snapshot: EOF",
    ),
    "a full disk, wherever it is said": (
        [],
        CommandResult("", "error: write /s/.pulumi/a.json: no space left on device\n  1) x\n\t2) Unknown\n", 255),
        None,
        "the keep stack could not be updated: the disk with /s/.pulumi/a.json is full",
    ),
    "a full disk, whatever else was said": (
        [
            _ARM,
            UpdateEvent(
                "error", _STACK, "tfinfra-r", "OSError: [Errno 28] No space left on device: '/s/x'" + "y" * 900
            ),
        ],
        CommandResult("", "", 255),
        None,
        "the keep stack could not be updated: the disk with /s/x is full",
    ),
    "a killed tool is named": (
        [],
        CommandResult("", "", -9),
        None,
        "the keep stack could not be updated: Pulumi was ended by signal 9",
    ),
    "a fault of the program itself is told with the place where it was raised": (
        [
            UpdateEvent(
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
    "a tool that never ran has said nothing": (
        [],
        None,
        None,
        "the keep stack could not be updated: Pulumi did not start",
    ),
    "a fault of the program is one of the stack": (
        [UpdateEvent("error", _STACK, "tfinfra-r", "Missing required configuration variable 'tfinfra:run'")],
        CommandResult("", "", 255),
        None,
        "the keep stack could not be updated: Missing required configuration variable 'tfinfra:run'",
    ),
}


@pytest.mark.parametrize(("events", "ended", "plugin", "message"), CASES.values(), ids=CASES.keys())
def test_an_error_in_a_line_or_two(
    events: list[UpdateEvent], ended: CommandResult | None, plugin: str | None, message: str
) -> None:
    assert str(provisioning_error("keep", ended, events, plugin)) == message


FIELDS: dict[str, tuple[UpdateEvent, tuple[int | None, str | None, str]]] = {
    "with a code": (_ARM, (409, "AllocationFailed", _SAID)),
    "without one": (UpdateEvent("error", _SET, "s", 'Status=502 Message="bad"'), (502, None, "bad")),
    "what is no answer has none": (_WITHOUT, (None, None, "")),
}


@pytest.mark.parametrize(("event", "fields"), FIELDS.values(), ids=FIELDS.keys())
def test_arms_answer_is_in_fields_of_its_own(event: UpdateEvent, fields: tuple[int | None, str | None, str]) -> None:
    error = provisioning_error("compute", None, [_OTHER, event], None)
    assert isinstance(error, ProvisioningError)
    assert (error.status, error.code, error.said) == fields
