"""The timer's workflow of a keep group, as the stack puts it."""

from __future__ import annotations

from typing import Any

from stacks.run import ARM
from stacks.timer import definition
from tests.localcloud.calls import COMPUTE, IDENTITY, KEEP, SUB

RUN = "digits-abc123"
TIMER = f"{KEEP}/providers/Microsoft.Logic/workflows/timer"
Body = dict[str, Any]


LATEST = {"compute": "2126-11-30T10:00:00Z", "second": "2126-11-30T10:00:00Z", "keep": "2126-12-07T10:00:00Z"}
"""When each group goes at the latest: far away."""


def workflow(
    groups: dict[str, str] | None = None,
    arm: str = ARM,
    audience: str | None = None,
    latest: dict[str, str] | None = None,
) -> Body:
    """The timer of a keep group, as the stack puts it."""
    names = {what: path.rpartition("/")[2] for what, path in (("compute", COMPUTE), ("keep", KEEP))}
    values = {"subscription": SUB.rpartition("/")[2]}
    return {
        "location": "eastus",
        "tags": {"tfinfra-run": RUN},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
        "properties": {
            "state": "Enabled",
            "definition": definition(groups or names, IDENTITY, latest or LATEST, arm, audience),
            "parameters": {name: {"type": "String", "value": value} for name, value in values.items()},
        },
    }
