"""The nodes' place in a subnet of the user's own: it brings its way out, and nothing of it is changed."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network

from stacks.group import in_group, within
from stacks.network import NetworkArgs, NodesNetwork, inbound


class JoinedNetwork(NodesNetwork):
    """The plan's subnet, and a security group on the nodes' interfaces. Other machines of the subnet are strangers: the
    nodes form an application security group, and only members reach each other. Raises ValueError without a subnet."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group, subnet_id = args.run, args.group, args.plan.subnet_id
        if subnet_id is None:
            raise ValueError("the plan names no subnet_id to join")
        super().__init__("tfinfra:compute:JoinedNetwork", name, opts=in_group(group, opts))
        nodes = network.ApplicationSecurityGroup(
            "nodes-group",
            application_security_group_name=f"{run.id}-nodes",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            opts=within(group, self),
        )
        members = [network.ApplicationSecurityGroupArgs(id=nodes.id)]
        allow, deny = network.SecurityRuleAccess.ALLOW, network.SecurityRuleAccess.DENY
        to_nodes = {"destination_application_security_groups": members}
        rules = network.NetworkSecurityGroup(
            "rules",
            network_security_group_name=f"{run.id}-rules",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            security_rules=[
                inbound("from-nodes", 100, allow, source_application_security_groups=members, **to_nodes),
                inbound("from-elsewhere", 4000, deny, source_address_prefix="*", **to_nodes),
            ],
            opts=within(group, self),
        )
        self.subnet_id = pulumi.Output.from_input(subnet_id)
        self.security_group_id = rules.id
        self.nodes_group_id = nodes.id
        self.register_outputs({"subnet_id": self.subnet_id})
