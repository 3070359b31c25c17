"""The rendered bootstrap: from settings and a bundle to a running agent, and a report where that fails."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import threading
import types
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from tests.machines.support import BOOTSTRAP, wait_for
from tfinfra.resources import resource_folder

_AGENT = """
import json, os, sys
with open(os.environ["SAY"] + ".half", "w") as out:
    json.dump({"argv": sys.argv[1:], "pid": os.getpid(), "sid": os.getsid(0), "home": os.environ["HOME"]}, out)
os.rename(os.environ["SAY"] + ".half", os.environ["SAY"])
"""


def _rendered(name: str) -> str:
    loader = jinja2.FileSystemLoader(resource_folder("templates"))
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.get_template(f"{name}.j2").render(plan=types.SimpleNamespace(name="digits"))


@pytest.fixture(scope="module")
def source() -> str:
    return _rendered("bootstrap.py")


class Node:
    """A node's root and the run's store, with a bundle whose agent is `agent`."""

    def __init__(self, folder: Path, source: str, agent: str) -> None:
        self.folder, self.root, self.store = folder, folder / "root", folder / "sto re"
        self.script = folder / "bootstrap.py"
        self.script.write_text(source)
        data = _bundle(agent)
        (self.store / "bundle").mkdir(parents=True)
        (self.store / "bundle" / "b.tar.gz").write_bytes(data)
        self.settings: dict[str, Any] = {
            "store": self.store.as_uri(),
            "shared": None,
            "bundle": "bundle/b.tar.gz",
            "bundle_sha256": hashlib.sha256(data).hexdigest(),
            "identity_client_id": "client",
            "arm_ca": None,
            "timeouts": {"register": 5},
        }

    def boot(self, **environment: str) -> subprocess.CompletedProcess[str]:
        path = self.root / "etc/tfinfra/settings.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.settings))
        variables = {"PATH": os.environ["PATH"], "TFINFRA_ROOT": str(self.root), "SAY": str(self.folder / "said")}
        variables["TFINFRA_METADATA_URL"] = "http://127.0.0.1:9"
        return subprocess.run(
            [sys.executable, str(self.script)],
            env={**variables, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self) -> dict[str, Any]:
        wait_for((self.folder / "said").exists)
        return dict(json.loads((self.folder / "said").read_text()))


def _bundle(agent: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in {"agent/tfinfra/__init__.py": "", "agent/tfinfra/agent/__main__.py": agent}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def node(tmp_path: Path, source: str) -> Node:
    return Node(tmp_path, source, _AGENT)


def test_it_starts_the_bundles_agent_in_a_session_of_its_own(node: Node) -> None:
    assert node.boot().returncode == 0
    said = node.said()
    assert said["argv"] == ["--settings", str(node.root / "etc/tfinfra/settings.json"), "--root", str(node.root)]
    assert said["sid"] not in (said["pid"], os.getsid(0))
    assert said["home"] == "/root"
    assert int((node.root / "run/tfinfra-agent.pid").read_text()) == said["pid"]
    assert list(node.folder.glob("sto re/boot/*")) == []


def test_in_the_foreground_it_stays_until_the_agent_has_ended(node: Node) -> None:
    assert node.boot(TFINFRA_FOREGROUND="1", HOME="/elsewhere").returncode == 0
    assert node.said()["home"] == "/elsewhere"
    assert int((node.root / "run/tfinfra-agent.pid").read_text()) == node.said()["pid"]


KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)"
FULL = "raise OSError(28, 'No space left on device')"


@pytest.mark.parametrize(
    ("agent", "status", "told"),
    [
        (KILLED, 143, "the agent was killed by SIGTERM"),
        (FULL, 1, "the agent ended with exit status 1: OSError: [Errno 28] No space left on device"),
    ],
    ids=["killed", "on a full disk"],
)
def test_in_the_foreground_too_an_agent_that_ends_is_reported(
    tmp_path: Path, source: str, agent: str, status: int, told: str
) -> None:
    node = Node(tmp_path, source, agent)
    node.settings["timeouts"] = {"register": 0}
    done = node.boot(TFINFRA_FOREGROUND="1")
    assert done.returncode == status
    assert f"tfinfra: this node cannot take part: {told}" in done.stderr


def test_a_store_of_files_may_be_away_for_a_moment(node: Node) -> None:
    folder = node.folder / "sto re"
    folder.rename(node.folder / "away")
    threading.Timer(1.0, lambda: (node.folder / "away").rename(folder)).start()
    assert node.boot().returncode == 0
    assert node.said()["home"] == "/root"


def test_a_bundle_with_another_digest_is_not_unpacked(node: Node) -> None:
    node.settings |= {"bundle_sha256": "0" * 64, "timeouts": {"register": 1}}
    done = node.boot()
    assert done.returncode == 1
    assert "the bundle's SHA-256 is" in done.stderr
    assert not (node.root / "opt/tfinfra/run").exists()


class _Answer(io.BytesIO):
    """What urlopen gives: a stream that is its own context."""


def _module(node: Node, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TFINFRA_ROOT", str(node.root))
    module = types.ModuleType("bootstrap")
    exec(compile(node.script.read_text(), str(node.script), "exec"), module.__dict__)
    monkeypatch.setattr(module.__dict__["time"], "sleep", lambda _s: None)
    return module


def test_a_report_goes_to_the_nodes_place_in_the_store(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    module = _module(node, monkeypatch)
    monkeypatch.setattr(module, "metadata", lambda _path: {"compute": {"vmId": "vm-7"}})
    module.report(node.settings, "no bundle")
    assert json.loads((node.store / "boot" / "vm-7.json").read_text()) == {"error": "no bundle"}


def test_an_agent_that_cannot_start_is_reported_with_its_last_line(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    module, reports = _module(node, monkeypatch), []
    monkeypatch.setattr(module, "report", lambda _settings, message: reports.append(message))
    for path in (module.LOG, module.PID):
        path.parent.mkdir(parents=True)
    module.LOG.write_text("Traceback\nModuleNotFoundError: obstore\n")
    monkeypatch.setattr(module, "keep_the_deadline", lambda _settings: None)
    module.watch(node.settings, subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]))
    assert reports == ["the agent ended with exit status 3: ModuleNotFoundError: obstore"]


class _Enough(Exception):
    """The test has seen enough."""


def test_a_node_without_an_agent_deletes_the_machines_at_the_deadline_until_arm_takes_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, asked, slept = _module(node, monkeypatch), [], []
    now = 1_800_000_000.0

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds
        if len(slept) > 4:
            raise _Enough

    def urlopen(request: urllib.request.Request, timeout: float, context: Any) -> Any:
        asked.append((now, request.get_method(), request.full_url, request.get_header("Authorization")))
        if len(asked) == 1:
            raise urllib.error.URLError("no route")
        return _Answer(b"")

    monkeypatch.setattr(module, "time", types.SimpleNamespace(time=lambda: now, sleep=sleep))
    monkeypatch.setattr(module.urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(module, "metadata", lambda _path: {"access_token": "t"})
    group = "/subscriptions/s/resourceGroups/tfinfra-r-compute"
    arm = {"arm_endpoint": "https://arm", "arm_ca": None, "compute_group_id": group}
    with pytest.raises(_Enough):
        module.keep_the_deadline({**node.settings, **arm, "deadline": "2027-01-15T08:10:00Z"})
    url = f"https://arm{group}?api-version=2021-04-01"
    assert asked == [(1_800_000_600.0, "DELETE", url, "Bearer t"), (1_800_000_630.0, "DELETE", url, "Bearer t")]


BROKEN: dict[str, Exception] = {
    "an answer that breaks off": http.client.IncompleteRead(b"half"),
    "an answer that is none": http.client.BadStatusLine("?"),
    "a token that is not there": KeyError("access_token"),
    "a document of another kind": TypeError("list indices must be integers"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_no_answer_keeps_a_node_from_its_deadline(
    node: Node, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    module, asked, slept = _module(node, monkeypatch), [], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 6:
            raise SystemExit

    def delete(settings: dict[str, Any]) -> None:
        asked.append(settings)
        raise broken

    def metadata(path: str) -> Any:
        raise broken

    monkeypatch.setattr(module, "time", types.SimpleNamespace(time=lambda: 0.0, monotonic=lambda: 0.0, sleep=sleep))
    monkeypatch.setattr(module, "delete_machines", delete)
    monkeypatch.setattr(module, "metadata", metadata)
    with pytest.raises(SystemExit):
        module.watch(
            {**node.settings, "deadline": "1970-01-01T00:00:00Z"},
            subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]),
        )
    assert len(asked) == 3


def test_a_node_that_cannot_boot_keeps_its_deadline_before_it_reports(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, done = _module(node, monkeypatch), list[str]()
    path = node.root / "etc/tfinfra/settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**node.settings, "bundle_sha256": "0"}))
    monkeypatch.delenv("TFINFRA_FOREGROUND", raising=False)

    def fork() -> int:
        done.append("fork")
        return 1

    monkeypatch.setattr(module.os, "fork", fork)
    monkeypatch.setattr(module, "report", lambda *_: done.append("report"))
    with pytest.raises(ValueError, match="SHA-256"):
        module.main()
    assert done == ["fork", "report"]


def test_blobs_are_read_with_the_managed_identity_once_its_role_is_seen(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, asked = _module(node, monkeypatch), []

    def urlopen(request: urllib.request.Request, timeout: float, context: ssl.SSLContext) -> Any:
        asked.append((request, timeout, context))
        if len(asked) < 3:
            raise urllib.error.HTTPError(request.full_url, 403, "no role yet", Message(), None)
        return _Answer(b"bundle")

    monkeypatch.setattr(module.urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(module, "metadata", lambda path: {"access_token": path})
    settings = {**node.settings, "store": "https://acct.blob.core.windows.net/run"}
    assert module.open_object(settings, "bundle/b.tar.gz").read() == b"bundle"
    request = asked[-1][0]
    assert request.full_url == "https://acct.blob.core.windows.net/run/bundle/b.tar.gz"
    headers = {k.lower(): v for k, v in request.header_items()}
    assert headers["x-ms-version"] >= "2017-11-09"  # the first that takes a bearer token
    assert "resource=https%3A%2F%2Fstorage.azure.com%2F&client_id=client" in headers["authorization"]


@pytest.mark.parametrize(("asked", "slept"), [("7", 7), ("", 0.5), ("soon", 0.5), ("9999", 60)])
def test_it_waits_as_long_as_a_throttling_answer_asks(
    node: Node, monkeypatch: pytest.MonkeyPatch, asked: str, slept: float
) -> None:
    module = _module(node, monkeypatch)
    pauses: list[float] = []
    monkeypatch.setattr(module.__dict__["time"], "sleep", pauses.append)
    headers = Message()
    headers["Retry-After"] = asked
    answers = iter([urllib.error.HTTPError("https://x", 503, "busy", headers, None)])

    def attempt() -> str:
        if fault := next(answers, None):
            raise fault
        return "served"

    assert module.patiently(attempt, 30) == "served"
    assert pauses == [slept]


@pytest.mark.parametrize("code", [400, 401])
def test_what_will_not_pass_is_not_tried_again(node: Node, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    module, asked = _module(node, monkeypatch), []

    def attempt() -> None:
        asked.append(1)
        raise urllib.error.HTTPError("https://x", code, "no", Message(), None)

    with pytest.raises(urllib.error.HTTPError):
        module.patiently(attempt, 30)
    assert len(asked) == 1


TOKEN = "http://169.254.169.254/metadata/identity/oauth2/token?resource=x"
ATTACHING: dict[str, tuple[str, float, bool]] = {
    "an identity that was just attached is waited for": (TOKEN, 119.0, True),
    "one that is never there is not": (TOKEN, 121.0, False),
    "400 of anybody else will not pass": ("https://acct.blob.core.windows.net/run", 0.5, False),
}


@pytest.mark.parametrize("case", ATTACHING)
def test_400_passes_for_a_token_alone(node: Node, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    url, waited, passes = ATTACHING[case]
    body = b'{"error":"invalid_request","error_description":"Identity not found"}'
    fault = urllib.error.HTTPError(url, 400, "Bad Request", Message(), io.BytesIO(body))
    assert _module(node, monkeypatch).may_pass(fault, waited) is passes


def test_a_boot_has_one_agent_and_the_next_boot_its_own(node: Node) -> None:
    assert node.boot().returncode == 0
    node.said()
    (node.folder / "said").unlink()
    again = node.boot()
    assert (again.returncode, again.stdout) == (0, "this boot has its agent already\n")
    shutil.rmtree(node.root / "run")  # as every boot begins
    assert node.boot().returncode == 0
    assert node.said()["argv"]


def test_an_azure_files_share_is_mounted_by_nfs(node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = _module(node, monkeypatch)
    lines: list[list[str]] = []
    monkeypatch.setattr(module, "command", lines.append)
    monkeypatch.setattr(module, "SHARED", tmp_path / "shared")
    monkeypatch.setattr(module.shutil, "which", lambda _tool: "/sbin/mount.nfs4")
    module.mount_shared({**node.settings, "shared": "https://acct.file.core.windows.net/shared"})
    assert lines[0][:3] == ["mount", "-t", "nfs4"]
    assert lines[0][-2:] == ["acct.file.core.windows.net:/acct/shared", str(tmp_path / "shared")]


@pytest.mark.parametrize("shared", [None, "file:///somewhere"])
def test_other_shared_directories_are_there_already(
    node: Node, monkeypatch: pytest.MonkeyPatch, shared: str | None
) -> None:
    module = _module(node, monkeypatch)
    monkeypatch.setattr(module, "command", lambda _line: pytest.fail("nothing is to be mounted"))
    module.mount_shared({**node.settings, "shared": shared})


def test_the_cloud_config_carries_the_bootstrap_unchanged_and_runs_it(source: str) -> None:
    text = _rendered("cloud-init.yaml")
    assert text.startswith("#cloud-config\n")
    config = yaml.safe_load(text)
    file = config["write_files"][0]
    assert (file["path"], file["permissions"]) == (BOOTSTRAP, "0755")
    assert file["content"].startswith("#!/usr/bin/env python3\n")
    assert file["content"].rstrip() == source.rstrip()
    assert config.keys() == {"locale", "write_files"}


@pytest.mark.skipif(shutil.which("cloud-init") is None, reason="cloud-init, which knows the schema, is not installed")
def test_cloud_init_finds_no_fault_with_its_config(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(_rendered("cloud-init.yaml"))
    done = subprocess.run(
        ["cloud-init", "schema", "-c", str(tmp_path / "config.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "deprecat" not in done.stdout + done.stderr


def test_the_bootstrap_can_be_read_in_one_sitting(source: str) -> None:
    assert len(source.splitlines()) < 290
