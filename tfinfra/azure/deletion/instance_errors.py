"""What ARM says of machines that are not there any more, or never came: the errors in their scale sets' instance views.

learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get-instance-view
"""

from __future__ import annotations

from tfinfra.azure.answers import values
from tfinfra.azure.clients import COMPUTE_API, get_once
from tfinfra.cloud import Cloud

_MOST, _LONGEST = 3, 300


def deaths(cloud: Cloud, group: str) -> str:
    """ "nodes_0: its first process was killed by SIGKILL", the first few of them; "" where ARM knows of none, or does
    not answer: whoever asks has something to say without it."""
    from azure.core.exceptions import AzureError

    base = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Compute"
    version = {"api-version": COMPUTE_API}
    try:
        sets = values(get_once(cloud, f"{base}/virtualMachineScaleSets", **version))
        views = [get_once(cloud, f"{base}/virtualMachineScaleSets/{s['name']}/instanceView", **version) for s in sets]
        statuses = [status for view in views for status in view.get("statuses") or ()]
        told = [_words(status) for status in statuses if status.get("level") == "Error"]
    except (AzureError, AttributeError, KeyError, TypeError):
        return ""
    more = f" (and {len(told) - _MOST} more)" if len(told) > _MOST else ""
    return "; ".join(dict.fromkeys(told[:_MOST])) + more


def _words(status: dict[str, object]) -> str:
    """Azure's display statuses are sentences ("Provisioning failed"), those of a machine that died its name."""
    said = [str(status[name]) for name in ("displayStatus", "message") if status.get(name)]
    text = " ".join(": ".join(said or [str(status.get("code"))]).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
