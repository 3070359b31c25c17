"""What a run of `tfinfra up` is held to, one that is pushed to is held to as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.policy.packs import write_pack
from tests.lifecycle.fake_effects import FakeArm
from tests.lifecycle.fakes import World
from tests.lifecycle.push.test_deploy_folder import AZURE, RUN, keep_file, project
from tfinfra.azure import live_runs
from tfinfra.azure.live_runs import LiveRuns
from tfinfra.compiler import guardrail_files
from tfinfra.errors import ManifestError
from tfinfra.lifecycle.attach import find_run
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.push.push import push
from tfinfra.system.clock import iso_time

HERE = CloudOptions(cloud="local")
KEEP = {
    "store": {"endpoint": "file:///store/", "container": "run"},
    "shared": None,
    "identityId": "/identity",
    "identityClientId": "client",
    "timerIdentityId": None,
}
SUBSCRIPTION = "5f0e8a14-0000-4000-8000-000000000001"
POOL = f"pool: {{location: eastus, vm_size: Standard_D8s_v5, subscription_id: {SUBSCRIPTION}}}\n"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A cloud with the keep group of the run; the manifest's folder is `code`, the user's configuration `user`."""
    for name in ("code", "user", "platform"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "user"))
    monkeypatch.setattr(guardrail_files, "MACHINE_FOLDER", tmp_path / "machine")
    monkeypatch.setattr(FakeArm, "keep_outputs", lambda *_: KEEP)
    monkeypatch.setattr("tfinfra.engine.tool.toolchain.ensure_cli", lambda tell: None)
    monkeypatch.setattr(live_runs, "live_runs", lambda cloud: LiveRuns(("digits-aaaaaa",), ()))
    world = World(tmp_path / "cloud")
    world.groups = {f"tfinfra-{RUN}-keep": {}}
    monkeypatch.setattr(find_run, "ports_at", lambda scope: world.ports())
    return world


def prepared(folder: Path, manifest: str = AZURE, guardrails: str = "") -> Path:
    """The deploy folder of a manifest, with the configuration of its keep stack; guardrails come after the compile."""
    deploy = project(folder / "code", manifest)
    keep_file(deploy, deadline=iso_time(1000 + 3600))
    if guardrails:
        (folder / "platform" / "guardrails.yaml").write_text(guardrails)
    return deploy


REFUSED = {
    "a limit on the manifest": ("allow: {max_run_duration: 1h}", ["TFI447"]),
    "runs that live already": ("allow: {max_live_runs: 1}", ["TFI453"]),
    "a pack that cannot judge": ("policy: [house]", ["TFI461"]),
}


@pytest.mark.parametrize(("guardrails", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_up_would_refuse_is_not_pushed(guardrails: str, expected: list[str], world: World, tmp_path: Path) -> None:
    write_pack(tmp_path / "platform" / "house", project="runtime: nodejs")
    deploy = prepared(tmp_path, guardrails=guardrails)
    with pytest.raises(ManifestError) as caught:
        push(deploy, RUN, HERE, print, guardrails=tmp_path / "platform" / "guardrails.yaml")
    assert [found.code for found in caught.value.diagnostics if found.is_error] == expected
    assert world.store.list("") == []


def test_what_was_counted_and_what_is_odd_about_the_guardrails_is_told(world: World, tmp_path: Path) -> None:
    said: list[str] = []
    deploy = prepared(tmp_path)
    inside = tmp_path / "code" / "guardrails.yaml"
    inside.write_text("allow: {max_live_runs: 2}\n")
    pushed = push(deploy, RUN, HERE, said.append, guardrails=inside)
    assert pushed.bundle in world.store.list("")
    assert any("2 runs with this one" in line for line in said)
    assert any(line.startswith("warning: ") and "lie in the manifest's repository" in line for line in said)


def test_the_cpu_build_is_said_where_the_nodes_have_no_gpu(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfinfra.compiler.load.machine_gpus", lambda: 0)
    said: list[str] = []
    push(prepared(tmp_path, f"{AZURE.replace('D8s_v5', 'NC4as_T4_v3')}use_gpu: true\n"), RUN, HERE, said.append)
    assert world.locked.gpu is False
    assert any("take TensorFlow's CPU build" in line for line in said)


def test_a_target_of_the_teams_own_is_named_where_no_other_is_allowed(world: World, tmp_path: Path) -> None:
    """The deploy folder's manifest has every target written out."""
    (tmp_path / "user" / "compute_targets.yaml").write_text(POOL)
    deploy = prepared(tmp_path, "compute_target: pool\n")
    (tmp_path / "user" / "guardrails.yaml").write_text("allow: {inline: false}\n")
    with pytest.raises(ManifestError) as caught:
        push(deploy, RUN, HERE, print)
    (found,) = [each for each in caught.value.diagnostics if each.is_error]
    assert (found.code, "--target NAME" in str(found.hint)) == ("TFI451", True)
    assert push(deploy, RUN, CloudOptions(target="pool"), print).run == RUN
