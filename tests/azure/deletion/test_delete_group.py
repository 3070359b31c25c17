"""Teardown through the azure-mgmt client, against the local cloud's own daemon."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.localcloud.calls import COMPUTE, IDENTITY, KEEP, SET, VNET, scale_set
from tfinfra.azure.clients import resource_client
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.azure.deletion.groups import group_exists, list_runs
from tfinfra.azure.vm_instances import instances
from tfinfra.cloud import Cloud
from tfinfra.clouds import local_cloud
from tfinfra.errors import TeardownIncomplete
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon
from tfinfra.localcloud.machines import fake_machines

RUN = "digits-abc123"
KEEP_NAME, COMPUTE_NAME = (path.rpartition("/")[2] for path in (KEEP, COMPUTE))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("teardown")
    patch.setenv("TFINFRA_STATE_DIR", str(folder / "state"))
    patch.setenv("TFINFRA_CACHE_DIR", str(folder / "cache"))
    made = local_cloud(machines="fake")
    yield made
    process = psutil.Process(read_json(layout_of(made).endpoint)["pid"])
    process.terminate()
    patch.undo()
    psutil.wait_procs([process], timeout=10)


@pytest.fixture(autouse=True)
def no_faults(cloud: Cloud) -> Iterator[None]:
    cloud.ensure()
    yield
    cloud.ensure()
    admin(cloud, "DELETE", "faults")
    for name in (COMPUTE_NAME, KEEP_NAME):
        delete_group(cloud, name, RUN, timeout=10)


def layout_of(cloud: Cloud) -> Layout:
    assert cloud.ca_file is not None
    return Layout(cloud.ca_file.parent)


def admin(cloud: Cloud, method: str, path: str, body: Any = None) -> None:
    endpoint = running_daemon(layout_of(cloud))
    assert endpoint is not None
    assert call(endpoint, method, path, body)[0] < 300


def put(cloud: Cloud, path: str, version: str, body: dict[str, Any]) -> None:
    from azure.core.rest import HttpRequest

    request = HttpRequest("PUT", f"{cloud.arm_endpoint}{path}?api-version={version}", json=body)
    request.headers["x-tfinfra-machines"] = "fake"
    assert resource_client(cloud).send_request(request).status_code < 300


def make(cloud: Cloud, mode: str = "Flexible") -> None:
    tags = {"tfinfra-run": "digits-abc123", "tfinfra-owner": "ada", "tfinfra-expires-at": "2099-01-01T00:00:00Z"}
    for path in (KEEP, COMPUTE):
        put(cloud, path, "2024-03-01", {"location": "eastus", "tags": tags})
    put(cloud, IDENTITY, "2023-01-31", {"location": "eastus"})
    subnets = [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/24"}}]
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}
    put(cloud, VNET, "2024-05-01", {"location": "eastus", "properties": space})
    put(cloud, SET, "2024-11-01", scale_set(mode))


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
    assert time.monotonic() - begun < 3
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
