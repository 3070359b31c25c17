"""A whole run with `cloud: azure` while all of Azure lags: lists without what was just made, grants that come and go
while ARM's replicas differ, buckets that are nearly empty, groups that stay in Deleting. The timeouts are Azure's own;
seconds stand for Azure's minutes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tests.e2e import test_azure_path
from tests.e2e.conftest import Workspace, wait_until
from tests.e2e.test_azure_path import LIMITS, TARGET, image
from tests.localcloud.calls import SUB
from tfinfra.clouds import LOCAL_PACE
from tfinfra.localcloud.daemon.daemon_client import call
from tfinfra.localcloud.metadata.identity_endpoint import service_principal
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file

pytestmark = test_azure_path.pytestmark
SCRIPT = "import time\ntime.sleep(4)\nopen('outputs/model.txt', 'w').write('weights')\nprint('done')\n"
BUILDER = "00000000-0000-0000-0000-00000000b17d"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
MARKET = {"lists": 10, "deleting": 2, "limits": {"reads": [12, 8, 1], "writes": [4, 4, 1]}}
DIRECTORY = {"principals": {BUILDER: "ServicePrincipal"}, "replication": 3, "replicas": 3}
GRANTING = 20.0
CALLERS_AGE = 6.0
"""Seconds by which the caller's grant is older than the run: a grant that is made later lags as long as it is old, and
the timer's has to lag past the upload."""
_THROTTLED = re.compile(r" (GET|PUT|DELETE) /\S+ 429$", re.MULTILINE)


def tell(azure: Rehearsed, what: str, document: Mapping[str, Any]) -> None:
    assert call(azure.endpoint, "PUT", what, dict(document))[0] == 200


@pytest.fixture
def azure(process_workspace: Workspace, tmp_path: Path) -> Iterator[Rehearsed]:
    """For a caller who has nothing but a grant."""
    hints = {"machines": "process", "image": str(image(tmp_path / "image"))}
    caller = service_principal(BUILDER)
    with rehearsed(process_workspace.state / "cloud", tmp_path, hints, caller) as made:
        tell(made, "market", MARKET)
        tell(made, "directory", DIRECTORY)
        layout, authorization = made.endpoint.layout, f"{SUB}/providers/Microsoft.Authorization"
        role = f"{authorization}/roleDefinitions/{OWNER}"
        grant = {"roleDefinitionId": role, "principalId": BUILDER, "principalType": "ServicePrincipal"}
        arm = arm_by_token_file(made.endpoint.url, layout.ca, layout.token, pace=LOCAL_PACE)
        arm.put(f"{authorization}/roleAssignments/{BUILDER}", "2022-04-01", {"properties": grant})
        yield made


def events(home: Workspace) -> dict[str, Any]:
    lines = [line for log in home.state.glob("runs/*/events.jsonl") for line in log.read_text().splitlines()]
    return {event["event"]: event for event in map(json.loads, lines)}


def test_a_run_ends_well_while_azure_lags(process_workspace: Workspace, azure: Rehearsed) -> None:
    home, granted = process_workspace, time.time()
    manifest = home.manifest(SCRIPT, compute_target=TARGET, limits=LIMITS)
    wait_until(lambda: time.time() - granted > CALLERS_AGE, 2 * CALLERS_AGE, "the caller's grant to be old")
    process = home.start("up", str(manifest), environment=azure.variables)

    def begins(phase: str) -> float:
        """Seconds from the caller's grant until the phase began."""
        wait_until(lambda: process.poll() is not None or f"{phase}.begin" in events(home), 100, phase)
        return time.time() - granted

    tell(azure, "directory", {"granting": begins("keep")})  # the caller's holds, the timer's and the nodes' will lag
    tell(azure, "directory", {"granting": begins("train") + GRANTING})  # now the caller's comes and goes too
    _, told = process.communicate(timeout=100)
    assert process.returncode == 0, told
    assert (home.run_folder() / "outputs/model.txt").read_text() == "weights"
    assert azure.groups == set()
    assert events(home)["timer"]["armed"]
    assert "waiting for the timer's first run that succeeds" in told
    assert "does not have authorization to perform action" in told  # a deletion that was asked for again
    assert _THROTTLED.search(azure.endpoint.layout.log.read_text())
