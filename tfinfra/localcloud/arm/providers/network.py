"""Virtual networks, security groups and private endpoints."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from tfinfra.localcloud.arm.providers.inline import RULES, SUBNETS
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, ResourceProvider
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource


class VirtualNetworks(ResourceProvider):
    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        del context, before
        space = [_network(p) for p in (resource.properties.get("addressSpace") or {}).get("addressPrefixes") or ()]
        subnets: list[dict[str, Any]] = []
        for subnet in SUBNETS.of(resource):
            made = SUBNETS.made(resource, subnet)
            _check_prefixes(resource.name, made, space, subnets)
            subnets.append(made)
        return SUBNETS.within(resource, subnets)


def _check_prefixes(
    network: str, subnet: dict[str, Any], space: list[ipaddress.IPv4Network], others: list[dict[str, Any]]
) -> None:
    """Raises ArmRefusal (400) for a subnet that is not within its network, or overlaps one of the `others`
    (MicrosoftDocs/azure-docs#123869)."""
    taken = [_network(prefix) for other in others for prefix in prefixes(other["properties"])]
    start = f"Subnet '{subnet.get('name')}' is not valid because its IP address range"
    for prefix in map(_network, prefixes(subnet["properties"])):
        if not any(prefix.subnet_of(whole) for whole in space):
            message = f"{start} is outside the IP address range of virtual network '{network}'."
            raise ArmRefusal(400, "NetcfgSubnetRangeOutsideVnet", message)
        if any(prefix.overlaps(one) for one in taken):
            message = f"{start} overlaps with that of an existing subnet in virtual network '{network}'."
            raise ArmRefusal(400, "NetcfgSubnetRangesOverlap", message)


def prefixes(properties: dict[str, Any]) -> Iterator[str]:
    """A subnet's CIDRs."""
    if properties.get("addressPrefix"):
        yield properties["addressPrefix"]
    yield from properties.get("addressPrefixes") or ()


class SecurityGroups(ResourceProvider):
    """Its rules have ids, as resources of their own have."""

    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        del context, before
        return RULES.within(resource, [RULES.made(resource, rule) for rule in RULES.of(resource)])


class PrivateEndpoints(ResourceProvider):
    """An endpoint has an address in its subnet, and the public name of the service that it leads to."""

    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        del before
        subnet = context.state.get(str((resource.properties.get("subnet") or {}).get("id")))
        within = next(prefixes(subnet.properties), None) if subnet else None
        address = str(_network(within).broadcast_address - 1) if within else ""
        configs = []
        for connection in resource.properties.get("privateLinkServiceConnections") or []:
            link = connection.get("properties") or {}
            account = str(link.get("privateLinkServiceId") or "").rpartition("/")[2]
            names = [f"{account}.{part}.core.windows.net" for part in link.get("groupIds") or []]
            configs += [{"fqdn": name, "ipAddresses": [address]} for name in names if address]
        return resource.with_properties(customDnsConfigs=configs)


def _network(prefix: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(prefix)
    except ValueError as error:
        message = f"The address prefix {prefix} has an invalid CIDR notation."
        raise ArmRefusal(400, "InvalidCIDRNotation", message) from error
