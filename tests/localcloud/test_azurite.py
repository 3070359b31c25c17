"""Storage accounts that azurite serves: a real daemon, a real azurite, over HTTPS with the cloud's own tokens."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from obstore.exceptions import BaseError

from tests.store.azurite import needs_node
from tfinfra.azure.identity.credential import TokenFileCredential
from tfinfra.errors import NotFeasible
from tfinfra.localcloud.azurite.install_azurite import ensure_azurite
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, Layout
from tfinfra.localcloud.daemon.daemon_client import Endpoint, ensure_daemon
from tfinfra.store import ObjectStore, PatientStore, open_store
from tfinfra.system.clock import SystemClock
from tfinfra.system.paths import cache_folder

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/digits"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/run"
BODY = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}


def ask(endpoint: Endpoint, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """One request of the owner, who hints at azurite."""
    context = ssl.create_default_context(cafile=endpoint.layout.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", endpoint.port, timeout=30, context=context)
    token = endpoint.layout.token.read_text()
    headers = {"Authorization": f"Bearer {token}", "x-tfinfra-blobs": "azurite"}
    version = "2024-03-01" if path == GROUP else "2024-01-01"
    connection.request(method, f"{path}?api-version={version}", None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    raw = answer.read()
    connection.close()
    return answer.status, json.loads(raw) if raw else None


def put(endpoint: Endpoint, path: str, body: object) -> Any:
    """The resource, once ARM has finished with it."""
    status, made = ask(endpoint, "PUT", path, body)
    assert status in (201, 202), made
    return within(120, lambda: finished(endpoint, path))


def finished(endpoint: Endpoint, path: str) -> Any:
    _, made = ask(endpoint, "GET", path)
    state = made["properties"]["provisioningState"]
    assert state != "Failed", made
    return made if state == "Succeeded" else None


def within(seconds: float, true: Callable[[], Any]) -> Any:
    until = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)
    return value


def azurites(layout: Layout) -> list[psutil.Process]:
    return [p for p in psutil.process_iter() if any(str(layout.root) in word for word in words(p)[3:])]


def words(process: psutil.Process) -> list[str]:
    try:
        line = process.cmdline()
    except psutil.Error:
        return []
    return line if line[:1] == ["node"] else []


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    made = Layout(tmp_path / "cloud")
    yield made
    for process in [p for p in psutil.process_iter() if str(made.root) in " ".join(daemon_line(p))]:
        process.terminate()
    within(20, lambda: azurites(made) == [])


def daemon_line(process: psutil.Process) -> list[str]:
    try:
        line = process.cmdline()
    except psutil.Error:
        return []
    return line if "tfinfra.localcloud.daemon" in line else []


def run_store(endpoint: Endpoint, account: Any) -> ObjectStore:
    credential = TokenFileCredential(endpoint.layout.token, endpoint.layout.storage_token)

    def token() -> tuple[str, float]:
        given = credential.get_token("https://storage.azure.com/.default")
        return given.token, float(given.expires_on)

    url = account["properties"]["primaryEndpoints"]["blob"] + "run"
    store = open_store(url, token, ca=endpoint.layout.ca.read_text())
    return PatientStore(store, SystemClock(), patience=120)


@needs_node
def test_an_accounts_blobs_are_served_outlive_a_killed_daemon_and_go_with_its_group(
    layout: Layout, tmp_path: Path
) -> None:
    endpoint = ensure_daemon(layout, ensure_azurite(cache_folder(), print))
    assert ask(endpoint, "PUT", GROUP, {"location": "eastus"})[0] == 201
    account = put(endpoint, ACCOUNT, BODY)
    assert account["properties"]["primaryEndpoints"]["blob"].startswith("https://127.0.0.1:")
    assert account["properties"]["primaryEndpoints"]["file"].startswith("file://")
    put(endpoint, CONTAINER, {"properties": {}})
    store = run_store(endpoint, account)
    store.put("nodes/a.json", b"1")
    (first,) = azurites(layout)

    os.kill(read_json(layout.endpoint)["pid"], signal.SIGKILL)
    psutil.wait_procs([first], timeout=20)
    assert not first.is_running()  # it ended with its daemon; the next one starts it again, at the same port
    assert store.get("nodes/a.json") == b"1"

    (second,) = azurites(layout)
    second.kill()
    assert store.get("nodes/a.json") is not None  # and so where it died by itself

    assert ask(endpoint, "DELETE", CONTAINER)[0] == 202
    within(20, lambda: ask(endpoint, "GET", CONTAINER)[0] == 404)
    assert ask(endpoint, "DELETE", GROUP)[0] == 202
    within(20, lambda: azurites(layout) == [])


@needs_node
def test_arms_token_is_none_for_blob_and_blobs_none_for_arm(layout: Layout, tmp_path: Path) -> None:
    endpoint = ensure_daemon(layout, ensure_azurite(cache_folder(), print))
    ask(endpoint, "PUT", GROUP, {"location": "eastus"})
    account = put(endpoint, ACCOUNT, BODY)
    url = account["properties"]["primaryEndpoints"]["blob"] + "run"
    arm = open_store(url, lambda: (layout.token.read_text(), time.time() + 60), ca=layout.ca.read_text())
    with pytest.raises(BaseError, match="Invalid token audience"):
        arm.get("a")
    layout.token.write_text(layout.storage_token.read_text())
    assert ask(endpoint, "GET", GROUP)[0] == 401
    nobodys = open_store(url, lambda: ("no token", time.time() + 60), ca=layout.ca.read_text())
    with pytest.raises(BaseError):
        nobodys.get("a")


def test_without_node_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFeasible, match="needs Node") as refused:
        ensure_azurite(tmp_path, print)
    assert "--local-store" in str(refused.value.hint)
