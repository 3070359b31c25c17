"""ARM in this process, without a socket: the daemon's app on a state folder of a test's own."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.arm.deleter_role import group_deleter_id
from tfinfra.localcloud.arm import timer_runs
from tfinfra.localcloud.arm.arm_app import ArmApp
from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.arm.fault_injection import Faults
from tfinfra.localcloud.arm.operations import Operations
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state import State
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, Layout
from tfinfra.localcloud.daemon.admin import Admin, Presence
from tfinfra.localcloud.daemon.seed import first_start
from tfinfra.localcloud.machines import fake_machines

KEY = b"k" * 32
HOST = "127.0.0.1:4433"
SUB = f"/subscriptions/{SUBSCRIPTION}"
KEEP = f"{SUB}/resourceGroups/tfinfra-digits-abc123-keep"
COMPUTE = f"{SUB}/resourceGroups/tfinfra-digits-abc123-compute"
ACCOUNT = f"{KEEP}/providers/Microsoft.Storage/storageAccounts/tfi08b9424e327a73637d968"
IDENTITY = f"{KEEP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/digits-abc123-nodes"
VNET = f"{COMPUTE}/providers/Microsoft.Network/virtualNetworks/digits-abc123-vnet"
SET = f"{COMPUTE}/providers/Microsoft.Compute/virtualMachineScaleSets/digits-abc123-nodes"
GROUP_DELETER = group_deleter_id(SUBSCRIPTION)
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
IMAGE_NAMES = ("publisher", "offer", "sku", "version")
IMAGE = ("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2026052601")
VERSIONS = {
    "microsoft.storage": "2024-01-01",
    "microsoft.managedidentity": "2023-01-31",
    "microsoft.network": "2024-05-01",
    "microsoft.compute": "2024-11-01",
    "microsoft.authorization": "2022-04-01",
    "microsoft.logic": "2019-05-01",
}


@dataclass
class Reply:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


class Arm:
    """`now` is the cloud's clock, which stands still unless a test moves it."""

    def __init__(self, folder: Path) -> None:
        self.layout, self.now = Layout(folder), 1_800_000_000.0
        self.loop = asyncio.new_event_loop()
        self.dropped: list[str] = []
        self.open()

    def open(self) -> None:
        """The daemon as it starts on what is in the folder."""
        self.layout.root.mkdir(exist_ok=True)
        state, machines = State(self.layout), fake_machines.FakeMachines()
        self.context = CloudContext(self.layout, state, lambda _: machines, lambda: self.now, 4433, 8080)
        core = Core(self.context, Operations(self.layout, self.now))
        first_start(core)
        self.core, self.presence, faults = core, Presence(core), Faults()
        admin = Admin(core, faults, self.presence)
        self.app = ArmApp(core, KEY, {HOST}, faults, admin, lambda scope: self.dropped.append(scope["path"]))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def settle(self) -> None:
        self.run(self.core.until_idle())

    def tick(self) -> None:
        async def once() -> None:
            await timer_runs.tick(self.app, self.now)
            await self.core.until_idle()

        self.run(once())

    def token(self, oid: str = tokens.OWNER_OID) -> str:
        return tokens.mint(KEY, oid, self.now, 3600)

    def call(self, method: str, path: str, body: Any = None, *, query: str | None = None, **headers: str) -> Reply:
        """One request, of the owner unless `authorization` says otherwise."""
        given = {"host": HOST, "authorization": f"Bearer {self.token()}", "x-tfinfra-machines": "fake", **headers}
        if query is None:
            query = f"api-version={version_of(path)}"
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.replace(" ", "%20").encode(),
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 4433),
            "scheme": "https",
        }
        reply: Reply = self.run(_exchange(self.app, scope, b"" if body is None else json.dumps(body).encode()))
        return reply

    def get(self, path: str, **more: Any) -> Reply:
        return self.call("GET", path, **more)

    def put(self, path: str, body: Any, **more: Any) -> Reply:
        return self.call("PUT", path, body, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self.call("DELETE", path, **more)

    def make_groups(self, expires: str = "2030-01-01T00:00:00Z") -> None:
        for path in (KEEP, COMPUTE):
            tags = {"tfinfra-run": "digits-abc123", "tfinfra-expires-at": expires}
            assert self.put(path, {"location": "eastus", "tags": tags}).status == 201

    def make_identity(self) -> str:
        """The node identity's principal."""
        made = self.put(IDENTITY, {"location": "eastus"})
        return str(made.body["properties"]["principalId"])

    def make_account(self) -> None:
        body = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
        assert self.put(ACCOUNT, body).status == 202

    def grant(self, scope: str, role: str, principal: str, name: str = "11111111-1111-1111-1111-111111111111") -> Reply:
        definition = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        properties = {"roleDefinitionId": definition, "principalId": principal, "principalType": "ServicePrincipal"}
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
        return self.put(path, {"properties": properties})

    def make_network(self) -> None:
        subnets = [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/24"}}]
        space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}
        assert self.put(VNET, {"location": "eastus", "properties": space}).status == 201

    def make_all(self) -> str:
        """Both groups with everything that a scale set needs; returns the nodes' principal."""
        self.make_groups()
        self.make_account()
        principal = self.make_identity()
        self.make_network()
        return principal


def version_of(path: str) -> str:
    parts = path.lower().split("/providers/")
    return VERSIONS.get(parts[-1].split("/")[0], "2024-03-01") if len(parts) > 1 else "2024-03-01"


def scale_set(mode: str = "Flexible", count: int = 2) -> dict[str, Any]:
    """A body that passes."""
    own: dict[str, Any] = {"orchestrationMode": "Flexible", "platformFaultDomainCount": 1}
    if mode == "Uniform":
        own = {"overprovision": False, "upgradePolicy": {"mode": "Manual"}, "singlePlacementGroup": True}
    ip = {"name": "ip", "properties": {"primary": True, "subnet": {"id": f"{VNET}/subnets/nodes"}}}
    nic = {"name": "nic", "properties": {"primary": True, "ipConfigurations": [ip]}}
    network: dict[str, Any] = {"networkInterfaceConfigurations": [nic]}
    if mode == "Flexible":
        network["networkApiVersion"] = "2020-11-01"
    data = base64.b64encode(b"#cloud-config\n").decode()
    profile = {
        "networkProfile": network,
        "osProfile": {"computerNamePrefix": "digits", "adminUsername": "tfinfra", "customData": data},
        "storageProfile": {"imageReference": dict(zip(IMAGE_NAMES, IMAGE, strict=True))},
    }
    return {
        "location": "eastus",
        "sku": {"name": "Standard_D8s_v5", "tier": "Standard", "capacity": count},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
        "tags": {"tfinfra-run": "digits-abc123"},
        "properties": {**own, "virtualMachineProfile": profile},
    }


async def _exchange(app: Any, scope: dict[str, Any], body: bytes) -> Reply:
    reply = Reply(0, None, {})
    chunks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    raw = b"".join(chunks)
    is_text = reply.headers.get("content-type", "").startswith("text/plain")
    reply.body = raw.decode() if is_text else json.loads(raw) if raw else None
    return reply
