"""The run's object store: nodes and client meet in it, and outputs stay in it until they are fetched."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, resources, storage

from stacks.group import in_group, within
from stacks.roles import BLOB_DATA_CONTRIBUTOR, assign
from stacks.run import CONTAINER, REQUESTS, Run
from stacks.told import told


@dataclass(frozen=True)
class StorageArgs:
    """`group` is the keep group. `grants`: the caller is given the right to the data, as making an account gives its
    maker none; false where whoever grants rights here has done so from above. `requests`: there is a second container,
    for what the client asks of nodes; false where somebody else sets what those may write."""

    run: Run
    group: resources.ResourceGroup
    grants: bool = True
    requests: bool = True


class Storage(pulumi.ComponentResource):
    """A Blob account without keys and without public blobs, its containers, and the caller's right to their data.

    What is deleted or written over can be brought back for as long as outputs are kept at most: that protects them from
    the run's own script, and ends with the group. `location` is what the client and the nodes are told: {"endpoint":
    the account's blob endpoint, "container": name}; `requests` is the same of the container for requests, None where
    there is none. The ids are ARM's, of the two containers.
    """

    location: pulumi.Output[dict[str, str]]
    container_id: pulumi.Output[str]
    requests: pulumi.Output[dict[str, str]] | None
    requests_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group = args.run, args.group
        super().__init__("tfinfra:keep:Storage", name, opts=in_group(group, opts))
        account = self._account(run, group)
        deletions = self._soft_deletion(run, group, account)

        def container(name: str, container_name: str) -> storage.BlobContainer:
            return storage.BlobContainer(
                name,
                container_name=container_name,
                account_name=account.name,
                resource_group_name=group.name,
                public_access=storage.PublicAccess.NONE,
                opts=within(group, self, [deletions]),
            )

        own = container("container", CONTAINER)
        asked = container("requests", REQUESTS) if args.requests else None
        if args.grants:
            assign(
                "caller-blobs",
                group,
                self,
                scope=account.id,
                principal=authorization.get_client_config_output().object_id,
                role=BLOB_DATA_CONTRIBUTOR,
                principal_type=run.principal_type,
            )
        self.container_id, self.requests_id = own.id, asked.id if asked else None
        endpoint = told(account.primary_endpoints.apply(lambda ends: ends and ends.blob), "where the object store is")
        self.location = pulumi.Output.all(endpoint=endpoint, container=own.name)
        self.requests = pulumi.Output.all(endpoint=endpoint, container=asked.name) if asked else None
        self.register_outputs({"location": self.location})

    def _soft_deletion(
        self, run: Run, group: resources.ResourceGroup, account: storage.StorageAccount
    ) -> storage.BlobServiceProperties:
        """learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview: 1 to 365 days, billed as what is kept."""
        keep = storage.DeleteRetentionPolicyArgs(enabled=True, days=run.keep_days)
        return storage.BlobServiceProperties(
            "deletions",
            account_name=account.name,
            blob_services_name="default",
            resource_group_name=group.name,
            delete_retention_policy=keep,
            container_delete_retention_policy=keep,
            opts=within(group, self),
        )

    def _account(self, run: Run, group: resources.ResourceGroup) -> storage.StorageAccount:
        return storage.StorageAccount(
            "blobs",
            account_name=run.storage_account,
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
            access_tier=storage.AccessTier.HOT,
            allow_shared_key_access=False,
            allow_blob_public_access=False,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            opts=within(group, self),
        )
