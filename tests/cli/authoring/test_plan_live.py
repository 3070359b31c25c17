"""`tfinfra plan --live` as a user sees it: the real program recorded, the real client, the local cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.azure.arm_calls import send
from tests.azure.test_prerequisites import ROLE
from tests.stacks.plans import THEIR_IDENTITY
from tfinfra.cli.main import main
from tfinfra.clouds import local_cloud
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon

pytestmark = pytest.mark.engine  # it runs the deploy folder's program, without Pulumi's command line tool

MANIFEST = """\
entry_script: train.py
node_count: 2
distributed_backend: ps
worker_count: 2
compute_target:
  cloud: azure
  location: eastus
  vm_size: Standard_D16s_v5
"""


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "train.py").write_text("import tensorflow as tf\ntf.train.ClusterSpec({})\n")
    (tmp_path / "train.yaml").write_text(MANIFEST)
    local_cloud(machines="fake")
    found = Layout(tmp_path / "state" / "cloud")
    yield found
    process = psutil.Process(read_json(found.endpoint)["pid"])
    process.terminate()
    psutil.wait_procs([process], timeout=10)


def test_what_was_asked_is_shown_and_what_is_missing_is_refused(
    layout: Layout, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.yaml").write_text(MANIFEST)
    assert main(["plan", "--live", "--rehearse", "--json", "other.yaml", "train.yaml"]) == 0
    other, one = json.loads(capfd.readouterr().out)["manifests"]
    assert other["live"]["cloud"] == "local"
    live = one["live"]
    assert live["cloud"] == "local"
    assert "needs 32 vCPUs of family DSv5 in eastus" in {c["check"]: c["found"] for c in live["checked"]}["quota"]
    assert {c["check"]: c["found"] for c in live["checked"]}["policy"].startswith("ARM takes the plan's 2")

    endpoint = running_daemon(layout)
    assert endpoint is not None
    call(endpoint, "PUT", "quotas", {"eastus": {"standardDSv5Family": 24}})
    (tmp_path / "train.yaml").write_text(f"{MANIFEST}  identity_id: {THEIR_IDENTITY}\n")
    assert main(["plan", "--live", "--rehearse", "train.yaml"]) == 4
    shown = capfd.readouterr()
    assert "error[TFI601]: needs 32 vCPUs of family DSv5 in eastus, 24 of 24 are free" in shown.err
    assert "--> train.yaml:8:12" in shown.err
    assert "^ would work: Standard_D16s_v5 in eastus2 (1,000,000 vCPUs free" in shown.err
    assert "error[TFI626]: identity_id of the target cannot be read" in shown.err
    assert "--> train.yaml:9:16" in shown.err
    assert not (tmp_path / "deploy").exists()
    assert list(layout.groups.iterdir()) == []


def test_where_a_right_is_missing_its_layers_are_off(
    layout: Layout, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--live", "--rehearse", "train.yaml"]) == 0
    _, asked = capfd.readouterr().out.split("deletion, by what the cloud says\n")
    assert [line.split()[:2] for line in asked.splitlines()] == [["on", "client"], ["on", "nodes"], ["on", "timer"]]
    assert "if the subscription" not in asked

    assert send(local_cloud(machines="fake"), "DELETE", ROLE, "2022-04-01") == 200
    assert main(["plan", "--live", "--rehearse", "train.yaml"]) == 0
    _, asked = capfd.readouterr().out.split("deletion, by what the cloud says\n")
    assert [line.split()[:2] for line in asked.splitlines()] == [["on", "client"], ["OFF", "nodes"], ["OFF", "timer"]]
    assert asked.count("` makes it once for a subscription") == 2
    assert main(["plan", "--live", "--rehearse", "--json", "train.yaml"]) == 0
    assert [layer["on"] for layer in json.loads(capfd.readouterr().out)["layers"]] == [True, False, False]
