"""What ARM says of a resource by itself: marks that tell one resource from another of its name, and that change with
each write. A resource that was deleted and made again has others.

Sources: the read-only properties of each type in Azure/azure-rest-api-specs.
"""

from __future__ import annotations

import uuid
from typing import Any

from tfinfra.localcloud.common.state import ArmResource
from tfinfra.system.clock import iso_time

_NETWORK = "microsoft.network/"
_WITH_GUID = frozenset(
    f"{_NETWORK}{kind}"
    for kind in (
        *("virtualnetworks", "networksecuritygroups", "natgateways"),
        *("publicipaddresses", "applicationsecuritygroups"),
    )
)
_BEGUN = {
    "microsoft.storage/storageaccounts": "creationTime",
    "microsoft.compute/virtualmachinescalesets": "timeCreated",
}


def with_marks(resource: ArmResource, before: ArmResource | None, now: float) -> ArmResource:
    """The resource as ARM shows it after a write; `before` is what had its id."""
    kind, old = resource.type.lower(), before.properties if before else {}
    marks: dict[str, Any] = {}
    if kind in _WITH_GUID:
        marks["resourceGuid"] = old.get("resourceGuid") or str(uuid.uuid4())
    if name := _BEGUN.get(kind):
        marks[name] = old.get(name) or iso_time(now)
    marked = resource.with_properties(**marks) if marks else resource
    if not kind.startswith(_NETWORK):
        return marked
    body = {**marked.body, "etag": f'W/"{uuid.uuid4()}"'}
    return ArmResource(marked.id, marked.type, marked.api_version, body, marked.internal)
