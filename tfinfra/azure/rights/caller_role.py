"""The custom role that a caller needs: it follows from what the stacks contain and from what a run reads. And the
condition on its assignment, without which its holder could take every other role."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfinfra.arm.deleter_role import GROUPS, custom_role, name_within
from tfinfra.arm.kinds import BY_ITSELF
from tfinfra.azure.rights.creation_rights import needed_for, useful_for
from tfinfra.azure.rights.linked_actions import USES, use_of

NAME = "tfinfra caller"
BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
"""As stacks/roles.py names them; learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage."""
_SDK = "pulumi_azure_native"
_VERBS = ("read", "write", "delete")
_SUBNETS = "Microsoft.Network/virtualNetworks/subnets"
# What else a type brings: its subnets are written inside a network, and a caller may have to look at one.
_BESIDE = {"Microsoft.Network/virtualNetworks": (f"{_SUBNETS}/read", f"{_SUBNETS}/write")}
# Where ARM has the state of a deployment or of a group's deletion; tfinfra looks at the group itself.
_FOLLOWED = (
    "Microsoft.Resources/deployments/operationstatuses/read",
    "Microsoft.Resources/subscriptions/operationresults/read",
)
# What a run reads, and asks, before it writes anything.
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
    "Microsoft.Resources/deployments/write",  # the question's template has a deployment in each group; none is made
    "Microsoft.Resources/subscriptions/providers/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/resources/read",  # no group is deleted unseen
    "Microsoft.Storage/checknameavailability/read",
)


def caller_role(types: Iterable[str], subscription: str) -> dict[str, Any]:
    """The role, in ARM's form, of a caller whose runs make resources of `types` (ARM's, "Microsoft.X/y"), and use them
    and what a target may bring."""
    types = tuple(types)
    made: list[str] = []
    for kind in types:
        spelt = GROUPS if kind == "Microsoft.Resources/resourceGroups" else kind
        made += [f"{spelt}/{verb}" for verb in _VERBS if verb != "delete" or kind not in BY_ITSELF]
        made += _BESIDE.get(kind, ())
    useful = (action for _, those in useful_for(types) for action in those)
    actions = sorted({*_ALWAYS, *_FOLLOWED, *made, *needed_for(types), *useful, *use_of(USES)})
    name = name_within(subscription, NAME)
    return custom_role(subscription, name, "What tfinfra needs to make, look at and delete a run", tuple(actions))


CONDITION_VERSION = "2.0"
_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


def condition(deleter: str, caller: str) -> str:
    """The condition on the assignment of the role to `caller` (an object id): the caller may give the role `deleter`
    (its GUID) and the one that reads blobs to service principals alone (managed identities are some), and the role that
    writes blobs to those and to the caller.

    A condition belongs to an assignment, never to a definition; its language:
    learn.microsoft.com/azure/role-based-access-control/conditions-format, its attributes of role assignments:
    …/conditions-authorization-actions-attributes.
    """
    parts = (("write", "Request"), ("delete", "Resource"))
    return " AND ".join(_constrained(verb, source, deleter, caller) for verb, source in parts)


def _constrained(verb: str, source: str, deleter: str, caller: str) -> str:
    def among(attribute: str, operator: str, *values: str) -> str:
        return f"@{source}[{_ASSIGNMENTS}:{attribute}] ForAnyOfAnyValues:{operator} {{{', '.join(values)}}}"

    roles = among("RoleDefinitionId", "GuidEquals", deleter, BLOB_DATA_CONTRIBUTOR, BLOB_DATA_READER)
    machines = among("PrincipalType", "StringEqualsIgnoreCase", "'ServicePrincipal'")
    blobs = among("RoleDefinitionId", "GuidEquals", BLOB_DATA_CONTRIBUTOR)
    the_caller = among("PrincipalId", "GuidEquals", caller)
    other = f"!(ActionMatches{{'{_ASSIGNMENTS}/{verb}'}})"
    return f"(({other}) OR ({roles} AND {machines}) OR ({blobs} AND {the_caller}))"


def assignment_command(subscription: str, caller: str, kind: str, deleter: str) -> str:
    """The line by which an owner gives the role to `caller`, who is a `kind` ("User", "ServicePrincipal")."""
    words = (
        "az role assignment create",
        f"--assignee-object-id {caller} --assignee-principal-type {kind}",
        f"--role '{name_within(subscription, NAME)}' --scope /subscriptions/{subscription}",
        f'--condition-version {CONDITION_VERSION} --condition "{condition(deleter, caller)}"',
    )
    return " ".join(words)


def stack_tokens(folder: Path) -> frozenset[str]:
    """The resources that the stacks in `folder` can make, as azure-native calls them ("network:NatGateway"): every
    class of its modules that is called and holds no arguments of another."""
    tokens: set[str] = set()
    for tree in (ast.parse(file.read_text("utf-8")) for file in folder.glob("*.py")):
        imports = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == _SDK)
        modules = {alias.asname or alias.name: alias.name for node in imports for alias in node.names}
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                module, name = modules.get(called.value.id), called.attr
                if module and name[0].isupper() and not name.endswith("Args"):
                    tokens.add(f"{module}:{name}")
    return frozenset(tokens)
