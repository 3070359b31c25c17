"""Real agents on this machine for the tests: one process each, with a root, an identity and an address of its own."""

from __future__ import annotations

import base64
import http.server
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

from tests.backends.specs import inventory
from tests.store.azurite import HOUR, Azurite, token
from tfinfra.agent.assignment import Assignment, TaskFolders
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.node_records import read
from tfinfra.model import (
    Locked,
    Logged,
    NodeEvidence,
    NodeSettings,
    Outcome,
    Plan,
    Point,
    TaskStatus,
    Timeouts,
    to_json,
)
from tfinfra.sealing import digest_of
from tfinfra.store import ObjectStore, PatientStore, keys, log_chunk, logged_in, open_store
from tfinfra.system.clock import SystemClock
from tfinfra.system.file_digest import sha256_of

T = TypeVar("T")
REPOSITORY = Path(__file__).resolve().parents[2]
NOTHING_ODD: dict[str, Any] = {"warnings": [], "skipped": [], "failed": {}, "unnamed": 0}
"""What collected.json says beside the files, where all went well."""
TIMEOUTS = Timeouts(register=10, start=10, heartbeat=3, collect=10)


def assignment_of(plan: Plan, node: int = 0, **inherited: str) -> Assignment:
    """Without any file of its own."""
    folders = TaskFolders(Path("/shared"), Path("/root"), Path("/n/tmp"), Path("/env"))
    return Assignment(
        "digits-abc123", plan, inventory(plan.node_count), node, NodePaths(Path("/n")), folders, inherited
    )


def plain(store: ObjectStore, key: str) -> dict[str, Any]:
    """The JSON object at `key`, {} where there is none."""
    return dict(json.loads(store.get(key) or b"{}"))


class _MetadataHandler(http.server.BaseHTTPRequestHandler):
    documents: dict[str, dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]

    def do_GET(self) -> None:
        """/<node>/metadata/…: the document of that node, its token for Blob, its scheduled events."""
        node, path = self.path.split("/")[1], self.path.partition("?")[0]
        if path.endswith("/token"):
            answer: dict[str, Any] = {"access_token": token(), "expires_on": str(int(time.time()) + HOUR)}
        elif path.endswith("/scheduledevents"):
            answer = {"Events": self.events.get(node, [])}
        elif path.endswith("/attested/document"):
            answer = {"encoding": "pkcs7", "signature": base64.b64encode(f"of {node}".encode()).decode()}
        else:
            answer = self.documents[node]
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        del format, args


def _of_no_time(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = 0
    return entry


@dataclass
class Cluster:
    """A run's agents. `folder` holds the store (unless `azurite` does), the shared directory and every node's root;
    `events` are what each node's metadata announces; a `locked` run has its bundle in the store;
    `asked` are the settings by which nodes are asked something."""

    folder: Path
    plan: Plan
    metadata: str
    deadline: float = 3600.0
    timeouts: Timeouts = TIMEOUTS
    environment: str = sys.prefix
    lock: dict[str, Any] | None = None
    own_hostnames: bool = False
    azurite: Azurite | None = None
    key: str | None = None
    locked: Locked | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    agents: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def store(self) -> ObjectStore:
        if self.azurite:
            return PatientStore(self.azurite.open(), SystemClock(), patience=120)
        return open_store((self.folder / "store").as_uri())

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    def start(self, *nodes: int) -> None:
        for node in nodes:
            self.agents[node] = self._agent(node)

    def reboot(self, node: int) -> None:
        """What a reboot is to an agent: all processes of its node are gone at once, and it comes up again."""
        self.agents[node].kill()
        self.agents[node].wait(10)
        self.start(node)

    def outcome(self, seconds: float = 20.0) -> Outcome:
        """The run's outcome, once its outputs are collected."""
        self.wait_for(lambda: self.store.get(keys.COLLECTED), seconds)
        outcome = read(self.store, keys.OUTCOME, Outcome)
        assert outcome is not None
        return outcome

    def task(self, name: str) -> TaskStatus | None:
        return read(self.store, keys.task_key(name), TaskStatus)

    def evidence(self, node: int) -> NodeEvidence:
        found = read(self.store, keys.evidence_key(f"vm-{node}"), NodeEvidence)
        assert found is not None
        return found

    def log(self, name: str) -> str:
        return b"".join(log_chunk(self.store, k) or b"" for k in self.store.list(keys.log_folder(name))).decode()

    def logged(self, task: str) -> list[Logged]:
        """The points and remarks of `task`, or of a node, that are in the store."""
        found, odd = logged_in(
            task, b"".join(self.store.get(k) or b"" for k in self.store.list(keys.metrics_folder(task)))
        )
        assert odd == 0
        return found

    def points(self, task: str) -> list[Point]:
        return [each for each in self.logged(task) if isinstance(each, Point)]

    def collected(self) -> dict[str, Any]:
        return plain(self.store, keys.COLLECTED)

    def wait_for(self, condition: Callable[[], T | None], seconds: float = 20.0) -> T:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if value := condition():
                return value
            if self.agents and all(agent.poll() is not None for agent in self.agents.values()):
                break
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s; the agents said:\n{self.words()}")

    def words(self) -> str:
        return "\n".join(p.read_text() for p in sorted(self.folder.glob("node-*/var/lib/tfinfra/logs/*.log")))

    def stop(self) -> None:
        for agent in self.agents.values():
            agent.terminate()
        for agent in self.agents.values():
            agent.wait(10)

    def _agent(self, node: int) -> subprocess.Popen[bytes]:
        root = self.folder / f"node-{node}"
        settings = self._settings(root)
        command = [sys.executable, "-m", "tfinfra.agent", "--settings", str(settings), "--root", str(root)]
        if self.own_hostnames:
            flags = ["-u"] if os.geteuid() == 0 else ["-U", "-u", "--map-current-user", "--keep-caps"]
            command = ["unshare", *flags, "sh", "-c", f'hostname node-{node}; exec "$@"', "sh", *command]
        path = f"{REPOSITORY}:{os.environ.get('PYTHONPATH', '')}"
        environment = {**os.environ, "PYTHONPATH": path, "TFINFRA_METADATA_URL": f"{self.metadata}/{node}"}
        with (self.folder / f"agent-{node}.txt").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    def _settings(self, root: Path) -> Path:
        bundle = root / "opt/tfinfra/run"
        if not bundle.exists():
            bundle.mkdir(parents=True)
            (bundle / "source").symlink_to(self.folder / "source")
        (bundle / "plan.json").write_text(json.dumps(to_json(self.plan)))
        prebuilt = None if self.lock and not self.locked else self.environment
        environment = {"lock": self.lock or {}, "prebuilt": prebuilt}
        (bundle / "environment.json").write_text(json.dumps(environment))
        deadline = datetime.now(timezone.utc) + timedelta(seconds=self.deadline)
        settings = NodeSettings(
            run="digits-abc123",
            store=self.azurite.url if self.azurite else (self.folder / "store").as_uri(),
            shared=self.shared.as_uri(),
            bundle="bundle/x.tar.gz",
            bundle_sha256=self._packed(bundle) if self.locked else "",
            identity_client_id="client",
            arm_endpoint="https://127.0.0.1:1",
            arm_ca=self.azurite.ca if self.azurite else None,
            compute_group_id="/subscriptions/s/resourceGroups/g",
            deadline=deadline.strftime("%Y-%m-%dT%H:%M:%SZ"),
            timeouts=self.timeouts,
            key_digest=digest_of(self.key) if self.key else None,
            locked=self.locked,
            **self.asked,
        )
        (root / "settings.json").write_text(json.dumps(to_json(settings)))
        return root / "settings.json"

    def _packed(self, bundle: Path) -> str:
        """Puts what lies in `bundle` into the store as the run's bundle, the same for each node; its SHA-256."""
        archive = self.folder / "bundle.tar"
        with tarfile.open(archive, "w") as tar:
            for path in sorted(bundle.iterdir()):
                tar.add(path, path.name, recursive=False, filter=_of_no_time)
        self.store.put_file("bundle/x.tar.gz", archive)
        return sha256_of(archive)


@contextmanager
def cluster(folder: Path, plan: Plan, script: str, **options: Any) -> Iterator[Cluster]:
    """A Cluster that runs `script` as train.py; its agents end with the block. Start them with Cluster.start."""
    for name in ("store", "shared", "source"):
        (folder / name).mkdir()
    (folder / "source/train.py").write_text(script)
    events: dict[str, list[dict[str, Any]]] = {}
    with _metadata(plan.node_count, events) as url:
        made = Cluster(folder, plan, url, events=events, **options)
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def _metadata(nodes: int, events: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    documents = {str(node): _document(node) for node in range(nodes)}
    handler = type("Handler", (_MetadataHandler,), {"documents": documents, "events": events})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _document(node: int) -> dict[str, Any]:
    address = {"ipAddress": [{"privateIpAddress": f"127.0.0.{10 + node}"}], "subnet": []}
    compute = {"vmId": f"vm-{node}", "name": f"vm_{node}", "vmSize": "Standard_D8s_v5"}
    return {"compute": compute, "network": {"interface": [{"ipv4": address}]}}
