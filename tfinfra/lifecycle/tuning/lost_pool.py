"""What is said of the nodes of a pool that live no trial, though they are there."""

from __future__ import annotations

import re

from tfinfra.errors import ProvisioningError
from tfinfra.store import ObjectStore, keys, log_chunk

READY = ("waiting", "trial")
"""The phases of a node that takes trials."""
_LONGEST = 300
_WARNING = re.compile(r"^\S+Z (?:WARNING|ERROR) (?P<text>.+)$", re.MULTILINE)
_CHUNKS = 5


def takes_nothing(store: ObjectStore, rank: int) -> str:
    """Why the node answers nothing, as far as its agent's log says. Raises what the store raises."""
    said = ""
    for key in store.list(keys.log_folder(keys.agent_log(rank)))[-_CHUNKS:]:
        text = (log_chunk(store, key) or b"").decode("utf-8", "replace")
        said = next((found["text"] for found in reversed([*_WARNING.finditer(text)])), said)
    last = f"; the last warning of its agent: {said[:_LONGEST]}" if said else ""
    return f"it answers nothing that it is asked{last}"


def none_left(why: str) -> ProvisioningError:
    """Of a pool none of whose nodes can live a trial any more; `why` is the reason for the last of them, "" for one
    that is silent."""
    if not why:
        return ProvisioningError("too many nodes of the pool are lost: those that are left can live no trial")
    hint = "do the clocks of this machine and of the nodes agree, and may the nodes read the requests' container?"
    return ProvisioningError(f"the nodes take no trial: {why}", hint=hint)
