"""The nodes' identity: in the keep group, so that it outlives the group that it may delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity, resources

from stacks.bundle import is_stand_in
from stacks.group import in_group, within
from stacks.roles import BLOB_DATA_CONTRIBUTOR, BLOB_DATA_READER, assign, may_delete
from stacks.run import Run
from stacks.storage import Storage
from stacks.told import told


@dataclass(frozen=True)
class NodeIdentityArgs:
    """`group` is the keep group; the identity may use the blobs of `store`, and read what is asked there."""

    run: Run
    group: resources.ResourceGroup
    store: Storage


class NodeIdentity(pulumi.ComponentResource):
    """A user-assigned identity that may use the run's blobs. What it may do in ARM is what Deletion grants. Nothing is
    granted on the whole account: a node that could write where nodes are asked could ask something of the others."""

    id: pulumi.Output[str]
    client_id: pulumi.Output[str]
    principal_id: pulumi.Output[str]

    def __init__(self, name: str, args: NodeIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group = args.run, args.group
        super().__init__("tfinfra:keep:NodeIdentity", name, opts=in_group(group, opts))
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
        store = args.store
        grants = {"nodes-blobs": (store.container_id, BLOB_DATA_CONTRIBUTOR)}
        if store.requests_id is not None:
            grants["nodes-requests"] = (store.requests_id, BLOB_DATA_READER)
        for name_, (scope, role) in grants.items():
            assign(
                name_,
                group,
                self,
                scope=scope,
                principal=self.principal_id,
                principal_type="ServicePrincipal",
                role=role,
            )
        self.register_outputs({"id": self.id})


@dataclass(frozen=True)
class DeletionArgs:
    """`group` is the one that may be deleted, `identities` who may: {whose: ARM id, None for nobody}."""

    run: Run
    group: resources.ResourceGroup
    identities: Mapping[str, str | None]


class Deletion(pulumi.ComponentResource):
    """Lets identities delete this stack's group: the nodes' and the timer's way out. The nodes may do nothing else in
    ARM. Grants nothing where the subscription has no role for it."""

    def __init__(self, name: str, args: DeletionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tfinfra:compute:Deletion", name, opts=in_group(args.group, opts))
        for whose, identity_id in args.identities.items():
            if identity_id and args.run.may_delete and not is_stand_in(identity_id):
                may_delete(f"{whose}-may-delete", args.run, args.group, self, self._principal(identity_id))
        self.register_outputs({})

    def _principal(self, identity_id: str) -> pulumi.Output[str]:
        parts = identity_id.split("/")
        identity = managedidentity.get_user_assigned_identity_output(
            resource_group_name=parts[4], resource_name=parts[-1], opts=pulumi.InvokeOutputOptions(parent=self)
        )
        return identity.principal_id
