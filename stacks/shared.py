"""The directory that all nodes share: an NFS share in the keep group, reached from within the compute group's network.

NFS has no keys and no passwords: whoever reaches the share may write it, so only the private endpoint reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import network, privatedns, resources, storage

from stacks.group import in_group, subscription_id, within
from stacks.network import Network, NodesNetwork
from stacks.run import SHARE, Run
from stacks.told import told

_SMALLEST_GIB = 100  # premium shares are provisioned, and billed, from here on


@dataclass(frozen=True)
class SharedDirectoryArgs:
    """`group` is the keep group."""

    run: Run
    group: resources.ResourceGroup


class SharedDirectory(pulumi.ComponentResource):
    """A premium file account and its NFS share: {"endpoint": the account's file endpoint, "share": name}."""

    location: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: SharedDirectoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group = args.run, args.group
        super().__init__("tfinfra:keep:SharedDirectory", name, opts=in_group(group, opts))
        account = self._account(run, group)
        share = storage.FileShare(
            "share",
            share_name=SHARE,
            account_name=account.name,
            resource_group_name=group.name,
            enabled_protocols=storage.EnabledProtocols.NFS,
            root_squash=storage.RootSquashType.NO_ROOT_SQUASH,
            share_quota=_SMALLEST_GIB,
            opts=within(group, self),
        )
        endpoint = told(account.primary_endpoints.apply(lambda e: e and e.file), "where the shared directory is")
        self.location = pulumi.Output.all(endpoint=endpoint, share=share.name)
        self.register_outputs({"location": self.location})

    def _account(self, run: Run, group: resources.ResourceGroup) -> storage.StorageAccount:
        return storage.StorageAccount(
            "files",
            account_name=run.shared_account,
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            kind=storage.Kind.FILE_STORAGE,
            sku=storage.SkuArgs(name=storage.SkuName.PREMIUM_LRS),
            allow_shared_key_access=False,
            allow_blob_public_access=False,
            # NFS 4.1 is not HTTPS: an account that insists on it refuses every mount
            # (learn.microsoft.com/azure/storage/files/files-nfs-protocol)
            enable_https_traffic_only=False,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            public_network_access=storage.PublicNetworkAccess.DISABLED,
            network_rule_set=storage.NetworkRuleSetArgs(
                default_action=storage.DefaultAction.DENY, bypass=storage.Bypass.NONE
            ),
            opts=within(group, self),
        )


@dataclass(frozen=True)
class SharedAccessArgs:
    """`group` is the compute group, `network` the one in which the nodes reach the share."""

    run: Run
    group: resources.ResourceGroup
    network: NodesNetwork


class SharedAccess(pulumi.ComponentResource):
    """The share's private endpoint in the nodes' subnet.

    In a network of the run's own, a private zone makes the share's usual name lead there. A network of the user's may
    be linked to one zone of that name only (learn.microsoft.com/azure/dns/private-dns-virtual-network-links), and that
    one is not ours to make: there `hosts` holds the lines that the nodes' /etc/hosts needs; else it is empty.
    """

    hosts: pulumi.Output[str]

    def __init__(self, name: str, args: SharedAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group, net = args.run, args.group, args.network
        super().__init__("tfinfra:compute:SharedAccess", name, opts=in_group(group, opts))
        endpoint = self._endpoint(run, group, net)
        if isinstance(net, Network):
            self._private_name(run, group, net, endpoint)
            self.hosts = pulumi.Output.from_input("")
        else:
            self.hosts = endpoint.custom_dns_configs.apply(_hosts)
        self.register_outputs({})

    def _private_name(
        self, run: Run, group: resources.ResourceGroup, net: Network, endpoint: network.PrivateEndpoint
    ) -> None:
        zone = self._zone(run, group, net)
        network.PrivateDnsZoneGroup(
            "shared-names",
            private_dns_zone_group_name="default",
            private_endpoint_name=endpoint.name,
            resource_group_name=group.name,
            private_dns_zone_configs=[network.PrivateDnsZoneConfigArgs(name="file", private_dns_zone_id=zone.id)],
            opts=within(group, self),
        )

    def _zone(self, run: Run, group: resources.ResourceGroup, net: Network) -> privatedns.PrivateZone:
        zone = privatedns.PrivateZone(
            "shared-zone",
            private_zone_name=f"privatelink.file.{run.storage_suffix}",
            resource_group_name=group.name,
            location="global",
            tags=run.tags,
            opts=within(group, self),
        )
        privatedns.VirtualNetworkLink(
            "shared-zone-link",
            virtual_network_link_name="nodes",
            private_zone_name=zone.name,
            resource_group_name=group.name,
            location="global",
            virtual_network=privatedns.SubResourceArgs(id=net.network_id),
            registration_enabled=False,
            tags=run.tags,
            opts=within(group, self),
        )
        return zone

    def _endpoint(self, run: Run, group: resources.ResourceGroup, net: NodesNetwork) -> network.PrivateEndpoint:
        path = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Storage/storageAccounts/{}"
        account = pulumi.Output.format(path, subscription_id(group), run.keep_group, run.shared_account)
        return network.PrivateEndpoint(
            "shared-endpoint",
            private_endpoint_name=f"{run.id}-shared",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            subnet=network.SubnetArgs(id=net.subnet_id),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name="shared", private_link_service_id=account, group_ids=["file"]
                )
            ],
            opts=within(group, self),
        )


def _hosts(configs: Sequence[Any] | None) -> str:
    """The endpoint's own addresses by the names that it stands for, as lines of /etc/hosts."""
    return "".join(f"{c.ip_addresses[0]} {c.fqdn}\n" for c in configs or () if c.ip_addresses and c.fqdn)
