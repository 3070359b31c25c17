"""Role assignments, with names that follow from what they grant: granting twice is one assignment."""

from __future__ import annotations

import uuid

import pulumi
from pulumi_azure_native import authorization, resources

from stacks.group import subscription_id, within
from stacks.run import Run
from stacks.told import told

# learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
_NAMES = uuid.UUID("6f1d2c1e-5a0b-5c8e-9d2f-7b1f0a4c3e55")


def group_deleter(subscription: str) -> str:
    """The id of the custom role "tfinfra group deleter <…>" (read and delete resource groups, nothing in them).

    No built-in role is as narrow. `tfinfra setup azure` defines it once per subscription under this very id, which
    must be unique in a tenant and therefore depends on the subscription.
    """
    return str(uuid.uuid5(_NAMES, f"{subscription.lower()}|tfinfra group deleter"))


def assignment_name(scope: str, principal: str, role: str) -> str:
    return str(uuid.uuid5(_NAMES, f"{scope.lower()}|{principal.lower()}|{role.lower()}"))


def assign(
    name: str,
    group: resources.ResourceGroup,
    parent: pulumi.Resource,
    *,
    scope: pulumi.Output[str],
    principal: pulumi.Output[str],
    role: pulumi.Input[str],
    principal_type: str | None = None,
) -> authorization.RoleAssignment:
    """Grants `role` (a definition's GUID) on `scope`. A `principal_type` spares ARM the look-up of a principal that
    was made seconds ago and may not have reached the directory's replica; None lets ARM find it."""
    principal = told(principal, f"whom it made for '{name}'")
    known = pulumi.Output.all(scope=scope, principal=principal, role=role)
    definition = "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{}"
    return authorization.RoleAssignment(
        name,
        role_assignment_name=known.apply(lambda k: assignment_name(k["scope"], k["principal"], k["role"])),
        scope=scope,
        principal_id=principal,
        principal_type=principal_type,
        role_definition_id=pulumi.Output.format(definition, subscription_id(group), role),
        opts=within(group, parent),
    )


def may_delete(
    name: str,
    run: Run,
    group: resources.ResourceGroup,
    parent: pulumi.Resource,
    principal: pulumi.Output[str],
) -> authorization.RoleAssignment:
    """Grants what it takes to read and delete `group`, and nothing of what is in it."""
    return assign(
        name,
        group,
        parent,
        scope=group.id,
        principal=principal,
        principal_type="ServicePrincipal",
        role=run.deleter_role or subscription_id(group).apply(group_deleter),
    )
