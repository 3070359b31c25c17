"""The bootstrap's parts: whom it asks, how long it waits, what it reports, and the deadline that it keeps."""

from __future__ import annotations

import io
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import types
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timezone
from email.message import Message
from pathlib import Path
from typing import Any, NoReturn, get_type_hints

import pytest

from templates import bootstrap
from tests.agent.end.test_cleanup import BROKEN
from tests.bootstrap.node import Node
from tfinfra.model.nodes import NodeSettings, Timeouts


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    node = Node(tmp_path)
    node.stand_in(monkeypatch)
    return node


class _Answer(io.BytesIO):
    """What urlopen gives: a stream that is its own context."""


def test_all_that_it_reads_of_the_settings_is_what_a_run_tells_its_nodes() -> None:
    told, read = get_type_hints(NodeSettings), get_type_hints(bootstrap.Settings)
    assert told.pop("timeouts") is Timeouts and read.pop("timeouts")
    assert read == {name: told.get(name) for name in read}
    assert "register" in {field.name for field in fields(Timeouts)}


def test_a_report_goes_to_the_nodes_place_in_the_store(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "metadata", lambda _path: {"compute": {"vmId": "vm-7"}})
    bootstrap.report(node.settings, "no bundle")
    assert json.loads((node.store / "boot" / "vm-7.json").read_text()) == {"error": "no bundle"}


def test_an_agent_that_cannot_start_is_reported_with_its_last_line(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    reports: list[str] = []
    monkeypatch.setattr(bootstrap, "report", lambda _settings, message: reports.append(message))
    for path in (bootstrap.LOG, bootstrap.PID):
        path.parent.mkdir(parents=True)
    bootstrap.LOG.write_text("Traceback\nModuleNotFoundError: obstore\n")
    monkeypatch.setattr(bootstrap, "keep_the_deadline", lambda _settings: None)
    bootstrap.watch(node.settings, subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]))
    assert reports == ["the agent ended with exit status 3: ModuleNotFoundError: obstore"]


class _Enough(Exception):
    """The test has seen enough."""


def test_a_node_without_an_agent_deletes_the_machines_at_the_deadline_until_arm_takes_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, str, str, str | None]] = []
    slept: list[float] = []
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

    monkeypatch.setattr(bootstrap, "time", types.SimpleNamespace(time=lambda: now, sleep=sleep))
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(bootstrap, "metadata", lambda _path: {"access_token": "t"})
    with pytest.raises(_Enough):
        bootstrap.keep_the_deadline(node.settings)
    url = "https://arm/subscriptions/s/resourceGroups/tfinfra-r-compute?api-version=2021-04-01"
    assert asked == [(1_800_000_600.0, "DELETE", url, "Bearer t"), (1_800_000_630.0, "DELETE", url, "Bearer t")]


DAY, DEADLINE = 86_400.0, 1_800_000_600.0
Said = Callable[[float], str | Exception]
"""What ARM says of the group's tag at a time."""


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


PUT_OFF: dict[str, tuple[float | None, Said, float]] = {
    "by two hours": (DAY, lambda _: at(DEADLINE + 7200), 7200.0),
    "no further than to the latest time": (DAY, lambda _: at(DEADLINE + 9 * DAY), DAY),
    "by what is given again": (DAY, lambda now: at(DEADLINE + (7200 if now < DEADLINE + 60 else 9000)), 9000.0),
    "not by a tag of a run that has no later time": (None, lambda _: at(DEADLINE + 7200), 0.0),
    "not by an earlier tag": (DAY, lambda _: at(DEADLINE - 600), 0.0),
    "by five minutes where ARM does not answer": (DAY, lambda _: urllib.error.URLError("no route"), 300.0),
    "by five minutes where the tag says no time": (DAY, lambda _: "soon", 300.0),
}


@pytest.mark.parametrize(("latest", "said", "later"), PUT_OFF.values(), ids=PUT_OFF)
def test_the_deadline_is_put_off(
    latest: float | None, said: Said, later: float, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, deleted = DEADLINE - 600, list[float]()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def ask_arm(settings: bootstrap.Settings, method: str) -> Any:
        if method == "DELETE":
            deleted.append(now)
            raise SystemExit
        answer = said(now)
        if isinstance(answer, Exception):
            raise answer
        return _Answer(json.dumps({"tags": {"tfinfra-expires-at": answer}}).encode())

    monkeypatch.setattr(bootstrap, "time", types.SimpleNamespace(time=lambda: now, sleep=sleep))
    monkeypatch.setattr(bootstrap, "ask_arm", ask_arm)
    node.settings |= {"latest": None if latest is None else at(DEADLINE + latest)}
    with pytest.raises(SystemExit):
        bootstrap.keep_the_deadline(node.settings)
    assert deleted[0] - DEADLINE == pytest.approx(later, abs=31)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_no_answer_keeps_a_node_from_its_deadline(
    node: Node, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    asked: list[bootstrap.Settings] = []
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 6:
            raise SystemExit

    def delete(settings: bootstrap.Settings) -> None:
        asked.append(settings)
        raise broken

    def metadata(_path: str) -> NoReturn:
        raise broken

    monkeypatch.setattr(bootstrap, "time", types.SimpleNamespace(time=lambda: 0.0, monotonic=lambda: 0.0, sleep=sleep))
    monkeypatch.setattr(bootstrap, "delete_machines", delete)
    monkeypatch.setattr(bootstrap, "metadata", metadata)
    with pytest.raises(SystemExit):
        bootstrap.watch(
            {**node.settings, "deadline": "1970-01-01T00:00:00Z"},
            subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]),
        )
    assert len(asked) == 3


def test_a_node_that_cannot_boot_keeps_its_deadline_before_it_reports(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    node.settings["bundle_sha256"] = "0"
    node.write_settings()
    monkeypatch.delenv("TFINFRA_FOREGROUND", raising=False)

    def fork() -> int:
        done.append("fork")
        return 1

    monkeypatch.setattr(os, "fork", fork)
    monkeypatch.setattr(bootstrap, "report", lambda *_: done.append("report"))
    with pytest.raises(ValueError, match="SHA-256"):
        bootstrap.main()
    assert done == ["fork", "report"]


def test_blobs_are_read_with_the_managed_identity_once_its_role_is_seen(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[urllib.request.Request, float, ssl.SSLContext]] = []

    def urlopen(request: urllib.request.Request, timeout: float, context: ssl.SSLContext) -> Any:
        asked.append((request, timeout, context))
        if len(asked) < 3:
            raise urllib.error.HTTPError(request.full_url, 403, "no role yet", Message(), None)
        return _Answer(b"bundle")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(bootstrap, "metadata", lambda path: {"access_token": path})
    node.settings["store"] = "https://acct.blob.core.windows.net/run"
    assert bootstrap.open_object(node.settings, "bundle/b.tar.gz").read() == b"bundle"
    request = asked[-1][0]
    assert request.full_url == "https://acct.blob.core.windows.net/run/bundle/b.tar.gz"
    headers = {k.lower(): v for k, v in request.header_items()}
    assert headers["x-ms-version"] >= "2017-11-09"  # the first that takes a bearer token
    assert "resource=https%3A%2F%2Fstorage.azure.com%2F&client_id=client" in headers["authorization"]


@pytest.mark.parametrize(("asked", "slept"), [("7", 7), ("", 0.5), ("soon", 0.5), ("9999", 60)])
def test_it_waits_as_long_as_a_throttling_answer_asks(
    node: Node, monkeypatch: pytest.MonkeyPatch, asked: str, slept: float
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    headers = Message()
    headers["Retry-After"] = asked
    answers = iter([urllib.error.HTTPError("https://x", 503, "busy", headers, None)])

    def attempt() -> str:
        if fault := next(answers, None):
            raise fault
        return "served"

    assert bootstrap.patiently(attempt, 30) == "served"
    assert pauses == [slept]


@pytest.mark.parametrize("code", [400, 401])
def test_what_will_not_pass_is_not_tried_again(node: Node, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    asked: list[int] = []

    def attempt() -> None:
        asked.append(1)
        raise urllib.error.HTTPError("https://x", code, "no", Message(), None)

    with pytest.raises(urllib.error.HTTPError):
        bootstrap.patiently(attempt, 30)
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
    assert bootstrap.may_pass(fault, waited) is passes


def test_an_azure_files_share_is_mounted_by_nfs(node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "command", lines.append)
    monkeypatch.setattr(bootstrap, "SHARED", tmp_path / "shared")
    monkeypatch.setattr(shutil, "which", lambda _tool: "/sbin/mount.nfs4")
    bootstrap.mount_shared({**node.settings, "shared": "https://acct.file.core.windows.net/shared"})
    assert lines[0][:3] == ["mount", "-t", "nfs4"]
    assert lines[0][-2:] == ["acct.file.core.windows.net:/acct/shared", str(tmp_path / "shared")]


@pytest.mark.parametrize("shared", [None, "file:///somewhere"])
def test_other_shared_directories_are_there_already(
    node: Node, monkeypatch: pytest.MonkeyPatch, shared: str | None
) -> None:
    monkeypatch.setattr(bootstrap, "command", lambda _line: pytest.fail("nothing is to be mounted"))
    bootstrap.mount_shared({**node.settings, "shared": shared})


@pytest.mark.parametrize("installed", [True, False])
def test_what_mounts_nfs_is_installed_where_the_image_lacks_it(
    node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: bool
) -> None:
    lines: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "command", lines.append)
    monkeypatch.setattr(bootstrap, "SHARED", tmp_path / "shared")
    monkeypatch.setattr(shutil, "which", lambda _tool: "/sbin/mount.nfs4" if installed else None)
    bootstrap.mount_shared({**node.settings, "shared": "https://acct.file.core.windows.net/shared"})
    tools = [line[0] for line in lines]
    assert tools == (["mount"] if installed else ["apt-get", "apt-get", "mount"])


def test_a_command_that_fails_may_be_tried_again_and_says_why(node: Node) -> None:
    tried: list[int] = []

    def attempt() -> None:
        tried.append(1)
        bootstrap.command(["sh", "-c", "echo no route >&2; exit 32"])

    with pytest.raises(ConnectionError, match=r"exit status 32: no route$"):
        bootstrap.patiently(attempt, 0.6)
    assert len(tried) == 2


def test_a_report_to_a_container_is_one_put(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[urllib.request.Request] = []

    def urlopen(request: urllib.request.Request, timeout: float, context: ssl.SSLContext) -> _Answer:
        asked.append(request)
        return _Answer(b"")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(bootstrap, "metadata", lambda _path: {"compute": {"vmId": "vm-7"}, "access_token": "t"})
    bootstrap.report({**node.settings, "store": "https://acct.blob.core.windows.net/run"}, "no bundle")
    (request,) = asked
    assert (request.get_method(), request.data) == ("PUT", b'{"error": "no bundle"}')
    assert request.full_url == "https://acct.blob.core.windows.net/run/boot/vm-7.json"
    assert request.get_header("X-ms-blob-type") == "BlockBlob"


@pytest.mark.parametrize("audience", [None, "https://own"])
def test_tokens_for_arm_are_for_whom_the_settings_name(
    node: Node, monkeypatch: pytest.MonkeyPatch, audience: str | None
) -> None:
    asked: list[str] = []

    def token(_settings: bootstrap.Settings, resource: str) -> str:
        asked.append(resource)
        return "t"

    monkeypatch.setattr(bootstrap, "token", token)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_args, **_options: _Answer(b""))
    bootstrap.delete_machines({**node.settings, "arm_audience": audience})
    assert asked == [audience or "https://arm/"]


def test_a_node_whose_bundle_nobody_pushed_reports_and_ends_the_machines_long_before_the_deadline(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.settings |= {"deadline": "2126-01-15T08:10:00Z", "timeouts": {"register": 0}}
    node.write_settings()
    (node.store / "bundle" / "b.tar.gz").unlink()
    done: list[str] = []
    monkeypatch.setenv("TFINFRA_FOREGROUND", "1")
    monkeypatch.setattr(bootstrap, "report", lambda _settings, said: done.append(said))
    monkeypatch.setattr(bootstrap, "keep_the_deadline", lambda settings: done.append(settings["deadline"]))
    with pytest.raises(bootstrap.NotPushed):
        bootstrap.main()
    said, deadline = done
    assert "nobody has pushed it" in said
    assert datetime.fromisoformat(deadline).timestamp() < time.time() + bootstrap.ATTACHING + 1
