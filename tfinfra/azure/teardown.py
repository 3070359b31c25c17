"""Deletes a run's groups and makes sure that they are gone: the only teardown there is, the same on both clouds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfinfra.arm.sign_in import way_in
from tfinfra.azure.answers import arm_error, is_gone, reason, values
from tfinfra.azure.clients import COMPUTE_API, GROUPS_API, get_json, get_once, resource_client, warm
from tfinfra.azure.names import RUN_ID, run_of_group
from tfinfra.clock import spell_seconds
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, ProvisioningError, TeardownIncomplete

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

__all__ = [
    "Instance",
    "LiveGroup",
    "delete_group",
    "group_exists",
    "instances",
    "list_runs",
    "run_group_exists",
    "strangers",
    "warm",
]

RUN_TAG, OWNER_TAG, EXPIRES_TAG = "tfinfra-run", "tfinfra-owner", "tfinfra-expires-at"
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
    _RIGHT: "you need Microsoft.Resources/subscriptions/resourceGroups/delete and …/read on it",
    "DenyAssignmentAuthorizationFailed": "the owner of the deny assignment has to lift it, whatever your roles are",
    "RequestDisallowedByPolicy": "a policy denies deletions: its owner has to exempt the group",
    "SubscriptionNotFound": "you do not see the subscription: `az account list --all`; its owner sees what is billed",
    "ReadOnlyDisabledSubscription": "the subscription is disabled: its owner has to enable it again",
}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class LiveGroup:
    """A resource group of a run that exists. `expires_at` is ISO 8601 in UTC; `state` is ARM's ("Deleting", …)."""

    name: str
    run: str
    owner: str
    expires_at: str
    location: str
    state: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Instance:
    """A virtual machine of a run. `state` is "running", or what ARM says of it ("stopped", "creating", "failed", …)."""

    name: str
    vm_id: str
    state: str

    @property
    def running(self) -> bool:
        return self.state == "running"


def delete_group(cloud: Cloud, name: str, run: str, *, timeout: float, progress: Progress | None = None) -> None:
    """Deletes the resource group `name` of `run` with all that is in it; returns once ARM answers 404 for it.

    Does nothing where it is gone already; joins a deletion that is under way; tries again what fails. Raises
    TeardownIncomplete where it is not verified gone after `timeout` seconds, after TRIES where ARM denies it or takes
    no token, after GRANTING where the caller's right to it is missing, and at once where it is not tagged as the
    run's: a name alone makes no group ours.
    """
    from azure.core.exceptions import AzureError

    tell = progress or (lambda _: None)
    until, pause, last, denials = time.monotonic() + timeout, cloud.pace.poll, "no answer", _Denials()
    while True:
        way_out = ""
        try:
            if not run_group_exists(cloud, name, run):
                return
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
    raise _incomplete(name, last, way_out or None, timeout)


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
    """(the code by which ARM denies it, who can lift that: a name stands for {group}), ("", "") for what may pass by
    itself."""
    from azure.core.exceptions import ClientAuthenticationError

    if isinstance(error, ClientAuthenticationError):
        return "Unauthenticated", way_in(reason(error))
    told = arm_error(error)
    codes = [told.code, told.decisive.code, *(d.code for d in told.decisive.details)] if told else []
    known = {code.lower(): (code, way) for code, way in _DENIALS.items()}
    return next((known[c.lower()] for c in codes if c and c.lower() in known), ("", ""))


def _incomplete(name: str, last: str, way_out: str | None, timeout: float) -> TeardownIncomplete:
    again = "run `tfinfra down` again; what it holds is billed until it is gone"
    if way_out:
        return TeardownIncomplete(
            f"resource group {name} is not verified deleted: {last} ({way_out})", hint=f"then {again}"
        )
    return TeardownIncomplete(
        f"resource group {name} is not verified deleted after {spell_seconds(timeout)}: {last}", hint=again
    )


def run_group_exists(cloud: Cloud, name: str, run: str) -> bool:
    """Whether the run's group is there. Raises AzureError, and TeardownIncomplete for a group that is not the run's."""
    group = _group(cloud, name)
    if group is None:
        return False
    tagged = (group.get("tags") or {}).get(RUN_TAG)
    if tagged == run and run_of_group(name) in (run, None):
        return True
    how = f"is tagged for {tagged}" if tagged else f"has no tag {RUN_TAG}"
    raise TeardownIncomplete(
        f"resource group {name} is left alone: it {how}",
        hint=f"if it is this run's after all, tag it {RUN_TAG}={run}, or delete it by hand",
    )


def _group(cloud: Cloud, name: str) -> dict[str, Any] | None:
    """ARM's document of a group, None where ARM says that there is none. Raises AzureError."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        found: dict[str, Any] = get_json(cloud, f"{_groups(cloud)}/{name}", **{"api-version": GROUPS_API})
    except ResourceNotFoundError as error:
        if is_gone(error):
            return None
        raise
    return found


def _groups(cloud: Cloud) -> str:
    return f"/subscriptions/{cloud.subscription_id}/resourcegroups"


def _delete_once(cloud: Cloud, name: str, until: float) -> None:
    """Asks for the deletion and waits for its end. Raises AzureError."""
    poller = resource_client(cloud).resource_groups.begin_delete(
        name, force_deletion_types=FORCED, polling_interval=cloud.pace.poll
    )
    poller.wait(max(0.0, until - time.monotonic()))
    if poller.done():
        poller.result()


def group_exists(cloud: Cloud, name: str) -> bool | None:
    """Whether the group is there. None: not known (ARM answered 403 or not at all), which is never "gone"."""
    from azure.core.exceptions import AzureError

    try:
        return _group(cloud, name) is not None
    except AzureError:
        return None


def list_runs(cloud: Cloud) -> tuple[LiveGroup, ...]:
    """Every group of every run in the subscription, by name: what is tagged with a run's id, unless it is named for
    another run. Raises CredentialsError or ProvisioningError."""
    groups = (_live(g) for g in _all_groups(cloud) if RUN_ID.fullmatch((g.get("tags") or {}).get(RUN_TAG, "")))
    return tuple(g for g in groups if run_of_group(g.name) in (g.run, None))


def strangers(cloud: Cloud) -> tuple[str, ...]:
    """Groups that are named as a run's without being tagged as that run's: nobody's to touch. Raises as `list_runs`."""
    named = ((g["name"], run_of_group(g["name"]), (g.get("tags") or {}).get(RUN_TAG)) for g in _all_groups(cloud))
    return tuple(name for name, run, tagged in named if run is not None and tagged != run)


def _all_groups(cloud: Cloud) -> list[dict[str, Any]]:
    from azure.core.exceptions import AzureError

    try:
        found = values(get_json(cloud, _groups(cloud), **{"api-version": GROUPS_API}))
    except AzureError as error:
        raise _told(error, "resource groups cannot be listed") from error
    return sorted(found, key=lambda g: str(g["name"]))


def _live(group: dict[str, Any]) -> LiveGroup:
    tags = dict(group["tags"])
    state = (group.get("properties") or {}).get("provisioningState")
    return LiveGroup(
        name=group["name"],
        run=tags[RUN_TAG],
        owner=tags.get(OWNER_TAG, ""),
        expires_at=tags.get(EXPIRES_TAG, ""),
        location=group["location"],
        state=state or "",
        tags=tags,
    )


def instances(cloud: Cloud, group: str) -> tuple[Instance, ...]:
    """The virtual machines that are in `group` now, by name; () where the group is gone. One that was evicted or died
    is not among them. Asked once, without patience: whoever watches asks again, and may not be blind meanwhile. Raises
    CredentialsError, or ProvisioningError with the status of ARM's answer."""
    from azure.core.exceptions import AzureError

    base = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Compute"
    try:
        sets = values(get_once(cloud, f"{base}/virtualMachineScaleSets", **{"api-version": COMPUTE_API}))
        machines = [m for s in sets for m in _machines(cloud, base, s)]
    except AzureError as error:
        if is_gone(error):
            return ()
        raise _told(error, f"the machines of {group} cannot be listed") from error
    return tuple(sorted((_instance(m) for m in machines), key=lambda i: i.name))


def _machines(cloud: Cloud, base: str, scale_set: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"api-version": COMPUTE_API, "$expand": "instanceView"}
    if (scale_set.get("properties") or {}).get("orchestrationMode") == "Flexible":
        query["$filter"] = f"'virtualMachineScaleSet/id' eq '{scale_set['id']}'"
        return values(get_once(cloud, f"{base}/virtualMachines", **query))
    return values(get_once(cloud, f"{base}/virtualMachineScaleSets/{scale_set['name']}/virtualMachines", **query))


def _instance(machine: dict[str, Any]) -> Instance:
    properties = machine.get("properties") or {}
    codes = [str(s.get("code")) for s in (properties.get("instanceView") or {}).get("statuses") or ()]
    power = [code.partition("/")[2] for code in codes if code.startswith("PowerState/")]
    state = power[0] if power else str(properties.get("provisioningState") or "").lower()
    return Instance(name=machine["name"], vm_id=str(properties.get("vmId") or ""), state=state)


def _told(error: AzureError, what: str) -> CredentialsError | ProvisioningError:
    from azure.core.exceptions import ClientAuthenticationError

    message, status = f"{what}: {reason(error)}", getattr(error, "status_code", None)
    if isinstance(error, ClientAuthenticationError):
        return CredentialsError(message, hint=way_in(reason(error)))
    return ProvisioningError(message, status=status)
