"""A local cloud of its own, with machines that are none, for tests of what asks its ARM; and what a run has there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.azure.arm_calls import put
from tests.localcloud.calls import COMPUTE, IDENTITY, KEEP, SET, VNET, scale_set
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.cloud import Cloud
from tfinfra.clouds import local_cloud
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon

RUN = "digits-abc123"
KEEP_NAME, COMPUTE_NAME = (path.rpartition("/")[2] for path in (KEEP, COMPUTE))


def fake_cloud(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Cloud]:
    """The cloud, until its daemon is ended. `name` is its folder's."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp(name)
    patch.setenv("TFINFRA_STATE_DIR", str(folder / "state"))
    patch.setenv("TFINFRA_CACHE_DIR", str(folder / "cache"))
    made = local_cloud(machines="fake")
    yield made
    process = psutil.Process(read_json(layout_of(made).endpoint)["pid"])
    process.terminate()
    patch.undo()
    psutil.wait_procs([process], timeout=10)


def layout_of(cloud: Cloud) -> Layout:
    assert cloud.ca_file is not None
    return Layout(cloud.ca_file.parent)


def admin(cloud: Cloud, method: str, path: str, body: Any = None) -> None:
    """One request to the owner's paths of the daemon."""
    endpoint = running_daemon(layout_of(cloud))
    assert endpoint is not None
    assert call(endpoint, method, path, body)[0] < 300


def make(cloud: Cloud, mode: str = "Flexible") -> None:
    """Both groups of the run, with an identity, a network and two machines."""
    tags = {"tfinfra-run": RUN, "tfinfra-owner": "ada", "tfinfra-expires-at": "2099-01-01T00:00:00Z"}
    for path in (KEEP, COMPUTE):
        put(cloud, path, "2024-03-01", {"location": "eastus", "tags": tags})
    put(cloud, IDENTITY, "2023-01-31", {"location": "eastus"})
    subnets = [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/24"}}]
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}
    put(cloud, VNET, "2024-05-01", {"location": "eastus", "properties": space})
    put(cloud, SET, "2024-11-01", scale_set(mode))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from fake_cloud(tmp_path_factory, "teardown")


@pytest.fixture(autouse=True)
def no_faults(cloud: Cloud) -> Iterator[None]:
    cloud.ensure()
    yield
    cloud.ensure()
    admin(cloud, "DELETE", "faults")
    for name in (COMPUTE_NAME, KEEP_NAME):
        delete_group(cloud, name, RUN, timeout=10)
