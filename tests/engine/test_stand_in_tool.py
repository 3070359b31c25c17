"""What becomes of a Pulumi tool, or a plugin, that does not do what it should: each is a script here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest
from pulumi.automation import OutputValue
from pulumi.automation._cmd import CommandResult
from pulumi.automation.errors import CommandError, StackAlreadyExistsError

from tests.azure.answering import azure
from tests.stacks.plans import FLEXIBLE
from tests.stacks.recording import write
from tfinfra.engine import pulumi, run_stack, stack_removal
from tfinfra.engine.plugin_process import PluginProcess
from tfinfra.engine.principal import check_principal
from tfinfra.engine.pulumi import Engine
from tfinfra.engine.recording.in_fork import record_apart
from tfinfra.engine.recording.recording import RecordedCaller
from tfinfra.engine.run_stack import RunStack
from tfinfra.engine.stack_removal import StackLock, _may_live, drop_stacks
from tfinfra.engine.tool import pulumi_cli
from tfinfra.engine.tool.pulumi_cli import Cli
from tfinfra.engine.tool.toolchain import VERSION
from tfinfra.errors import CredentialsError, ProvisioningError, TfinfraError


@pytest.fixture(autouse=True)
def interrupts_are_heard() -> Iterator[None]:
    """A shell's background jobs have SIGINT ignored, and so has what they start: no shell script can undo that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def until(there: Path) -> None:
    end = time.monotonic() + 20
    while not there.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


ENDS: dict[str, tuple[str, int]] = {
    "goes when it is asked to": ("trap 'exit 3' INT", 3),
    "does not hear": ("trap '' INT", -signal.SIGKILL),
}


@pytest.mark.parametrize(("hears", "code"), ENDS.values(), ids=ENDS.keys())
def test_a_tool_that_is_stopped_ends_and_no_other_begins(
    hears: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi_cli, "_GRACE", 0.3 if code < 0 else 20.0)
    tool = Cli(script(tmp_path / "pulumi", f"{hears}; touch began; while :; do sleep 0.05; done"), VERSION)
    said: list[Any] = []

    def run() -> None:
        with pytest.raises(CommandError):
            tool.run(["up"], str(tmp_path), {})
        said.append(tool.failed)

    thread = threading.Thread(target=run)
    thread.start()
    until(tmp_path / "began")
    tool.stop()
    thread.join(20)
    assert [one.code for one in said] == [code]
    with pytest.raises(CommandError, match="stopped"):
        tool.run(["up"], str(tmp_path), {})


def test_a_tool_does_not_outlive_who_stops_waiting_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = Cli(script(tmp_path / "pulumi", "echo $$ >new; mv new pid; exec sleep 60"), VERSION)
    real = subprocess.Popen.wait

    def wait(process: subprocess.Popen[str], timeout: float | None = None) -> int:
        if timeout is None:
            until(tmp_path / "pid")
            raise KeyboardInterrupt
        return real(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        tool.run(["up"], str(tmp_path), {})
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_tools_lines_are_passed_on_as_they_come(tmp_path: Path) -> None:
    tool, said = Cli(script(tmp_path / "pulumi", "echo one; echo two; echo three >&2"), VERSION), list[str]()
    ended = tool.run(["up"], str(tmp_path), {}, on_output=said.append)
    assert (said, ended.stdout, ended.stderr, ended.code) == (["one", "two"], "one\ntwo", "three", 0)


TOOLS: dict[str, tuple[str | None, str]] = {
    "is not there": (None, "the Pulumi command line tool is missing: `tfinfra setup` gets it"),
    "does not answer": ("exec sleep 60", "no answer within 0 s"),
    "fails without a word": ("exit 7", "exit status 7"),
    "is locked by nobody that it names": (
        "echo 'error: the stack is currently locked by 1 lock(s)' >&2; exit 255",
        "locked by somebody, who may be at work; `tfinfra down RUN --force` takes the lock away",
    ),
}


@pytest.mark.parametrize(("text", "reason"), TOOLS.values(), ids=TOOLS.keys())
def test_a_stack_remains_where_the_tool(
    text: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = None if text is None else script(tmp_path / "pulumi", text)
    monkeypatch.setattr(stack_removal, "find_cli", lambda: tool)
    monkeypatch.setattr(stack_removal, "PATIENCE", 0.3)
    assert drop_stacks(["run-keep"], force=False) == {"run-keep": reason}


HERE, LONG_AGO = socket.gethostname(), "2001-01-01T00:00:00.123456789Z"
HOLDERS: dict[str, tuple[StackLock, bool]] = {
    "of another machine": (StackLock("ada", "elsewhere", 1, LONG_AGO), True),
    "of a process that began later": (StackLock("ada", HERE, os.getpid(), LONG_AGO), False),
    "of a process that was there before": (StackLock("ada", HERE, os.getpid(), "2099-01-01T00:00:00Z"), True),
    "since nobody knows when": (StackLock("ada", HERE, os.getpid(), "yesterday"), True),
    "of no process": (StackLock("ada", HERE, 2**22 + 1, LONG_AGO), False),
}


@pytest.mark.parametrize(("lock", "lives"), HOLDERS.values(), ids=HOLDERS.keys())
def test_who_holds_a_lock_may_live(lock: StackLock, lives: bool) -> None:
    assert _may_live(lock) is lives


PLUGINS: dict[str, tuple[str, str]] = {
    "last words": ("echo first >&2; echo 'no certificate' >&2; exit 3", "no certificate"),
    "none": ("exit 3", "it ended with status 3"),
    "killed": ("kill -9 $$", "it was killed by signal 9"),
    "something else than its port": ("echo hello; exec sleep 60", "it never printed its port"),
}


@pytest.mark.parametrize(("text", "why"), PLUGINS.values(), ids=PLUGINS.keys())
def test_a_plugin_that_does_not_listen_is_told_by(text: str, why: str, tmp_path: Path) -> None:
    plugin = PluginProcess([str(script(tmp_path / "plugin", text))], tmp_path / "log")
    try:
        if "exec" not in text:
            plugin._process.wait(20)
        with pytest.raises(ProvisioningError, match=f"the provider plugin did not start: {why}"):
            plugin.port()
    finally:
        plugin.close()


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    return write(FLEXIBLE, tmp_path / "deploy")


def test_without_the_tool_there_is_no_engine(deploy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "find_cli", lambda: None)
    with pytest.raises(ProvisioningError, match="command line tool is missing"):
        Engine(azure(), deploy, "r", tmp_path / "state")


NO_STACKS: dict[str, tuple[str, str]] = {
    "the tool's last line": ("echo 'error: a first' >&2; echo 'error: no passphrase' >&2; exit 255", "no passphrase"),
    "its signal": ("kill -9 $$", "Pulumi was ended by signal 9"),
    "its status": ("exit 9", "Pulumi ended with status 9"),
}


@pytest.mark.parametrize(("text", "words"), NO_STACKS.values(), ids=NO_STACKS.keys())
def test_a_stack_that_cannot_be_made_is_told_by(
    text: str, words: str, deploy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = script(tmp_path / "pulumi", text)
    monkeypatch.setattr(pulumi, "find_cli", lambda: tool)
    monkeypatch.setattr(Engine, "_warm_up", lambda *_: None)
    engine = Engine(replace(azure(), principal_id=""), deploy, "r", tmp_path / "state")
    with pytest.raises(TfinfraError, match=f"the keep stack could not be updated: .*{words}"):
        engine.up("keep", {})
    engine.close()


def test_a_program_that_ends_its_process_has_given_no_answer(deploy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfinfra.engine.recording.program.warm", lambda _: None)
    (deploy / "__main__.py").write_text("import os\nos._exit(0)\n")
    with pytest.raises(ProvisioningError, match="it ended without an answer"):
        record_apart(deploy, "r", "keep", {}, RecordedCaller("s", "p"))
    (deploy / "__main__.py").write_text("raise SystemExit('no network')\n")
    with pytest.raises(ProvisioningError, match="SystemExit: no network"):
        record_apart(deploy, "r", "keep", {}, RecordedCaller("s", "p"))


class Workspace:
    """A workspace with a stack in it."""

    def create_stack(self, name: str) -> None:
        raise StackAlreadyExistsError(CommandResult("", f"stack '{name}' already exists", 255))

    def stack_outputs(self, name: str) -> dict[str, OutputValue]:
        return {"where": OutputValue(name, secret=True)}


@pytest.mark.parametrize("told", [None, {"where": "[secret]"}], ids=["never told", "hidden"])
def test_outputs_that_the_events_do_not_tell_are_asked_for(
    told: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_stack, "_LATE", 0.01)
    stack = RunStack("run-keep", cast("Any", Workspace()))
    stack.watch(lambda _: told)(cast("Any", SimpleNamespace(cancel_event=None)))
    assert stack.outputs()["where"].value == "run-keep"


FAILS: dict[str, tuple[str, type[Exception], str]] = {
    "without a token is a fault of the sign-in": (
        "DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n\tEnvironmentCredential: none",
        CredentialsError,
        "azure-native provider gets no token: ",
    ),
    "for another reason is told by the engine": ("unknown provider", RuntimeError, "^unknown provider$"),
}


@pytest.mark.parametrize(("said", "kind", "words"), FAILS.values(), ids=FAILS.keys())
def test_a_provider_that_fails(said: str, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError(said)

    provider = SimpleNamespace(authorization=SimpleNamespace(get_client_config=fails))
    monkeypatch.setitem(sys.modules, "pulumi_azure_native", cast("Any", provider))
    with pytest.raises(kind, match=words):
        check_principal("p")
