"""The machines of a run as ARM knows them: those that are in a group now, and what it says of those that are not there
any more, or never came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfinfra.azure.answers import failed_question, is_gone, values
from tfinfra.azure.clients import COMPUTE_API, get_once
from tfinfra.cloud import Cloud
from tfinfra.text.wording import shortened

_MOST, _LONGEST = 3, 300


@dataclass(frozen=True)
class Instance:
    """A virtual machine of a run. `state` is "running", or what ARM says of it ("stopped", "creating", "failed", …)."""

    name: str
    vm_id: str
    state: str


def instances(cloud: Cloud, group: str) -> tuple[Instance, ...]:
    """The virtual machines that are in `group` now, by name; () where the group is gone. One that was evicted or died
    is not among them. Asked once, without patience: the watch asks again, and must not wait meanwhile. Raises
    CredentialsError, or ProvisioningError with the status of ARM's answer."""
    from azure.core.exceptions import AzureError

    try:
        machines = [m for scale_set in _scale_sets(cloud, group) for m in _machines(cloud, group, scale_set)]
    except AzureError as error:
        if is_gone(error):
            return ()
        raise failed_question(error, f"the machines of {group} cannot be listed") from error
    found = []
    for machine in machines:
        properties = machine.get("properties") or {}
        codes = [str(s.get("code")) for s in (properties.get("instanceView") or {}).get("statuses") or ()]
        power = [code.partition("/")[2] for code in codes if code.startswith("PowerState/")]
        state = power[0] if power else str(properties.get("provisioningState") or "").lower()
        found.append(Instance(machine["name"], str(properties.get("vmId") or ""), state))
    return tuple(sorted(found, key=lambda instance: instance.name))


def _scale_sets(cloud: Cloud, group: str) -> list[dict[str, Any]]:
    return values(get_once(cloud, f"{_compute(cloud, group)}/virtualMachineScaleSets", **{"api-version": COMPUTE_API}))


def _compute(cloud: Cloud, group: str) -> str:
    return f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Compute"


def _machines(cloud: Cloud, group: str, scale_set: dict[str, Any]) -> list[dict[str, Any]]:
    base, query = _compute(cloud, group), {"api-version": COMPUTE_API, "$expand": "instanceView"}
    if (scale_set.get("properties") or {}).get("orchestrationMode") == "Flexible":
        query["$filter"] = f"'virtualMachineScaleSet/id' eq '{scale_set['id']}'"
        return values(get_once(cloud, f"{base}/virtualMachines", **query))
    return values(get_once(cloud, f"{base}/virtualMachineScaleSets/{scale_set['name']}/virtualMachines", **query))


def deaths(cloud: Cloud, group: str) -> str:
    """ "nodes_0: its first process was killed by SIGKILL": the errors in the instance views of the group's scale sets,
    the first few of them; "" where ARM knows of none, or does not answer: the caller has something to say without it.

    learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-instance-view
    """
    from azure.core.exceptions import AzureError

    view = f"{_compute(cloud, group)}/virtualMachineScaleSets/{{}}/instanceView"
    try:
        names = [scale_set["name"] for scale_set in _scale_sets(cloud, group)]
        views = [get_once(cloud, view.format(name), **{"api-version": COMPUTE_API}) for name in names]
        statuses = [status for one in views for status in one.get("statuses") or ()]
        errors = [_words(status) for status in statuses if status.get("level") == "Error"]
    except (AzureError, AttributeError, KeyError, TypeError):
        return ""
    more = f" (and {len(errors) - _MOST} more)" if len(errors) > _MOST else ""
    return "; ".join(dict.fromkeys(errors[:_MOST])) + more


def _words(status: dict[str, object]) -> str:
    """Azure's display statuses are sentences ("Provisioning failed"), those of a machine that died its name."""
    said = [str(status[name]) for name in ("displayStatus", "message") if status.get(name)]
    return shortened(" ".join(": ".join(said or [str(status.get("code"))]).split()), _LONGEST)
