"""A run whose stacks are made by hand: the real engine on a compiled folder, and `tfinfra push` between the two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lifecycle.push.test_deploy_folder import RUN, keep_file, project
from tests.locking import locks
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.cloud import Cloud
from tfinfra.clouds import local_cloud
from tfinfra.compiler.deploy.write import write_deploy
from tfinfra.engine.pulumi import Engine
from tfinfra.engine.tool.toolchain import find_cli
from tfinfra.errors import ManifestError, UsageError
from tfinfra.lifecycle.attach import find_run
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.locking.check import load_lock
from tfinfra.lifecycle.push.push import push
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.lifecycle.run.workshop import Workshop
from tfinfra.lifecycle.wiring import real_ports
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import call, running_daemon
from tfinfra.model import NodeSettings, from_json
from tfinfra.store import keys, open_store, readable
from tfinfra.system.clock import iso_time, right_now

pytestmark = pytest.mark.engine

HERE = CloudOptions(cloud="local")


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    made = local_cloud(machines="fake")
    monkeypatch.setattr(find_run, "ports_at", lambda _scope: real_ports(made, right_now))
    yield made
    made.ensure()
    for part in ("compute", "keep"):
        delete_group(made, f"tfinfra-{RUN}-{part}", RUN, timeout=20)
    endpoint = running_daemon(Layout(tmp_path / "state" / "cloud"))
    if endpoint is not None:
        call(endpoint, "POST", "quit")


def test_a_push_between_the_stacks_gives_the_nodes_all_that_they_need(cloud: Cloud, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "table.csv").write_text("1,2\n")
    deploy = project(code, "inputs: {table: {path: table.csv}}\n")
    until = iso_time(right_now() + 3600)
    engine = Engine(cloud, deploy, RUN, tmp_path / "pulumi")
    try:
        keep_file(deploy, deadline=iso_time(right_now() + 100_000))
        with pytest.raises(UsageError, match=r"later than limits\.max_run_duration allows"):
            push(deploy, RUN, HERE, print)
        keep_file(deploy, deadline=until)
        with pytest.raises(UsageError, match=f"there is no group tfinfra-{RUN}-keep on the local cloud"):
            push(deploy, RUN, HERE, print)
        outputs = engine.up("keep", configured(deploy, "keep"))
        first = push(deploy, RUN, HERE, print)
        assert push(deploy, RUN, HERE, print) == first
        assert engine.up("compute", configured(deploy, "compute")) == {}
        with pytest.raises(UsageError, match="compute is there already"):
            push(deploy, RUN, HERE, print)
    finally:
        engine.close()
    store = open_store(first.store, lambda: ("", 0.0))
    assert first.store == f"{outputs['store']['endpoint'].rstrip('/')}/run"
    assert {first.bundle, keys.DATA, keys.PLAN, keys.RECORD} <= {*store.list("")}
    assert first.inputs == ("table",)
    record = readable(store, keys.RECORD, RunRecord)
    assert record is not None
    assert (record.run, record.detached, record.deadline) == (RUN, True, until)


def configured(deploy: Path, part: str) -> dict[str, Any]:
    """The namespace tfinfra of a stack's file."""
    text = (deploy / f"Pulumi.{RUN}-{part}.yaml").read_text()
    config = yaml.load(text, Loader=yaml.BaseLoader)["config"]
    own = {key: value for key, value in config.items() if key.startswith("tfinfra:")}
    return {key.removeprefix("tfinfra:"): value for key, value in own.items()}


def test_guardrails_that_ask_for_a_lock_let_a_push_pass_that_is_held_against_it(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = find_cli()
    monkeypatch.setattr("tfinfra.engine.pulumi.find_cli", lambda: tool)
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))  # nothing that is made up here goes into the real
    monkeypatch.setattr(Workshop, "environment", lambda *_: None)  # its bytes are not what this is about
    locks.without_index_or_engine(monkeypatch)
    (tmp_path / "code").mkdir()
    manifest = locks.project(tmp_path / "code", locks.MANIFEST.replace("compute_target: gpus", "compute_target: local"))
    lock, deploy = locks.lock(manifest), tmp_path / "code/deploy/digits"
    write_deploy(locks.compiled(manifest).tree, deploy)
    keep_file(deploy, deadline=iso_time(right_now() + 3600))
    rails = tmp_path / "rails.yaml"
    rails.write_text("require: [lock]\n")
    engine = Engine(cloud, deploy, RUN, tmp_path / "pulumi")
    try:
        engine.up("keep", configured(deploy, "keep"))
        with pytest.raises(ManifestError, match="a push without --lock is held against no lock"):
            push(deploy, RUN, HERE, print, guardrails=rails)
        pushed = push(deploy, RUN, HERE, print, guardrails=rails, lock_file=lock)
        assert engine.up("compute", configured(deploy, "compute")) == {}
    finally:
        engine.close()
    settings = from_json(NodeSettings, json.loads(configured(deploy, "compute")["nodeSettings"]))
    held = load_lock(lock).lock
    assert settings.locked is not None and held is not None
    assert (f"sha256:{settings.locked.digest}", pushed.lock) == (held.digest, held.environment.key)
    assert pushed.inputs == ("digits", "labels")
