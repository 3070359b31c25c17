"""Deletes a run's groups and makes sure that they are gone: the only teardown there is, the same on both clouds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from tfinfra.arm.sign_in_advice import way_in
from tfinfra.azure.answers import arm_error, reason
from tfinfra.azure.clients import resource_client
from tfinfra.azure.deletion.contents import READ, Contents, contents, named, scale_set
from tfinfra.azure.deletion.groups import group_exists, run_group_exists
from tfinfra.azure.deletion.one_by_one import delete_all, delete_machines
from tfinfra.cloud import Cloud
from tfinfra.errors import ForeignInside, TeardownIncomplete
from tfinfra.system.progress import Progress
from tfinfra.text.wording import shell_word, spell_seconds

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

FORCED = "Microsoft.Compute/virtualMachines,Microsoft.Compute/virtualMachineScaleSets"
TRIES = 3
"""How often what ARM denies is asked for: a lock, a policy or a deny assignment stays until somebody lifts it."""
GRANTING = 600.0
"""Seconds from its first denial for which a right that is missing is asked for: a grant of a moment ago holds at some
of ARM's replicas and not yet at others (learn.microsoft.com/azure/role-based-access-control/troubleshooting)."""
_RIGHT = "AuthorizationFailed"
# Who can lift what denies a deletion. Recorded in Azure/azure-sdk-for-java#2560 (lock),
# pulumi/pulumi-azure-native#1511 (right) and Azure/azure-functions-on-container-apps#36 (deny assignment)
_DENIALS = {
    "ScopeLocked": "remove the lock: `az lock list -g {group}` shows it, `az lock delete --ids …` removes it",
    _RIGHT: "you need Microsoft.Resources/subscriptions/resourceGroups/delete, …/read and …/resources/read on it",
    "DenyAssignmentAuthorizationFailed": "the owner of the deny assignment has to lift it, whatever your roles are",
    "RequestDisallowedByPolicy": "a policy denies deletions: its owner has to exempt the group",
    "SubscriptionNotFound": "you do not see the subscription: `az account list --all`; its owner sees what is billed",
    "ReadOnlyDisabledSubscription": "the subscription is disabled: its owner has to enable it again",
}


def delete_group(cloud: Cloud, name: str, run: str, *, timeout: float, progress: Progress | None = None) -> None:
    """Deletes the resource group `name` of `run` with all that is in it; returns once ARM answers 404 for it.

    Does nothing where it is gone already; joins a deletion that is under way; tries again what fails. What is in it is
    looked at just before each DELETE: something that is not the run's keeps the group, and what is the run's goes one
    by one. Raises ForeignInside then; TeardownIncomplete where it is not verified gone after `timeout` seconds, after
    TRIES where ARM denies it or takes no token, after GRANTING where the caller's right to it is missing, and at once
    where it is not named and tagged as the run's. A group that cannot be deleted loses its machines all the same, as
    far as ARM lets them go.
    """
    from azure.core.exceptions import AzureError

    tell = progress or (lambda _: None)
    until, pause, last, denials = time.monotonic() + timeout, cloud.pace.poll, "no answer", _Denials()
    doing = _Teardown(cloud, name, run, until, tell)
    while True:
        way_out = ""
        try:
            if not run_group_exists(cloud, name, run):
                return
            doing.is_ours = True
            if instead := doing.instead():
                last = instead
            else:
                _delete_once(cloud, name, until)
        except AzureError as error:
            last, (code, way) = reason(error), _denial(error)
            way_out = way.replace("{group}", name)
            if denials.are_final(code, time.monotonic()):
                break
            tell(f"deleting {name}: {last}; trying again")
            cloud.ensure()
        if time.monotonic() + pause > until:
            break
        time.sleep(pause)
        pause = min(2 * pause, 15.0)
    if group_exists(cloud, name) is False:
        return
    raise _incomplete(name, last + doing.machines_at_least(), way_out or None, timeout)


@dataclass
class _Teardown:
    """The deletion of one group. `looks`: how often something foreign was found in it; `gone`: the ids of what was
    deleted beside that; `blind`: the caller may not see what it holds; `is_ours`: ARM has said so once."""

    cloud: Cloud
    name: str
    run: str
    until: float
    tell: Progress
    looks: int = 0
    gone: set[str] = field(default_factory=set)
    blind: bool = False
    is_ours: bool = False

    def instead(self) -> str:
        """What was done instead of deleting the group, because it holds something foreign; "" where it may be deleted.
        Raises ForeignInside, AzureError."""
        held = self._held()
        if not held.foreign:
            return ""
        if self.looks == 0:
            self.tell(f"{self.name} holds {named(held.foreign)}: it stays, what is the run's goes one by one")
        self.looks += 1
        left = delete_all(self.cloud, held.own, self.until)
        self.gone |= {one.id for one in held.own if str(one) not in left}
        after = self._held()
        if not after.foreign:
            return "what others had put into it is gone by now"
        ours = [one for one in after.own if one.id not in self.gone]  # ARM's lists lag behind its deletions
        if not ours or self.looks == TRIES or time.monotonic() > self.until:
            why = ", ".join(f"{one} ({left.get(str(one), 'still there')})" for one in ours)
            still = f"; of the run's there are still {why}" if ours else ""
            what = f"what tfinfra has not made: {named(after.foreign)}{still}"
            raise ForeignInside(
                f"resource group {self.name} stays, for it holds {what}",
                hint=f"move that elsewhere, or delete the group: az group delete --name {shell_word(self.name)}",
                emptied=not ours,
            )
        return f"it still holds {named(ours)}"

    def _held(self) -> Contents:
        """What is in the group. A caller who may not look deletes the machines at once, by their name."""
        from azure.core.exceptions import HttpResponseError

        try:
            return contents(self.cloud, self.name, self.run)
        except HttpResponseError as error:
            if error.status_code == HTTPStatus.FORBIDDEN and not self.blind:
                self.blind = True
                self.tell(f"what {self.name} holds cannot be listed ({READ}): only its machines are deleted")
                delete_machines(self.cloud, [scale_set(self.cloud, self.name, self.run)], self.until)
            raise

    def machines_at_least(self) -> str:
        """Deletes the machines of a group that ARM does not delete. What to add to the reason."""
        from azure.core.exceptions import AzureError

        try:
            if self.blind or not self.is_ours or not run_group_exists(self.cloud, self.name, self.run):
                return ""
            held = contents(self.cloud, self.name, self.run).own
            left = delete_machines(self.cloud, held, max(self.until, time.monotonic() + self.cloud.pace.poll))
        except (AzureError, TeardownIncomplete):
            return ""
        return "" if left else "; its machines are deleted"


@dataclass
class _Denials:
    """The answers that denied one deletion so far; `since` is when a right was first missing."""

    count: int = 0
    since: float | None = None

    def are_final(self, code: str, now: float) -> bool:
        """Whether it is of no use to ask again after one more answer, which `code` denies ("": it denies nothing)."""
        if code == _RIGHT:
            self.since = now if self.since is None else self.since
            return now - self.since >= GRANTING
        self.count = self.count + 1 if code else 0
        return self.count == TRIES


def _denial(error: AzureError) -> tuple[str, str]:
    """(the code by which ARM denies the deletion, who can lift that, with {group} for the name); ("", "") for what may
    pass by itself."""
    from azure.core.exceptions import ClientAuthenticationError

    if isinstance(error, ClientAuthenticationError):
        return "Unauthenticated", way_in(reason(error))
    said = arm_error(error)
    codes = [said.code, said.decisive.code, *(d.code for d in said.decisive.details)] if said else []
    known = {code.lower(): (code, way) for code, way in _DENIALS.items()}
    return next((known[c.lower()] for c in codes if c and c.lower() in known), ("", ""))


def _incomplete(name: str, last: str, way_out: str | None, timeout: float) -> TeardownIncomplete:
    what = f"resource group {name} is not verified deleted"
    again = "run `tfinfra down` again; what it holds is billed until it is gone"
    if way_out:
        return TeardownIncomplete(f"{what}: {last} ({way_out})", hint=f"then {again}")
    return TeardownIncomplete(f"{what} after {spell_seconds(timeout)}: {last}", hint=again)


def _delete_once(cloud: Cloud, name: str, until: float) -> None:
    """Asks for the deletion and waits for its end. Raises AzureError."""
    poller = resource_client(cloud).resource_groups.begin_delete(
        name, force_deletion_types=FORCED, polling_interval=cloud.pace.poll
    )
    poller.wait(max(0.0, until - time.monotonic()))
    if poller.done():
        poller.result()
