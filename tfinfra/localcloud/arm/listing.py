"""What lists answer: resources of a type or a scope, filtered as the Azure SDKs filter."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.arm.providers import compute
from tfinfra.localcloud.arm.scale_sets.interfaces import interface_id
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, group_not_found
from tfinfra.localcloud.common.state import ArmResource

_TERM = re.compile(r"\s*'?([\w/]+)'?\s+(eq|ne)\s+'([^']*)'\s*", re.IGNORECASE)


def list_resources(core: Core, address: ids.Address, filter_: str) -> dict[str, Any]:
    """The resources that `address`, a collection, holds, as far as lists show them by now. Raises ArmRefusal (400) for
    an unknown filter."""
    if address.group and core.context.state.group(address.group) is None:
        raise group_not_found(address.group)
    keep = matcher(filter_)
    known = core.lists.seen(core.context.state.below(""))
    if address.type == "Microsoft.Resources/resources":
        members = [r for r in _tracked(known) if ids.within(address.scope, r.id)]
    else:
        scope = address.path.rpartition("/")[0] if address.names else address.scope
        if address.type.lower() == ids.GROUP_TYPE.lower():
            scope = "/".join(address.path.split("/")[:3])
        members = [r for r in known if r.type.lower() == address.type.lower() and ids.within(scope, r.id)]
    return {"value": [core.view(r) for r in members if keep(r)]}


def _tracked(known: list[ArmResource]) -> Iterator[ArmResource]:
    """What ARM lists of a scope: resources of the first level, those within others that have a location of their own,
    and what Azure makes beside both by itself."""
    for resource in known:
        type_ = resource.type.lower()
        if resource.id.lower().count("/providers/") != 1 or type_.startswith("microsoft.authorization/"):
            continue  # a group, and what is said of others: grants, locks, policies
        if resource.type.count("/") == 1 or resource.body.get("location"):
            yield replace(resource, body={**resource.body, "name": "/".join(resource.address.names)})
        yield from _made_beside(resource)


def _made_beside(resource: ArmResource) -> Iterator[ArmResource]:
    """A scale set's machines, disks and interfaces, and a private endpoint's interface, by the names that Azure gives
    them (tfinfra/arm/own.py says where from)."""
    if resource.type.lower() == compute.SCALE_SETS.lower():
        for instance in resource.internal.get("instances", ()):
            letters = str(instance["vm_id"]).replace("-", "")
            yield _beside(resource, "Microsoft.Compute/disks", f"{instance['name']}_OsDisk_1_{letters}")
            if compute.is_flexible(resource):
                yield _beside(resource, "Microsoft.Compute/virtualMachines", instance["name"])
                name = interface_id(resource, instance).rpartition("/")[2]
                yield _beside(resource, "Microsoft.Network/networkInterfaces", name)
    if resource.type.lower() == "microsoft.network/privateendpoints":
        unique = uuid.uuid5(uuid.NAMESPACE_URL, resource.id.lower())
        yield _beside(resource, "Microsoft.Network/networkInterfaces", f"{resource.name}.nic.{unique}")


def _beside(resource: ArmResource, type_: str, name: str) -> ArmResource:
    id_ = f"{resource.address.group_path}/providers/{type_}/{name}"
    body = {"id": id_, "name": name, "type": type_, "location": resource.body.get("location"), "tags": resource.tags}
    return ArmResource(id_, type_, resource.api_version, body)


def matcher(filter_: str) -> Callable[[ArmResource], bool]:
    """The test that an OData filter makes: `eq` and `ne` on tagName, tagValue, resourceType, name, location,
    principalId, joined by `and`. Raises ArmRefusal (400)."""
    terms = [_TERM.fullmatch(part) for part in re.split(r"\s+and\s+", filter_, flags=re.IGNORECASE)] if filter_ else []
    if not all(terms):
        raise ArmRefusal(
            400, "InvalidFilterInQueryString", f"Invalid $filter '{filter_}' specified in the query string."
        )
    tests = {t.group(1).lower(): (t.group(2).lower() == "eq", t.group(3)) for t in terms if t}
    tag, value = tests.pop("tagname", (True, None))[1], tests.pop("tagvalue", (True, None))[1]

    def keep(resource: ArmResource) -> bool:
        if tag is not None and (tag not in resource.tags or value not in (None, resource.tags[tag])):
            return False
        elsewhere = {"resourcetype": resource.type, "principalid": resource.properties.get("principalId", "")}
        fields = {name: str(elsewhere.get(name, resource.body.get(name, ""))).lower() for name in tests}
        return all((fields[name] == wanted.lower()) == equal for name, (equal, wanted) in tests.items())

    return keep
