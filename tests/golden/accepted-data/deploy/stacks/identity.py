"""The nodes' identity: in the keep group, so that it outlives the group that it may delete."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import managedidentity, resources

from stacks.group import subscription_id, within
from stacks.roles import BLOB_DATA_CONTRIBUTOR, assign, group_deleter
from stacks.run import Run
from stacks.storage import Storage


class NodeIdentity(pulumi.ComponentResource):
    """A user-assigned identity that may use the run's blobs, and delete the keep group when its time has come."""

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
        self.id, self.client_id, self.principal_id = identity.id, identity.client_id, identity.principal_id
        assign(
            "nodes-blobs",
            group,
            self,
            scope=store.account_id,
            principal=self.principal_id,
            principal_type="ServicePrincipal",
            role=BLOB_DATA_CONTRIBUTOR,
        )
        may_delete(group, self, self.principal_id)
        self.register_outputs({"id": self.id})


class Deletion(pulumi.ComponentResource):
    """Lets the identity `identity_id` (an ARM id) delete this stack's group: the nodes' and the timer's way out."""

    def __init__(self, group: resources.ResourceGroup, identity_id: str) -> None:
        super().__init__("tfinfra:compute:Deletion", "deletion", opts=pulumi.ResourceOptions(parent=group))
        parts = identity_id.split("/")
        identity = managedidentity.get_user_assigned_identity_output(
            resource_group_name=parts[4], resource_name=parts[-1], opts=pulumi.InvokeOutputOptions(parent=self)
        )
        may_delete(group, self, identity.principal_id)
        self.register_outputs({})


def may_delete(group: resources.ResourceGroup, parent: pulumi.Resource, principal: pulumi.Output[str]) -> None:
    """Grants what it takes to delete `group`, and nothing of what is in it."""
    assign(
        "delete-group",
        group,
        parent,
        scope=group.id,
        principal=principal,
        principal_type="ServicePrincipal",
        role=subscription_id(group).apply(group_deleter),
    )
