"""The daemon as a process: one per folder, found again after kill -9, gone when it is not needed."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tfinfra import __version__
from tfinfra.clouds import local_cloud
from tfinfra.errors import ProvisioningError
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, Layout
from tfinfra.localcloud.daemon import daemon_client
from tfinfra.localcloud.daemon.daemon_client import Endpoint, call, ensure_daemon, running_daemon

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g?api-version=2024-03-01"


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    made = Layout(tmp_path / "cloud")
    yield made
    end(made)


def pid_of(layout: Layout) -> int:
    return int(read_json(layout.endpoint)["pid"])


def end(layout: Layout) -> None:
    if layout.endpoint.exists() and psutil.pid_exists(pid_of(layout)):
        process = psutil.Process(pid_of(layout))
        process.terminate()
        psutil.wait_procs([process], timeout=10)


def arm(endpoint: Endpoint, method: str, path: str, body: object = None) -> tuple[int, object]:
    """One request of ARM by the owner."""
    context = ssl.create_default_context(cafile=endpoint.layout.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", endpoint.port, timeout=10, context=context)
    headers = {"Authorization": f"Bearer {endpoint.layout.token.read_text()}"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    raw = response.read()
    connection.close()
    return response.status, json.loads(raw) if raw else None


def within(seconds: float, true: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_a_killed_server_comes_back_by_itself_and_has_lost_nothing(layout: Layout, tmp_path: Path) -> None:
    first = ensure_daemon(layout)
    assert [path.stat().st_mode & 0o777 for path in (layout.token, layout.signing_key)] == [0o600, 0o600]
    assert arm(first, "PUT", GROUP, {"location": "eastus"})[0] == 201
    before = pid_of(layout)
    os.kill(before, signal.SIGKILL)
    assert within(20, lambda: pid_of(layout) != before and running_daemon(layout) == first)
    assert arm(first, "GET", GROUP)[0] == 200


def test_it_inherits_nothing_of_its_first_clients_secrets(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_SECRET", "WANDB_API_KEY", "ANYTHING", "PYTHONPATH"):
        monkeypatch.setenv(name, "planted")
    ensure_daemon(layout)
    server = psutil.Process(pid_of(layout))
    parent = server.parent()
    assert parent is not None
    for process in (server, parent):
        assert "planted" not in process.environ().values()
        assert process.environ()["PATH"] == os.environ["PATH"]
        assert process.cwd() == "/"


def test_a_daemon_killed_whole_is_revived_by_the_next_client(layout: Layout, tmp_path: Path) -> None:
    first = ensure_daemon(layout)
    assert arm(first, "PUT", GROUP, {"location": "eastus"})[0] == 201
    server = psutil.Process(pid_of(layout))
    for process in (server.parent(), server):
        assert process is not None
        process.kill()
    assert within(5, lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    second = ensure_daemon(layout)
    assert second == first
    assert arm(second, "GET", GROUP)[0] == 200


def test_many_clients_at_once_start_one_daemon(layout: Layout, tmp_path: Path) -> None:
    found: list[Endpoint] = []
    threads = [threading.Thread(target=lambda: found.append(ensure_daemon(layout))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


@pytest.mark.e2e
def test_it_leaves_with_the_last_group(layout: Layout, tmp_path: Path) -> None:
    endpoint = ensure_daemon(layout)
    pid = pid_of(layout)
    arm(endpoint, "PUT", GROUP, {"location": "eastus"})
    time.sleep(1)
    assert arm(endpoint, "DELETE", GROUP)[0] == 202
    assert within(8, lambda: not psutil.pid_exists(pid))
    assert not layout.arm_socket.exists()


_START_AND_DIE = """
import sys
from pathlib import Path
from tfinfra.localcloud.daemon import daemon_client
from tfinfra.localcloud.common.state_files import own_folder
from tfinfra.localcloud.common.state_folder import Layout
layout = Layout(Path(sys.argv[1]))
own_folder(layout.root)
daemon_client._spawn(layout)
"""


def test_it_does_not_wait_for_a_client_that_died_while_it_started(layout: Layout) -> None:
    subprocess.run([sys.executable, "-c", _START_AND_DIE, str(layout.root)], check=True)
    assert within(20, layout.endpoint.exists)
    pid = pid_of(layout)
    assert within(10, lambda: not psutil.pid_exists(pid))


def test_an_idle_daemon_of_another_version_is_replaced(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_daemon(layout)
    before = pid_of(layout)
    asked: list[str] = []
    original = daemon_client.call

    def call_and_become_its_version(endpoint: Endpoint, method: str, path: str, body: object = None) -> object:
        asked.append(path)
        if path == "quit":
            monkeypatch.setattr(daemon_client, "__version__", __version__)
        return original(endpoint, method, path, body)

    monkeypatch.setattr(daemon_client, "call", call_and_become_its_version)
    monkeypatch.setattr(daemon_client, "__version__", "99.0")
    ensure_daemon(layout)
    assert "quit" in asked
    assert pid_of(layout) != before


def test_a_busy_daemon_of_another_version_is_named(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = ensure_daemon(layout)
    arm(endpoint, "PUT", GROUP, {"location": "eastus"})
    monkeypatch.setattr(daemon_client, "__version__", "99.0")
    with pytest.raises(ProvisioningError, match="still has the groups g"):
        ensure_daemon(layout)


def test_a_state_folder_with_a_long_path_works(tmp_path: Path) -> None:
    deep = Layout(tmp_path / ("x" * 90) / "cloud")
    try:
        endpoint = ensure_daemon(deep)
        assert deep.arm_socket.exists()
        assert call(endpoint, "GET", "health")[1]["groups"] == []
    finally:
        end(deep)


def test_what_was_written_into_a_deleted_group_goes_at_the_next_start(layout: Layout, tmp_path: Path) -> None:
    endpoint = ensure_daemon(layout)
    assert arm(endpoint, "PUT", GROUP, {"location": "eastus"})[0] == 201
    (layout.groups / "late" / "storage").mkdir(parents=True)
    os.kill(pid_of(layout), signal.SIGKILL)
    assert within(10, lambda: [path.name for path in layout.groups.iterdir()] == ["g"])
    assert within(10, lambda: running_daemon(layout) is not None)
    assert within(10, lambda: list(layout.trash.iterdir()) == [])


def remove(layout: Layout) -> None:
    shutil.rmtree(layout.root)


def remove_while_a_machine_writes(layout: Layout) -> None:
    shutil.rmtree(layout.root)
    (layout.groups / "g" / "storage").mkdir(parents=True)


@pytest.mark.parametrize("removed", [remove, remove_while_a_machine_writes])
def test_it_leaves_when_its_folder_was_removed(
    layout: Layout, tmp_path: Path, removed: Callable[[Layout], None]
) -> None:
    endpoint = ensure_daemon(layout)
    assert arm(endpoint, "PUT", GROUP, {"location": "eastus"})[0] == 201
    server = psutil.Process(pid_of(layout))
    guardian = server.parent()
    removed(layout)
    assert guardian is not None
    _, alive = psutil.wait_procs([server, guardian], timeout=10)
    assert not alive


def test_a_client_hears_that_its_cloud_was_removed_and_waits_for_no_other(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(layout.root.parent))
    cloud = local_cloud(machines="fake")
    cloud.ensure()
    shutil.rmtree(layout.root)
    with pytest.raises(ProvisioningError, match="was removed"):
        cloud.ensure()
    assert not layout.root.exists()
    anew = local_cloud(machines="fake")
    assert anew.arm_endpoint != cloud.arm_endpoint
    with pytest.raises(ProvisioningError, match="was removed"):
        cloud.ensure()
