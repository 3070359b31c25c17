"""Whether the keep group's expiry timer works: asked after the keep stack is up, before anything that costs is made."""

from __future__ import annotations

import time
from collections.abc import Callable

from tfinfra.azure.caller import why_refused
from tfinfra.azure.clients import get_json
from tfinfra.azure.sign_in import token_refused
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError

LOGIC_API = "2019-05-01"
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 5.0, 1.25  # seconds between looks: a local timer is done in less than one


def await_armed(
    cloud: Cloud,
    group: str,
    workflow: str,
    *,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Waits until a run of the Logic workflow has status Succeeded: True; False where `timeout` seconds pass first.

    Such a run has made its GET with the timer's identity, so role and identity have reached every part of Azure that
    the timer needs; a new role may take 30 minutes for that, hence a failed run is no verdict. Nor is an answer of
    403, 404, 5xx or none. A request under way is finished, whatever `timeout` says. Raises CredentialsError.
    """
    until, pause = clock() + timeout, FIRST_PAUSE
    while not _has_succeeded(cloud, group, workflow):
        left = until - clock()
        if left <= 0:
            return False
        sleep(min(pause, left))
        pause = min(GROWTH * pause, LONGEST_PAUSE)
    return True


def _has_succeeded(cloud: Cloud, group: str, workflow: str) -> bool:
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    base = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Logic/workflows"
    try:
        runs = get_json(cloud, f"{base}/{workflow}/runs", **{"api-version": LOGIC_API})["value"]
    except ClientAuthenticationError as error:
        if error.status_code == 401:
            raise token_refused(cloud, error) from error
        raise CredentialsError(f"the runs of {workflow} cannot be listed: {why_refused(error)}") from error
    except HttpResponseError:
        return False
    except AzureError:  # no answer at all: a cloud of this machine may have died
        cloud.ensure()
        return False
    return any(run["properties"].get("status") == "Succeeded" for run in runs)
