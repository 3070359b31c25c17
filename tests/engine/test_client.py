"""The engine in a process of its own: what it is asked, what it answers, and what is said when it dies."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fakes import World
from tfinfra.engine.client import EngineProcess, _raised
from tfinfra.engine.host import RECORDS, EngineHost, _Answers, _cloud, cloud_fields
from tfinfra.errors import ProvisioningError

REFUSAL: dict[str, Any] = {"status": 409, "code": "OperationNotAllowed", "said": "exceeding approved cores quota"}


class FakeEngine:
    def __init__(self) -> None:
        self.closed = 0

    def up(self, part: str, config: Mapping[str, str]) -> dict[str, Any]:
        if part == "compute":
            raise ProvisioningError("no quota", hint="ask for more", **REFUSAL)
        return {"group": config["group"]}

    def export(self, part: str) -> dict[str, Any]:
        raise RuntimeError("a bug")

    def close(self) -> None:
        self.closed += 1


class FakeHost(EngineHost):
    engine = FakeEngine()

    def _open(self, request: dict[str, Any]) -> Any:
        return self.engine


def answers_to(requests: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    out = io.StringIO()
    FakeHost(_Answers(out)).serve(io.StringIO("".join(json.dumps(r) + "\n" for r in requests)))
    until = time.monotonic() + 5
    while out.getvalue().count("\n") < len(requests) and time.monotonic() < until:
        time.sleep(0.01)
    return {a["id"]: a for a in map(json.loads, out.getvalue().splitlines())}


def test_each_request_is_answered_and_the_end_of_input_closes_the_engine() -> None:
    closed = FakeHost.engine.closed
    answers = answers_to(
        [
            {"id": 0, "verb": "open"},
            {"id": 1, "verb": "up", "part": "keep", "config": {"group": "g"}},
            {"id": 2, "verb": "up", "part": "compute", "config": {}},
            {"id": 3, "verb": "export", "part": "keep"},
        ]
    )
    assert answers[1]["result"] == {"group": "g"}
    told = {"kind": "ProvisioningError", "message": "no quota", "hint": "ask for more", "refusal": REFUSAL}
    assert answers[2]["error"] == told
    assert _raised(told) == ProvisioningError("no quota", hint="ask for more", **REFUSAL)
    assert answers[3]["error"]["message"] == "the engine failed: RuntimeError: a bug"
    assert FakeHost.engine.closed == closed + 1


def test_a_full_disk_under_the_engine_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(part: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/state/x")

    monkeypatch.setattr(FakeHost.engine, "export", full)
    answers = answers_to([{"id": 0, "verb": "open"}, {"id": 1, "verb": "export", "part": "keep"}])
    told = answers[1]["error"]
    assert (told["kind"], told["message"]) == ("ProvisioningError", "cannot write /state/x: the disk is full")


def test_the_engine_gets_what_it_needs_of_the_cloud(tmp_path: Path) -> None:
    cloud = World(tmp_path).cloud()
    there = _cloud(json.loads(json.dumps(cloud_fields(cloud))))
    assert (there.name, there.arm_endpoint, there.provider_command) == (cloud.name, cloud.arm_endpoint, None)


@pytest.mark.engine
def test_an_engine_that_is_killed_is_an_error_that_says_so(tmp_path: Path) -> None:
    engine = EngineProcess()
    os.kill(engine.pid, signal.SIGKILL)
    with pytest.raises(ProvisioningError, match="killed by signal 9"):
        engine.open(World(tmp_path).cloud(), tmp_path, "digits-abc123", tmp_path / "state", lambda text: None)
    engine.close()


IMPORTED = """\
import sys
from tfinfra.engine import {module}
{then}
print(" ".join(sys.modules))
"""


def imported(module: str, then: str = "") -> set[str]:
    """What a new process has imported after it."""
    code = IMPORTED.format(module=module, then=then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_engine_is_started_before_the_compiler_is_imported() -> None:
    late = {"tfinfra.model", "tfinfra.compiler.pipeline", "tfinfra.lifecycle.run.effects", "azure.core", "pulumi"}
    assert not late & imported("client")


@pytest.mark.parametrize("named", [False, True], ids=["this process's variables", "variables of its own"])
def test_the_passphrase_of_the_key_that_signs_stays_with_the_client(
    named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_AUDIT_PASSPHRASE", "a word")
    monkeypatch.setenv("AZURE_CLIENT_ID", "an id")
    with closing(EngineProcess(environ=dict(os.environ) if named else None)) as engine:
        end = time.monotonic() + 10
        while not (told := Path(f"/proc/{engine.pid}/environ").read_bytes()):  # as a program is there for a moment
            assert time.monotonic() < end
    variables = told.split(b"\0")
    assert b"AZURE_CLIENT_ID=an id" in variables
    assert not [one for one in variables if one.startswith(b"TFINFRA_AUDIT_PASSPHRASE")]


@pytest.mark.engine
@pytest.mark.parametrize("options", [[], [RECORDS]], ids=["for an update", "for recordings"])
def test_what_is_imported_before_it_is_asked_for(options: list[str]) -> None:
    found = imported("host", f"host._warm(host.parts_of({options}))")
    assert "pulumi_azure_native.storage.storage_account" in found
    assert ("pulumi_azure_native.network.virtual_network" in found) == bool(options)


def test_an_engine_that_is_open_records_nothing() -> None:
    recording = {"id": 2, "verb": "record", "deploy": "d", "run": "r", "part": "keep", "config": {}, "caller": {}}
    answers = answers_to([{"id": 1, "verb": "open", "cloud": {}, "deploy": "", "run": "r", "state": ""}, recording])
    assert answers[2]["error"]["message"].startswith("the engine is open")
