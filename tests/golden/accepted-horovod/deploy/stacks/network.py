"""The nodes' network: no way in but from node to node, one way out, and the free way to storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import network, resources

from stacks.group import in_group, within
from stacks.plan import Plan
from stacks.run import Run

_SUBNET = "nodes"


@dataclass(frozen=True)
class NetworkArgs:
    """`group` is the compute group; `plan` says which addresses, or whose subnet."""

    run: Run
    group: resources.ResourceGroup
    plan: Plan


class NodesNetwork(pulumi.ComponentResource):
    """Where the nodes are: a subnet, and the security group of their interfaces. `nodes_group_id` is the application
    security group that they form, None where the subnet holds nothing else."""

    subnet_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    nodes_group_id: pulumi.Output[str] | None = None


class Network(NodesNetwork):
    """A virtual network with one subnet. The only public address is the NAT gateway's, for connections outwards."""

    network_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group, plan = args.run, args.group, args.plan
        super().__init__("tfinfra:compute:Network", name, opts=in_group(group, opts))
        rules = self._security_group(run, group, plan)
        gateway = self._nat_gateway(run, group)
        subnet = self._subnet(plan, rules, gateway)
        net = network.VirtualNetwork(
            "vnet",
            virtual_network_name=f"{run.id}-vnet",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            address_space=network.AddressSpaceArgs(address_prefixes=[plan.address_space]),
            subnets=[subnet],  # inline: a subnet beside its network is undone by the network's next update
            opts=within(group, self),
        )
        self.network_id = net.id
        self.subnet_id = pulumi.Output.format("{}/subnets/{}", net.id, _SUBNET)
        self.security_group_id = rules.id
        self.register_outputs({"subnet_id": self.subnet_id})

    def _subnet(
        self, plan: Plan, rules: network.NetworkSecurityGroup, gateway: network.NatGateway
    ) -> network.SubnetArgs:
        return network.SubnetArgs(
            name=_SUBNET,
            address_prefix=plan.subnet_prefix,
            default_outbound_access=False,  # said aloud: the default differs between API versions
            network_security_group=network.NetworkSecurityGroupArgs(id=rules.id),
            nat_gateway=network.SubResourceArgs(id=gateway.id),
            # storage traffic takes the free endpoint and not the NAT, which bills by the gigabyte
            service_endpoints=[network.ServiceEndpointPropertiesFormatArgs(service="Microsoft.Storage")],
        )

    def _nat_gateway(self, run: Run, group: resources.ResourceGroup) -> network.NatGateway:
        address = network.PublicIPAddress(
            "nat-address",
            public_ip_address_name=f"{run.id}-nat",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            sku=network.PublicIPAddressSkuArgs(name=network.PublicIPAddressSkuName.STANDARD),
            public_ip_allocation_method=network.IPAllocationMethod.STATIC,
            opts=within(group, self),
        )
        return network.NatGateway(
            "nat",
            nat_gateway_name=f"{run.id}-nat",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            sku=network.NatGatewaySkuArgs(name=network.NatGatewaySkuName.STANDARD),
            public_ip_addresses=[network.SubResourceArgs(id=address.id)],
            opts=within(group, self),
        )

    def _security_group(self, run: Run, group: resources.ResourceGroup, plan: Plan) -> network.NetworkSecurityGroup:
        return network.NetworkSecurityGroup(
            "rules",
            network_security_group_name=f"{run.id}-rules",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            security_rules=[
                inbound("from-nodes", 100, network.SecurityRuleAccess.ALLOW, **_between(plan.subnet_prefix)),
                inbound("from-elsewhere", 4000, network.SecurityRuleAccess.DENY, **_between("*")),
            ],
            opts=within(group, self),
        )


def _between(prefix: str) -> dict[str, str]:
    return {"source_address_prefix": prefix, "destination_address_prefix": prefix}


def inbound(name: str, priority: int, access: network.SecurityRuleAccess, **ends: Any) -> network.SecurityRuleArgs:
    """A rule for all that comes in from the source to the destination in `ends`."""
    return network.SecurityRuleArgs(
        name=name,
        priority=priority,
        direction=network.SecurityRuleDirection.INBOUND,
        access=access,
        protocol=network.SecurityRuleProtocol.ASTERISK,
        source_port_range="*",
        destination_port_range="*",
        **ends,
    )
