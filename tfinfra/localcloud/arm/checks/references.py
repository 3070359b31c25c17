"""The ids that a body names: what they name must exist before ARM takes the body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfinfra.localcloud.common import ids


def references(id_: str, body: dict[str, Any]) -> list[str]:
    """The ARM ids of other resources in the body of `id_`: each "id" below its properties, and its identities. The
    images of galleries are left out: those are shared between subscriptions, and are no resource of this cloud."""
    found = dict.fromkeys(_ids(body.get("properties")))
    identity = body.get("identity")
    assigned = identity.get("userAssignedIdentities") if isinstance(identity, dict) else None
    found.update(dict.fromkeys(assigned if isinstance(assigned, dict) else ()))
    return [reference for reference in found if not ids.within(id_, reference) and not _is_shared(reference)]


def _is_shared(reference: str) -> bool:
    return ids.parse(reference).type.lower().startswith("microsoft.compute/galleries")


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _ids(item)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name == "id" and isinstance(member, str) and member.lower().startswith("/subscriptions/"):
                yield member
            else:
                yield from _ids(member)
