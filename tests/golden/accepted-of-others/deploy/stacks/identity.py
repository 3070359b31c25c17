"""The nodes' identity: in the keep group, so that it outlives the group that it may delete."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import managedidentity, resources

from stacks.group import within
from stacks.roles import BLOB_DATA_CONTRIBUTOR, assign, may_delete
from stacks.run import Run
from stacks.storage import Storage
from stacks.told import told


class NodeIdentity(pulumi.ComponentResource):
    """A user-assigned identity that may use the run's blobs. What it may do in ARM is what Deletion grants."""

    id: pulumi.Output[str]
    client_id: pulumi.Output[str]
    principal_id: pulumi.Output[str]

    def __init__(self, run: Run, group: resources.ResourceGroup, store: Storage) -> None:
        super().__init__("tfinfra:keep:NodeIdentity", "identity", opts=pulumi.ResourceOptions(parent=group))
        identity = managedidentity.UserAssignedIdentity(
            "nodes",
            resource_name_=f"{run.id}-nodes",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            opts=within(group, self),
        )
        self.id, self.principal_id = identity.id, identity.principal_id
        self.client_id = told(identity.client_id, "the client id of the nodes' identity")
        assign(
            "nodes-blobs",
            group,
            self,
            scope=store.account_id,
            principal=self.principal_id,
            principal_type="ServicePrincipal",
            role=BLOB_DATA_CONTRIBUTOR,
        )
        self.register_outputs({"id": self.id})


class Deletion(pulumi.ComponentResource):
    """Lets each of `identities` ({whose: ARM id, None for nobody}) delete this stack's group: the nodes' and the
    timer's way out. The nodes may do nothing else in ARM. Grants nothing where the subscription has no role for it."""

    def __init__(self, run: Run, group: resources.ResourceGroup, identities: Mapping[str, str | None]) -> None:
        super().__init__("tfinfra:compute:Deletion", "deletion", opts=pulumi.ResourceOptions(parent=group))
        for whose, identity_id in identities.items():
            if identity_id and run.may_delete:
                may_delete(f"{whose}-may-delete", run, group, self, self._principal(identity_id))
        self.register_outputs({})

    def _principal(self, identity_id: str) -> pulumi.Output[str]:
        parts = identity_id.split("/")
        identity = managedidentity.get_user_assigned_identity_output(
            resource_group_name=parts[4], resource_name=parts[-1], opts=pulumi.InvokeOutputOptions(parent=self)
        )
        return identity.principal_id
