"""`cloud: azure` before its first write, by the command as it is typed: the checklist, the question at a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.rehearsed import Rehearsed, rehearsed
from tfinfra.arm.deleter_role import ROLES_API, definition_path, group_deleter_id
from tfinfra.cli.main import main
from tfinfra.cli.runs.consent import QUESTION
from tfinfra.clouds import LOCAL_PACE
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.localcloud.daemon.daemon_client import call
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file

pytestmark = pytest.mark.engine
MANIFEST = f"""\
entry_script: train.py
compute_target:
  cloud: azure
  subscription_id: {SUBSCRIPTION}
  location: eastus
  vm_size: Standard_D2s_v5
limits: {{max_run_duration: 1h, max_cost_usd: 1, keep_outputs: 1h}}
"""
COMMAND = (sys.executable, "-m", "tfinfra.cli.main")


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Rehearsed]:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/train.py").write_text("import tensorflow\n")
    (tmp_path / "project/train.yaml").write_text(MANIFEST)
    with rehearsed(tmp_path / "cloud", tmp_path, {"machines": "fake"}) as made:
        yield made


def environment(azure: Rehearsed, folder: Path) -> dict[str, str]:
    return {**os.environ, **azure.variables, "TFINFRA_STATE_DIR": str(folder / "state")}


def typed(azure: Rehearsed, folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        cwd=folder / "project",
        env={**environment(azure, folder), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


CHECKLIST = ("doctor", "--manifest", "train.yaml", "--json")


def test_the_checklist(azure: Rehearsed, tmp_path: Path) -> None:
    done = typed(azure, tmp_path, *CHECKLIST)
    found = json.loads(done.stdout)
    steps = {step["check"]: step for step in found["steps"]}
    assert (done.returncode, found["cloud"], found["exit_code"]) == (0, "azure", 0), done.stderr
    assert {name for name, step in steps.items() if step["level"] != "ok"} == {"plugin"}
    assert "a person, object " in steps["credential"]["text"]
    assert azure.groups == set()


def test_what_the_checklist_prints_can_be_typed(azure: Rehearsed, tmp_path: Path) -> None:
    """The manifest's target is written in it: nothing that names it by a name of its own would find it."""
    identity = azure.endpoint.layout
    arm = arm_by_token_file(azure.endpoint.url, identity.ca, identity.token, pace=LOCAL_PACE)
    arm.delete(definition_path(SUBSCRIPTION, group_deleter_id(SUBSCRIPTION)), ROLES_API)
    call(azure.endpoint, "PUT", "market", {"permissions": [{"actions": ["*/read", "Microsoft.Storage/*"]}]})
    steps = {step["check"]: step for step in json.loads(typed(azure, tmp_path, *CHECKLIST).stdout)["steps"]}
    call(azure.endpoint, "DELETE", "market")
    setup, role = steps["nodes"]["fix"], steps["permissions"]["fix"].split("`")[1]
    assert (setup.split()[:3], role.split()[:3]) == (["tfinfra", "setup", "azure"], ["tfinfra", "doctor", "--role"])
    printed = typed(azure, tmp_path, *role.split()[1:])
    assert f"/subscriptions/{SUBSCRIPTION}" in json.loads(printed.stdout)["properties"]["assignableScopes"]
    assert typed(azure, tmp_path, *setup.split()[1:]).returncode == 0
    after = {step["check"]: step for step in json.loads(typed(azure, tmp_path, *CHECKLIST).stdout)["steps"]}
    assert {after[name]["level"] for name in ("nodes", "timer", "permissions", "plugin")} == {"ok"}


def test_what_up_refuses_at_once_the_checklist_refuses(
    azure: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token that Pulumi's provider cannot take, and an endpoint that does not say what cloud it is."""
    cases = {
        ("TFINFRA_ARM_TOKEN_FILE", str(azure.endpoint.layout.token)): ("credential", 5),
        ("TFINFRA_ARM_ENDPOINT", f"{azure.endpoint.url}/elsewhere"): ("endpoint", 4),
    }
    monkeypatch.chdir(tmp_path / "project")
    for name, value in azure.variables.items():
        monkeypatch.setenv(name, value)
    for (name, value), (check, code) in cases.items():
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            assert main([*CHECKLIST]) == code
            found = json.loads(capsys.readouterr().out)
            assert [step["check"] for step in found["steps"] if step["exit_code"]] == [check]
            assert main(["plan", "--live", "train.yaml"]) == code
            assert found["steps"][0]["text"] in capsys.readouterr().err


def answered(azure: Rehearsed, folder: Path, key: bytes) -> tuple[int, str]:
    """The status and the output of an `up` at a terminal where somebody types `key` once it asks."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder / "project")
        os.execve(sys.executable, [*COMMAND, "up", "train.yaml"], environment(azure, folder))
    shown, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the terminal goes with its process
            break
        if not more:
            break
        before, shown = shown, shown + more
        if QUESTION.encode() in shown and QUESTION.encode() not in before:
            os.write(terminal, key)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")


@pytest.mark.parametrize("key", [b"n\n", b"\x03"], ids=["no", "Ctrl-C"])
def test_who_declines_at_a_terminal_has_touched_nothing(key: bytes, azure: Rehearsed, tmp_path: Path) -> None:
    status, shown = answered(azure, tmp_path, key)
    assert status == 8, shown
    assert "1 x Standard_D2s_v5 in eastus: 0.17 USD an hour at list price" in shown
    assert shown.index("deadline: everything billed by the hour is deleted") < shown.index(QUESTION)
    assert ("nothing was touched" in shown) is (key == b"n\n")
    assert azure.groups == set()
