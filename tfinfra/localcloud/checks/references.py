"""The ids that a body names: what they name must exist before ARM takes the body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfinfra.localcloud import ids
from tfinfra.localcloud.checks.types import catalogue


def references(id_: str, body: dict[str, Any]) -> list[str]:
    """The ARM ids of other resources in the body of `id_`: each "id" below its properties, and its identities. Ids of
    types that are not in the catalogue of types (galleries' images) name what cannot be here: they are left out."""
    found = dict.fromkeys(_ids(body.get("properties")))
    found.update(dict.fromkeys((body.get("identity") or {}).get("userAssignedIdentities") or {}))
    return [reference for reference in found if not ids.within(id_, reference) and _is_known(reference)]


def _is_known(reference: str) -> bool:
    type_ = ids.parse(reference).type
    return bool(catalogue().versions(type_) or type_ == ids.GROUP_TYPE)


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
