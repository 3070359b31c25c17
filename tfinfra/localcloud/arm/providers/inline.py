"""Resources that are members of another one's document: whoever writes either of the two, ARM shows it in both. A rule
of a security group is one of its securityRules, a subnet one of its network's subnets, an extension one of those in its
scale set's profile (learn.microsoft.com/azure/azure-resource-manager/templates/child-resource-name-type)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, ResourceProvider
from tfinfra.localcloud.common.state import ArmResource


@dataclass(frozen=True)
class Members:
    """`type` is the resource's own, `place` where in its owner's properties the list of them is."""

    type: str
    place: tuple[str, ...]

    def of(self, owner: ArmResource) -> list[dict[str, Any]]:
        found: Any = owner.properties
        for name in self.place:
            found = (found or {}).get(name)
        return list(found or ())

    def id_of(self, owner: ArmResource, member: dict[str, Any]) -> str:
        return f"{owner.id}/{self.type.rpartition('/')[2]}/{member.get('name')}"

    def made(self, owner: ArmResource, member: dict[str, Any]) -> dict[str, Any]:
        """A member as ARM shows it once it is written within its owner."""
        properties = {**(member.get("properties") or {}), "provisioningState": "Succeeded"}
        return {**member, "id": self.id_of(owner, member), "properties": properties}

    def within(self, owner: ArmResource, members: list[dict[str, Any]]) -> ArmResource:
        """The owner with these."""
        return owner.with_properties(**_placed(owner.properties, self.place, members))


def _placed(properties: dict[str, Any], place: Sequence[str], value: Any) -> dict[str, Any]:
    name, *rest = place
    inner = _placed(properties.get(name) or {}, rest, value) if rest else value
    return {**properties, name: inner}


SUBNETS = Members("Microsoft.Network/virtualNetworks/subnets", ("subnets",))
RULES = Members("Microsoft.Network/networkSecurityGroups/securityRules", ("securityRules",))
EXTENSIONS = Members(
    "Microsoft.Compute/virtualMachineScaleSets/extensions",
    ("virtualMachineProfile", "extensionProfile", "extensions"),
)
OF: dict[str, Members] = {members.type.rpartition("/")[0].lower(): members for members in (SUBNETS, RULES, EXTENSIONS)}
"""By the type of their owner, in lower case."""


def write_members(context: CloudContext, owner: ArmResource) -> None:
    """Makes the resources that are written inside of `owner`, and takes away those that are not any more."""
    members = OF.get(owner.type.lower())
    if members is None:
        return
    kept = {members.id_of(owner, one).lower(): one for one in members.of(owner)}
    for old in context.state.of_type(members.type, owner.id):
        if old.id.lower() not in kept:
            context.state.remove(old.id)
    for one in kept.values():
        id_ = members.id_of(owner, one)
        body = {**one, "id": id_, "type": members.type}
        context.state.put(ArmResource(id_, members.type, owner.api_version, body))


class Member(ResourceProvider):
    """One of them, written by itself."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def provision(self, context: CloudContext, resource: ArmResource) -> None:
        self._replace(context, resource, [{name: resource.body[name] for name in _KEPT if name in resource.body}])

    def release(self, context: CloudContext, resource: ArmResource) -> None:
        self._replace(context, resource, [])

    def _replace(self, context: CloudContext, resource: ArmResource, by: list[dict[str, Any]]) -> None:
        owner = context.state.get(resource.id.rpartition("/")[0].rpartition("/")[0])
        if owner is not None:
            others = [one for one in self._members.of(owner) if str(one.get("name")).lower() != resource.name.lower()]
            context.state.put(self._members.within(owner, [*others, *by]))


_KEPT = ("id", "name", "properties")
