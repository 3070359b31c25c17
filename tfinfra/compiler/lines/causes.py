"""Why a stack has a resource: the key of the target or the manifest that decides about it. The names are those of
stacks/, which imports nothing of tfinfra (tests/compiler/test_causes.py holds every resource of both stacks to it)."""

from __future__ import annotations

import re

_PLACE, _SIZE, _STORE, _IDENTITY, _REAPER = "location", "vm_size", "store", "identity_id", "reaper_id"
_NETWORK, _NODES, _LIMITS = "subnet_id", "node_count", "limits"

CAUSES: dict[str, dict[str, str]] = {
    "keep": {
        "group": _PLACE,
        "blobs": _STORE,
        "container": _STORE,
        "requests": _STORE,
        "caller-blobs": _STORE,
        "deletions": _LIMITS,  # what is deleted can be brought back for as long as outputs are kept
        "nodes": _IDENTITY,
        "nodes-blobs": _IDENTITY,
        "nodes-requests": _IDENTITY,
        "timer-identity": _REAPER,
        "timer-may-delete": _REAPER,
        "workflow": _REAPER,
        "files": _NODES,  # a shared directory is there where there are several nodes
        "share": _NODES,
    },
    "compute": {
        "group": _PLACE,
        "nodes-may-delete": _IDENTITY,
        "timer-may-delete": _REAPER,
        "rules": _NETWORK,
        "vnet": _NETWORK,
        "nat": _NETWORK,
        "nat-address": _NETWORK,
        "nodes-group": _NETWORK,
        "shared-endpoint": _NODES,
        "shared-names": _NODES,
        "shared-zone": _NODES,
        "shared-zone-link": _NODES,
        "placement": _NODES,
        "scale-set": _SIZE,
    },
}
"""{part of a run: {the program's name of a resource: the key}}."""

_OF_ALL = (("tags", r"\btag"), ("location", r"\b(location|region)s?\b"))
_OF_NODES = (
    ("image", r"\bimage"),
    ("vm_priority", r"\b(spot|priority|evict\w*|low_priority)\b"),
    ("node_count", r"\b(capacity|node count|instances|instance count|number of (nodes|machines|vms))\b"),
    ("zone", r"\bzones?\b"),
    ("identity_id", r"\bidentit(y|ies)\b"),
    ("os_disk_gb", r"\bdisk size\b"),
    ("subnet_id", r"\bsubnet"),
)


def cause_of(part: str, name: str, said: str = "") -> str:
    """The key that decides about the resource `name` of `part` ("keep", "compute"), or with "" about the whole stack.
    What is `said` of the resource may be about one of its properties, which has a key of its own."""
    whole = CAUSES[part].get(name, _SIZE)
    properties = (*_OF_ALL, *_OF_NODES) if whole == _SIZE and name else _OF_ALL
    for key, words in properties:
        if re.search(words, said, re.I):
            return key
    return whole
