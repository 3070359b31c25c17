"""Which resources of a run's groups are the run's: those that the stacks make, and those that Azure makes of them.

A tag can be written by many, a group's name chosen by anybody; what lies in a group takes the right to make it. The
names here are those of stacks/, which imports nothing of tfinfra (tests/stacks/recorded compares them); all but the
accounts' begin with the run's id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fnmatch import fnmatchcase

from tfinfra.arm.kinds import UnknownKind, version_of

_COMPUTE, _NETWORK = "Microsoft.Compute", "Microsoft.Network"
KEEP: dict[str, tuple[str, ...]] = {
    "Microsoft.Logic/workflows": ("{run}-timer",),
    "Microsoft.Storage/storageAccounts": ("{blob}", "{file}"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("{run}-nodes", "{run}-timer"),
}
"""What the stacks make in a keep group: {ARM type: names}, in the order in which it can go."""
COMPUTE: dict[str, tuple[str, ...]] = {
    f"{_COMPUTE}/virtualMachineScaleSets": ("{run}-nodes",),
    f"{_NETWORK}/privateEndpoints": ("{run}-shared",),
    f"{_NETWORK}/privateDnsZones/virtualNetworkLinks": ("privatelink.file.*/nodes",),
    f"{_NETWORK}/privateDnsZones": ("privatelink.file.*",),
    f"{_NETWORK}/virtualNetworks": ("{run}-vnet",),
    f"{_NETWORK}/natGateways": ("{run}-nat",),
    f"{_NETWORK}/publicIPAddresses": ("{run}-nat",),
    f"{_NETWORK}/networkSecurityGroups": ("{run}-rules",),
    f"{_NETWORK}/applicationSecurityGroups": ("{run}-nodes",),
    f"{_COMPUTE}/proximityPlacementGroups": ("{run}-placement",),
}
"""What they make in a compute group, machines first."""
AZURES: dict[str, tuple[str, ...]] = {
    f"{_COMPUTE}/virtualMachines": ("{run}-nodes_*",),
    f"{_COMPUTE}/disks": ("{run}-nodes_*",),
    f"{_NETWORK}/networkInterfaces": ("nic0-*", "nic0_*", "{run}-shared.nic.*"),
}
"""What Azure makes beside them, unasked, in the same group: a scale set's machines (learn.microsoft.com/azure
/virtual-machine-scale-sets/virtual-machine-scale-sets-instance-ids: "{scale-set-name}_{8-char-guid}"), their disks, and
the interfaces of machines (named after the configuration, kubernetes-sigs/cloud-provider-azure#2671) and of the private
endpoint. What is named otherwise is asked whose it is (BELONGS)."""
BELONGS: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    f"{_NETWORK}/networkInterfaces": (
        "2024-05-01",
        (("virtualMachine", "id"), ("privateEndpoint", "id")),
    ),
    "Microsoft.EventGrid/systemTopics": ("2022-06-15", (("source",),)),
}
"""{ARM type: (API version, the properties that may hold the ARM id of what it was made for)}: Microsoft Defender makes
such a topic for a storage account (learn.microsoft.com/azure/defender-for-cloud/introduction-malware-scanning)."""
_VERSIONS = {"disks": "2024-03-02", "networkInterfaces": "2024-05-01", "virtualMachines": "2024-11-01"}
MACHINES = (f"{_COMPUTE}/virtualMachineScaleSets", f"{_COMPUTE}/virtualMachines")
"""What is billed by the hour, and goes first."""
_ORDER = tuple(map(str.lower, (*MACHINES, *COMPUTE, *AZURES, *KEEP)))


def is_own(run: str, group: str, type_: str, name: str) -> bool:
    """Whether a resource of `run`'s `group` is the run's, by its ARM type and its name ("zone/link" for one within
    another). What lies within one of the run's is the run's as well: it goes with that."""
    part = KEEP if group == f"tfinfra-{run}-keep" else {**COMPUTE, **AZURES}
    namespace, *kinds = type_.split("/")
    names = name.split("/")
    return any(
        _matches(run, part, "/".join([namespace, *kinds[:depth]]), "/".join(names[:depth]))
        for depth in range(1, len(kinds) + 1)
    )


def _matches(run: str, part: dict[str, tuple[str, ...]], type_: str, name: str) -> bool:
    """ARM's names have no case."""
    patterns = next((found for kind, found in part.items() if kind.lower() == type_.lower()), ())
    return any(fnmatchcase(name.lower(), spelt(pattern, run).lower()) for pattern in patterns)


def spelt(pattern: str, run: str) -> str:
    """A name of the tables above for one run."""
    return pattern.format(run=run, blob=account_name("blob", run), file=account_name("file", run))


def account_name(purpose: str, run: str) -> str:
    """As stacks/run.py makes it."""
    return "tfi" + hashlib.sha256(f"{purpose}:{run}".encode()).hexdigest()[:21]


def scale_set(group_id: str, run: str) -> str:
    """The ARM id of the run's scale set in the group with that id."""
    return f"{group_id}/providers/{MACHINES[0]}/{run}-nodes"


def turn(type_: str) -> int:
    """When it is a resource's turn to go, one by one: what uses others before what is used."""
    return _ORDER.index(type_.lower()) if type_.lower() in _ORDER else len(_ORDER)


def goes_by_itself(type_: str) -> bool:
    """Whether it must be deleted for itself: the rest goes with that which it lies in."""
    return type_.count("/") == 1 or type_.lower() in _ORDER


def version_for(id_: str, type_: str) -> str:
    """The API version by which one of ours is deleted. Raises UnknownKind."""
    kind = type_.partition("/")[2]
    known = {name.lower(): version for name, version in _VERSIONS.items()}
    topics = {kind_.lower(): version for kind_, (version, _) in BELONGS.items()}
    found = known.get(kind.lower()) or topics.get(type_.lower())
    return found or version_of(id_)


def kinds() -> Iterator[str]:
    """Every ARM type that may be the run's."""
    yield from dict.fromkeys((*KEEP, *COMPUTE, *AZURES, *BELONGS))


__all__ = [
    "AZURES",
    "BELONGS",
    "COMPUTE",
    "KEEP",
    "MACHINES",
    "UnknownKind",
    "account_name",
    "goes_by_itself",
    "is_own",
    "kinds",
    "scale_set",
    "spelt",
    "turn",
    "version_for",
]
