"""Whether the keep group's expiry timer works: asked after the keep stack is up, before anything that costs is made."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from tfinfra.azure.answers import values
from tfinfra.azure.clients import get_json, send_json
from tfinfra.azure.identity.caller import why_refused
from tfinfra.azure.identity.refused_token import token_refused
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError

LOGIC_API = "2019-05-01"
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 5.0, 1.25  # seconds between looks: a local timer is done in less than one
TRIGGER = "clock"


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

    The first run comes by itself. Others are asked for at the cloud's pace, even if that is refused: the run after one
    that came before its grant would take minutes to come, and no machine is made meanwhile (a Logic HTTP action does
    not repeat on 403). A run that succeeded has made its GET with the timer's identity, so role and identity have
    reached every part of Azure that the timer needs. A new role may take 30 minutes for that, so a failed run is no
    verdict, nor is an answer of 403, 404, 5xx or none. A request under way is finished, whatever `timeout` says. Raises
    CredentialsError.
    """
    until, pause, ask = clock() + timeout, FIRST_PAUSE, clock() + cloud.pace.timer
    while not _has_succeeded(cloud, group, workflow):
        left = until - clock()
        if left <= 0:
            return False
        if clock() >= ask:
            _ask_for_run(cloud, group, workflow)
            ask = clock() + cloud.pace.timer
        sleep(min(pause, left))
        pause = min(GROWTH * pause, LONGEST_PAUSE)
    return True


def _ask_for_run(cloud: Cloud, group: str, workflow: str) -> None:
    """Fires the trigger once (learn.microsoft.com/rest/api/logic/workflow-triggers/run). Where that is refused, the
    recurrence is left: it takes a right of its own, Microsoft.Logic/workflows/triggers/run/action."""
    from azure.core.exceptions import AzureError

    path = f"{_workflows(cloud, group)}/{workflow}/triggers/{TRIGGER}/run"
    with suppress(AzureError):
        send_json(cloud, "POST", path, **{"api-version": LOGIC_API})


def _workflows(cloud: Cloud, group: str) -> str:
    return f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Logic/workflows"


def _has_succeeded(cloud: Cloud, group: str, workflow: str) -> bool:
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        path = f"{_workflows(cloud, group)}/{workflow}/runs"
        runs = values(get_json(cloud, path, **{"api-version": LOGIC_API}))
    except ClientAuthenticationError as error:
        if error.status_code == 401:
            raise token_refused(cloud, error) from error
        raise CredentialsError(f"the runs of {workflow} cannot be listed: {why_refused(error)}") from error
    except HttpResponseError:
        return False
    except AzureError:  # no answer at all: a cloud of this machine may have died
        cloud.ensure()
        return False
    return any((run.get("properties") or {}).get("status") == "Succeeded" for run in runs)
