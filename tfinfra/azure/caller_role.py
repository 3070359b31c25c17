"""The custom role that a person needs to run tfinfra: what the stacks contain decides it, and what a run reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tfinfra.azure.uses import USES, use_of
from tfinfra.roles import GROUPS, custom_role, name_within

NAME = "tfinfra caller"
_SDK = "pulumi_azure_native"
_VERBS = ("read", "write", "delete")
_NETWORK = "Microsoft.Network"
# What making a resource of a type asks for beside reading, writing and deleting it
# (learn.microsoft.com/azure/role-based-access-control/resource-provider-operations).
_BESIDE = {
    "Microsoft.Authorization/roleAssignments": ("Microsoft.Authorization/roleDefinitions/read",),
    "Microsoft.Compute/virtualMachineScaleSets": (
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/instanceView/read",
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/virtualMachines/instanceView/read",
    ),
    "Microsoft.Logic/workflows": ("Microsoft.Logic/workflows/runs/read",),
    f"{_NETWORK}/virtualNetworks": (
        f"{_NETWORK}/virtualNetworks/subnets/read",
        f"{_NETWORK}/virtualNetworks/subnets/write",
    ),
    "Microsoft.Storage/storageAccounts": (
        "Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action",
    ),
}
# What a run reads before it writes anything, and what deployments and deletions are followed by.
_ALWAYS = (
    "Microsoft.Authorization/locks/read",
    "Microsoft.Authorization/permissions/read",
    "Microsoft.Authorization/roleAssignments/read",
    "Microsoft.Authorization/roleDefinitions/read",
    "Microsoft.Compute/capacityReservationGroups/capacityReservations/read",
    "Microsoft.Compute/galleries/images/read",
    "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read",
    "Microsoft.Compute/locations/usages/read",
    "Microsoft.Compute/skus/read",
    "Microsoft.Resources/deployments/validate/action",
    "Microsoft.Resources/subscriptions/operationresults/read",
    "Microsoft.Resources/subscriptions/providers/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Storage/checknameavailability/read",
)


def caller_role(types: Iterable[str], subscription: str) -> dict[str, Any]:
    """The role, in ARM's form, of somebody whose runs make resources of `types` (ARM's, "Microsoft.X/y"), and use them
    and what a target may bring."""
    made = (action for kind in types for action in _actions(kind))
    actions = sorted({*_ALWAYS, *made, *use_of(USES)})
    name = name_within(subscription, NAME)
    return custom_role(subscription, name, "What tfinfra needs to make, look at and delete a run", tuple(actions))


def _actions(kind: str) -> Iterator[str]:
    spelt = GROUPS if kind == "Microsoft.Resources/resourceGroups" else kind
    yield from (f"{spelt}/{verb}" for verb in _VERBS)
    yield from _BESIDE.get(kind, ())


def stack_tokens(folder: Path) -> frozenset[str]:
    """The resources that the stacks in `folder` can make, as azure-native calls them ("network:NatGateway"): every
    class of its modules that is called and holds no arguments of another."""
    return frozenset(token for file in folder.glob("*.py") for token in _tokens(ast.parse(file.read_text("utf-8"))))


def _tokens(tree: ast.Module) -> Iterator[str]:
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == _SDK)
    modules = {alias.asname or alias.name: alias.name for node in imports for alias in node.names}
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            module, name = modules.get(called.value.id), called.attr
            if module and name[0].isupper() and not name.endswith("Args"):
                yield f"{module}:{name}"
