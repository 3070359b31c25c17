"""Teardown through the azure-mgmt client, against the local cloud's own daemon."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.azure import fake_daemon
from tests.azure.fake_daemon import COMPUTE_NAME, KEEP_NAME, RUN, admin, layout_of, make
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.azure.deletion.groups import group_exists, list_runs
from tfinfra.azure.vm_instances import instances
from tfinfra.cloud import Cloud
from tfinfra.errors import TeardownIncomplete
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.machines import fake_machines

cloud, no_faults = fake_daemon.cloud, fake_daemon.no_faults  # fixtures


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_groups_are_listed_watched_and_deleted(cloud: Cloud, mode: str) -> None:
    make(cloud, mode)
    assert {(g.name, g.run, g.owner) for g in list_runs(cloud)} == {
        (name, "digits-abc123", "ada") for name in (KEEP_NAME, COMPUTE_NAME)
    }
    until = time.monotonic() + 5
    while len(instances(cloud, COMPUTE_NAME)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    first, second = instances(cloud, COMPUTE_NAME)
    assert first.state == "running"
    folder = layout_of(cloud).groups / COMPUTE_NAME / "machines" / f"{RUN}-nodes"
    fake_machines.kill(folder, first.name, "gone")
    assert instances(cloud, COMPUTE_NAME) == (second,)
    begun = time.monotonic()
    delete_group(cloud, COMPUTE_NAME, RUN, timeout=10)
    delete_group(cloud, KEEP_NAME, RUN, timeout=10)
    assert time.monotonic() - begun < 10
    assert group_exists(cloud, COMPUTE_NAME) is False
    assert instances(cloud, COMPUTE_NAME) == ()
    assert list_runs(cloud) == ()
    delete_group(cloud, COMPUTE_NAME, RUN, timeout=1)  # gone already


def test_both_groups_at_once(cloud: Cloud) -> None:
    make(cloud)
    names = (KEEP_NAME, COMPUTE_NAME)
    threads = [threading.Thread(target=delete_group, args=(cloud, n, RUN), kwargs={"timeout": 10}) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list_runs(cloud) == ()


FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"kind": "status", "status": 429, "retry_after": 0},
    "a fault of the server": {"kind": "status", "status": 500},
    "a conflict, twice": {"kind": "status", "status": 409, "count": 2},
    "the reply is lost": {"kind": "lost"},
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_deletion_survives(cloud: Cloud, case: str) -> None:
    make(cloud)
    admin(cloud, "POST", "faults", {**FAULTS[case], "method": "DELETE"})
    delete_group(cloud, COMPUTE_NAME, RUN, timeout=20)
    assert group_exists(cloud, COMPUTE_NAME) is False


def test_forbidden_is_not_gone(cloud: Cloud) -> None:
    make(cloud)
    admin(cloud, "POST", "faults", {"kind": "status", "status": 403, "code": "AuthorizationFailed", "count": 1000})
    assert group_exists(cloud, KEEP_NAME) is None
    lines: list[str] = []
    with pytest.raises(TeardownIncomplete, match=f"{KEEP_NAME} is not verified deleted"):
        delete_group(cloud, KEEP_NAME, RUN, timeout=0.3, progress=lines.append)
    assert "trying again" in lines[0]


def test_a_killed_cloud_is_revived_to_delete(cloud: Cloud) -> None:
    make(cloud)
    os.kill(read_json(layout_of(cloud).endpoint)["pid"], signal.SIGKILL)
    delete_group(cloud, COMPUTE_NAME, RUN, timeout=30)
    assert group_exists(cloud, COMPUTE_NAME) is False
    assert group_exists(cloud, KEEP_NAME) is True


def test_a_cloud_that_is_not_there_is_told(cloud: Cloud, tmp_path: Path) -> None:
    nowhere = replace(cloud, arm_endpoint="https://127.0.0.1:9", ensure=lambda: None)
    with pytest.raises(TeardownIncomplete):
        delete_group(nowhere, KEEP_NAME, RUN, timeout=0.1)
