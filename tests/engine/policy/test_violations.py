"""What an event of the engine says of a policy."""

from __future__ import annotations

import pytest
from pulumi.automation import EngineEvent
from pulumi.automation.events import PolicyEvent

from tfinfra.engine.policy.preview import Violation, violation_of

SAID = {
    "a rule whose own words are those of one that cannot judge": ("mandatory", "can't run GPUs here", "mandatory"),
    "advice in such words": ("advisory", "can't run GPUs here", "advisory"),
    "a value that nobody knows yet": (
        "advisory",
        "can't run policy 'sizes' from policy pack 'house@v0.0.1' during preview: it is not known",
        "unknown",
    ),
    "a level that is newer": ("remediate", "smaller", "advisory"),
}


@pytest.mark.parametrize(("level", "message", "expected"), SAID.values(), ids=SAID)
def test_what_a_policy_forbids_stays_forbidden(level: str, message: str, expected: str) -> None:
    assert found_of(message, level).level == expected


IN_A_LINE = {
    "a description that is no sentence": ("names of ours\nno underscores", "names of ours: no underscores"),
    "one that is a sentence": ("Checks names.\n  no underscores \n", "Checks names. no underscores"),
    "several lines": ("Checks names.\nno underscores\nand no dots", "Checks names. no underscores: and no dots"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("message", "expected"), IN_A_LINE.values(), ids=IN_A_LINE)
def test_a_policy_speaks_in_one_line(message: str, expected: str) -> None:
    assert found_of(message, "mandatory").message == expected


def found_of(message: str, level: str) -> Violation:
    said = PolicyEvent(
        message=message,
        color="",
        policy_name="sizes",
        policy_pack_name="house",
        policy_pack_version="v0.0.1",
        policy_pack_version_tag="v0.0.1",
        enforcement_level=level,
    )
    found = violation_of(EngineEvent(sequence=1, timestamp=1, policy_event=said))
    assert found is not None
    return found
