"""The rights that a caller needs to make a run's resources, beside reading, writing and using each (linked_actions.py):
to follow a write to its end, to see the state of machines and timer, to delete one by one what is left.

Source of the actions: learn.microsoft.com/azure/role-based-access-control/resource-provider-operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tfinfra.arm.deleter_role import GROUPS
from tfinfra.arm.kinds import BY_ITSELF

_COMPUTE, _NETWORK = "Microsoft.Compute", "Microsoft.Network"
_SETS = f"{_COMPUTE}/virtualMachineScaleSets"
_ZONES = f"{_NETWORK}/privateDnsZones"
_WORKFLOWS = "Microsoft.Logic/workflows"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"

# Without these a run cannot go to its end. What begins with the key takes them: where a provider tells how a long
# operation stands, mostly at the subscription, outside every group (taskcluster/taskcluster#8594,
# MicrosoftDocs/azure-docs#111535, Azure/mpf#314); what the timer did, before any machine is made. What Logic,
# ManagedIdentity and Authorization make for the stacks is there with the answer.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Authorization/roleAssignments": ("Microsoft.Authorization/roleDefinitions/read",),
    f"{_COMPUTE}/": (f"{_COMPUTE}/locations/operations/read",),
    _WORKFLOWS: (f"{_WORKFLOWS}/runs/read",),
    f"{_NETWORK}/": (f"{_NETWORK}/locations/operations/read",),
    _ZONES: (f"{_NETWORK}/privateDnsOperationStatuses/read",),
}


@dataclass(frozen=True)
class Useful:
    """`actions` that a run goes on without, by the type that they are for; what `without` them happens."""

    without: str
    actions: Mapping[str, tuple[str, ...]]


# Of Storage's reads ARM knows no Microsoft.Storage/locations/asyncoperations/read, and it refuses a whole role for one
# unknown action (InvalidActionOrNotAction): a pattern covers that address as well. That a write needs it is not known:
# the built-in Storage Account Contributor has none of it.
USEFUL = (
    Useful(
        "machines that fail or are evicted are missed only once they are silent",
        {
            _SETS: (
                f"{_SETS}/virtualMachines/read",
                f"{_SETS}/virtualMachines/instanceView/read",
                f"{_COMPUTE}/virtualMachines/read",
                f"{_COMPUTE}/virtualMachines/instanceView/read",
            )
        },
    ),
    Useful(
        "the timer's first look is waited for, up to 5 minutes longer",
        {_WORKFLOWS: (f"{_WORKFLOWS}/triggers/run/action",)},
    ),
    Useful(
        "ARM may not say that a storage account has been made",
        {"Microsoft.Storage/": ("Microsoft.Storage/locations/*/read", "Microsoft.Storage/operations/read")},
    ),
    Useful(
        "`audit --live` cannot tell whether somebody runs programs on the nodes, opens them or signs in as them",
        {
            _SETS: (
                f"{_COMPUTE}/virtualMachines/extensions/read",
                f"{_COMPUTE}/virtualMachines/runCommands/read",
                f"{_NETWORK}/networkInterfaces/read",
                f"{_SETS}/extensions/read",
                f"{_SETS}/networkInterfaces/read",
                f"{_SETS}/virtualMachines/extensions/read",
                f"{_SETS}/virtualMachines/runCommands/read",
            ),
            _IDENTITIES: (f"{_IDENTITIES}/federatedIdentityCredentials/read",),
        },
    ),
    Useful(
        "the machines are deleted and the run's groups may stay; `down` says so (exit 10)",
        {"": (f"{GROUPS}/resources/read",)},
    ),
)
# What is taken away one by one, where a group has to stay.
LEFT = Useful(
    "a group that holds something of somebody else's keeps what is the run's as well",
    {
        _SETS: (
            f"{_COMPUTE}/disks/delete",
            f"{_COMPUTE}/disks/read",
            f"{_COMPUTE}/virtualMachines/delete",
            f"{_NETWORK}/networkInterfaces/delete",
            f"{_NETWORK}/networkInterfaces/read",
        ),
        f"{_NETWORK}/": (f"{_NETWORK}/locations/operationResults/read",),
        _ZONES: (f"{_NETWORK}/privateDnsOperationResults/read",),
    },
)


def needed_for(types: Iterable[str]) -> tuple[str, ...]:
    """What making resources of these types (ARM's, "Microsoft.X/y") cannot do without."""
    return _of(NEEDED, tuple(types))


def useful_for(types: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(what happens without them, the actions) for resources of these types."""
    types = tuple(types)
    for useful in USEFUL:
        yield useful.without, _of(useful.actions, types)
    own = (kind for kind in types if kind not in BY_ITSELF and kind != "Microsoft.Resources/resourceGroups")
    yield LEFT.without, (*_of(LEFT.actions, types), *(f"{kind}/delete" for kind in own))


def _of(actions: Mapping[str, tuple[str, ...]], types: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the beginnings that one of the types has."""
    found = (those for start, those in actions.items() if any(kind.startswith(start) for kind in types))
    return tuple(dict.fromkeys(action for those in found for action in those))
