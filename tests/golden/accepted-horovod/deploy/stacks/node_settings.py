"""What must be in the nodes' /etc/tfinfra/settings.json, which the compute stack takes as text: a node that cannot read
it is billed for nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# What the bootstrap reads before there is an agent that could complain
_TEXTS = {
    "store": r"(https|file)://\S+",
    "bundle": r"\S+",
    "bundle_sha256": "[0-9a-f]{64}",
    "identity_client_id": r"\S+",
    "arm_endpoint": r"https?://\S+",
    "compute_group_id": "/subscriptions/[^/]+/resourceGroups/[^/]+",
    "deadline": r"\S+",
}


def complaints(text: str, run: str, group: str) -> Iterator[str]:
    """What is wrong with the settings of the nodes of `run`, which are in this resource group; nothing where they are
    right."""
    try:
        found = json.loads(text)
    except ValueError as error:
        yield f"is no JSON ({error})"
        return
    if not isinstance(found, dict):
        yield "is no JSON object"
        return
    for name, pattern in _TEXTS.items():
        value = found.get(name)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield f"has no '{name}' that a node could use"
    if not isinstance(found.get("timeouts"), dict):
        yield "has no 'timeouts'"
    if found.get("run") != run:
        yield f"is of the run {json.dumps(found.get('run'))}, not of '{run}'"
    elif _last(found.get("compute_group_id")) != group.lower():
        yield f"is of the group {json.dumps(_last(found.get('compute_group_id')))}, not of '{group}'"


def _last(id_: Any) -> str:
    """The group's name in its ARM id; ARM's names have no case."""
    return str(id_).rpartition("/")[2].lower()
