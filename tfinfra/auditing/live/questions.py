"""What ARM is asked about a live run: one GET for each resource that was made, and what is seen nowhere else.

Sources of the paths: learn.microsoft.com/rest/api, "List" of each type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tfinfra.arm.deleter_role import GROUPS
from tfinfra.arm.requests import ArmAnswer
from tfinfra.arm.resource_ids import parse_resource_id
from tfinfra.auditing.baseline import MadeResource, PartBaseline
from tfinfra.auditing.live.members import member

ASSIGNMENTS, LOCKS = "Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/locks"
GROUP = "Microsoft.Resources/resourceGroups"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
INTERFACES = "Microsoft.Network/networkInterfaces"
MACHINES, SETS = "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets"
WORKFLOWS = "Microsoft.Logic/workflows"
GROUPS_API, RESOURCES_API, COMPUTE_API, NETWORK_API = "2024-03-01", "2021-04-01", "2024-11-01", "2024-05-01"
ASSIGNMENTS_API, LOCKS_API, LOGIC_API, IDENTITY_API = "2022-04-01", "2020-05-01", "2019-05-01", "2023-01-31"
SET_NETWORK_API = "2018-10-01"
"""Of a Uniform set's interfaces, which Microsoft.Network lists below the set."""
RUNS = 10
"""Of the timer's runs the newest are asked for."""


@dataclass(frozen=True)
class Question:
    """One GET. `query` are pairs beside the API version."""

    path: str
    version: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def right(self) -> str:
        """The action that it takes (learn.microsoft.com/azure/role-based-access-control
        /resource-provider-operations)."""
        found = parse_resource_id(self.path)
        if found.type:
            return f"{found.type}/read"
        return f"{GROUPS}/resources/read" if self.path.endswith("/resources") else f"{GROUPS}/read"


def group_id(subscription: str, group: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def of_resource(made: MadeResource) -> Question:
    return Question(made.id, made.api_version)


def of_group(subscription: str, group: str) -> Question:
    return Question(group_id(subscription, group), GROUPS_API)


def contents_of(subscription: str, group: str) -> Question:
    return Question(f"{group_id(subscription, group)}/resources", RESOURCES_API)


def grants_in(subscription: str, group: str) -> Question:
    return Question(f"{group_id(subscription, group)}/providers/{ASSIGNMENTS}", ASSIGNMENTS_API)


def grants_of(subscription: str, principal: str) -> Question:
    path = f"/subscriptions/{subscription}/providers/{ASSIGNMENTS}"
    return Question(path, ASSIGNMENTS_API, (("$filter", f"principalId eq '{principal}'"),))


def locks_of(subscription: str) -> Question:
    return Question(f"/subscriptions/{subscription}/providers/{LOCKS}", LOCKS_API)


def credentials_of(identity: str) -> Question:
    """Who else may sign in as a managed identity."""
    return Question(f"{identity}/federatedIdentityCredentials", IDENTITY_API)


def runs_of(workflow: str) -> Question:
    return Question(f"{workflow}/runs", LOGIC_API, (("$top", str(RUNS)),))


def extensions_of(owner: str) -> Question:
    """Of a scale set, or of one of its machines."""
    return Question(f"{owner}/extensions", COMPUTE_API)


def commands_of(machine: str) -> Question:
    return Question(f"{machine}/runCommands", COMPUTE_API)


def machines_of(scale_set: MadeResource) -> Question:
    """The machines of a set; those of a Flexible one are resources of its group."""
    if is_flexible(scale_set):
        group = scale_set.id.partition("/providers/")[0]
        return Question(f"{group}/providers/{MACHINES}", COMPUTE_API)
    return Question(f"{scale_set.id}/virtualMachines", COMPUTE_API)


def interfaces_of(scale_set: MadeResource) -> Question:
    if is_flexible(scale_set):
        group = scale_set.id.partition("/providers/")[0]
        return Question(f"{group}/providers/{INTERFACES}", NETWORK_API)
    return Question(f"{scale_set.id}/networkInterfaces", SET_NETWORK_API)


def is_flexible(scale_set: MadeResource) -> bool:
    mode = member(scale_set.sent, "properties", "orchestrationMode")
    return str(mode or "Uniform").lower() == "flexible"


def first_questions(subscription: str, parts: Mapping[str, PartBaseline | None]) -> Iterator[Question]:
    """What is asked at once of {group: its baseline, None where nobody noted one}."""
    yield locks_of(subscription)
    for group, part in parts.items():
        yield of_group(subscription, group)
        yield contents_of(subscription, group)
        yield grants_in(subscription, group)
        for made in part.resources if part else ():
            yield of_resource(made)
            yield from _more(subscription, made)


def _more(subscription: str, made: MadeResource) -> Iterator[Question]:
    kind = made.type.lower()
    if kind == IDENTITIES.lower():
        yield credentials_of(made.id)
        if principal := principal_of(made):
            yield grants_of(subscription, principal)
    if kind == WORKFLOWS.lower():
        yield runs_of(made.id)
    if kind == SETS.lower():
        yield from (extensions_of(made.id), machines_of(made), interfaces_of(made))


def more_questions(
    parts: Mapping[str, PartBaseline | None], answers: Mapping[Question, ArmAnswer]
) -> Iterator[Question]:
    """What is asked of each machine, once it is known which there are."""
    for made in resources(parts, SETS):
        for machine in answers.get(machines_of(made), ArmAnswer(0, None)).values:
            if id_ := machine.get("id"):
                yield extensions_of(str(id_))
                yield commands_of(str(id_))


def principal_of(identity: MadeResource) -> str | None:
    """The object id that a managed identity had when it was made."""
    found = member(identity.found, "properties", "principalId")
    return str(found) if found else None


def resources(parts: Mapping[str, PartBaseline | None], kind: str) -> Iterator[MadeResource]:
    """The resources of one type that were made in any of the parts."""
    known: Iterable[PartBaseline] = (part for part in parts.values() if part)
    return (made for part in known for made in part.resources if made.type.lower() == kind.lower())
