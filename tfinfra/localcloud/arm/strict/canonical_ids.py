"""Ids as ARM spells them, however a caller writes them."""

from __future__ import annotations

from itertools import pairwise

from tfinfra.localcloud.arm.checks.types import catalogue
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.state import State


def canonical(state: State, path: str) -> str:
    """`path` with ARM's spelling of "subscriptions", "resourceGroups", "providers" and the types, and the group's name
    as it was made; names are as the caller wrote them."""
    parts = ids.parse(path).path[1:].split("/")
    parts[0] = parts[0].lower()
    if len(parts) > 3 and parts[2].lower() == "resourcegroups":
        group = state.group(parts[3])
        parts[2:4] = ["resourceGroups", group.name if group else parts[3]]
    marks = [i for i, part in enumerate(parts) if part.lower() == "providers"]
    for mark, end in pairwise([*marks, len(parts)]):
        parts[mark] = "providers"
        if end - mark > 2:  # a namespace, then types and names in turn
            namespace, *types = catalogue().spelling("/".join([parts[mark + 1], *parts[mark + 2 : end : 2]])).split("/")
            parts[mark + 1] = namespace
            parts[mark + 2 : end : 2] = types
    return "/" + "/".join(parts)
