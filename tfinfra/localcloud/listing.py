"""What lists answer: resources of a type or a scope, filtered as the Azure SDKs filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tfinfra.localcloud import ids
from tfinfra.localcloud.arm_error import ArmError, group_not_found
from tfinfra.localcloud.core import Core
from tfinfra.localcloud.state import Resource

_TERM = re.compile(r"\s*'?([\w/]+)'?\s+(eq|ne)\s+'([^']*)'\s*", re.IGNORECASE)


def list_resources(core: Core, address: ids.Address, filter_: str) -> dict[str, Any]:
    """The resources that `address`, a collection, holds. Raises ArmError (400) for a filter that is not understood."""
    if address.group and core.around.state.group(address.group) is None:
        raise group_not_found(address.group)
    keep = matcher(filter_)
    found = [r for r in _members(core, address) if keep(r)]
    return {"value": [core.view(r) for r in found]}


def _members(core: Core, address: ids.Address) -> list[Resource]:
    """Of what lists show by now; groups and resources that lag are on their way."""
    known = core.lists.seen(core.around.state.below(""))
    if address.type == "Microsoft.Resources/resources":
        inner = [r for r in known if "/providers/" in r.id.lower() and r.type.count("/") == 1]
        return [r for r in inner if ids.within(address.scope, r.id)]
    parent = address.path.rpartition("/")[0] if address.names else address.scope
    scope = "/".join(address.path.split("/")[:3]) if address.type.lower() == ids.GROUP_TYPE.lower() else parent
    return [r for r in known if r.type.lower() == address.type.lower() and ids.within(scope, r.id)]


def matcher(filter_: str) -> Callable[[Resource], bool]:
    """The test that an OData filter makes: `eq` and `ne` on tagName, tagValue, resourceType, name, location,
    principalId, joined by `and`. Raises ArmError (400)."""
    terms = [_TERM.fullmatch(part) for part in re.split(r"\s+and\s+", filter_, flags=re.IGNORECASE)] if filter_ else []
    if not all(terms):
        raise ArmError(400, "InvalidFilterInQueryString", f"Invalid $filter '{filter_}' specified in the query string.")
    tests = {t.group(1).lower(): (t.group(2).lower() == "eq", t.group(3)) for t in terms if t}
    tag, value = tests.pop("tagname", (True, None))[1], tests.pop("tagvalue", (True, None))[1]

    def keep(resource: Resource) -> bool:
        if tag is not None and (tag not in resource.tags or value not in (None, resource.tags[tag])):
            return False
        return all((_field(resource, name) == wanted.lower()) == equal for name, (equal, wanted) in tests.items())

    return keep


def _field(resource: Resource, name: str) -> str:
    special = {"resourcetype": resource.type, "principalid": resource.properties.get("principalId", "")}
    return str(special.get(name, resource.body.get(name, ""))).lower()
