"""Pulumi's state after the groups are gone: a plain `pulumi destroy` by whoever has the state, and tfinfra's own way to
put a user's backend right, whatever was left in it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine import test_engine
from tests.engine.test_engine import _both, _kill_tool
from tests.stacks.recording import RUN, config
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.azure.deletion.groups import list_runs
from tfinfra.cloud import Cloud
from tfinfra.engine.events import UpdateEvent
from tfinfra.engine.pulumi import Engine
from tfinfra.engine.stack_removal import StackLock, drop_stacks, locks
from tfinfra.engine.tool.toolchain import find_cli
from tfinfra.errors import ProvisioningError
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.localcloud.daemon.daemon_client import Endpoint, call
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file

cloud, endpoint, engine = test_engine.cloud, test_engine.endpoint, test_engine.engine  # fixtures
GROUPS = {part: f"tfinfra-{RUN}-{part}" for part in ("keep", "compute")}
STACKS = {part: f"{RUN}-{part}" for part in GROUPS}


def engine_on_a_cloud_that_stays(test: Any) -> Any:
    return pytest.mark.engine(pytest.mark.usefixtures("held")(test))


HOLDER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/somebodys"


@pytest.fixture
def held(endpoint: Endpoint) -> Iterator[None]:
    """A group that keeps the local cloud from leaving when a run's last one is deleted."""
    arm = arm_by_token_file(endpoint.url, endpoint.layout.ca, endpoint.layout.token, pace=0)
    arm.put(HOLDER, "2024-03-01", {"location": "eastus"})
    yield
    arm.delete(HOLDER, "2024-03-01")


def pulumi(made: Engine, part: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The tool itself, as whoever holds the state would call it."""
    workspace = made._ready(part, _config(part)).workspace
    command = [str(find_cli()), "--non-interactive", "--color", "never", *arguments, "--stack", STACKS[part]]
    environment = {**os.environ, **workspace.env_vars}
    return subprocess.run(
        command, cwd=workspace.work_dir, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def _config(part: str) -> dict[str, str]:
    return config(part)


def destroyed(made: Engine, part: str) -> subprocess.CompletedProcess[str]:
    return pulumi(made, part, "destroy", "--yes", "--skip-preview")


DELETED: dict[str, tuple[str, ...]] = {
    "nothing was deleted": (),
    "the nodes, or the timer, deleted the compute group": ("compute",),
    "tfinfra down deleted both": ("compute", "keep"),
    "somebody deleted the keep group alone": ("keep",),
}


@engine_on_a_cloud_that_stays
@pytest.mark.parametrize("parts", DELETED.values(), ids=DELETED.keys())
def test_a_plain_destroy_ends_well_after_any_layer_has_acted(
    parts: tuple[str, ...], engine: Callable[..., Engine], cloud: Cloud
) -> None:
    made = engine()
    _both(made)
    for part in parts:
        delete_group(cloud, GROUPS[part], RUN, timeout=20)
    for part in ("compute", "keep"):
        done = destroyed(made, part)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not made.export(part)["deployment"].get("resources")
    assert list_runs(cloud) == ()


@engine_on_a_cloud_that_stays
def test_without_deleted_with_a_gone_scope_would_break_it(engine: Callable[..., Engine], cloud: Cloud) -> None:
    made = engine()
    _both(made)
    delete_group(cloud, GROUPS["compute"], RUN, timeout=20)
    state = made.export("compute")
    state["deployment"]["resources"] = [
        {k: v for k, v in resource.items() if k != "deletedWith"} for resource in state["deployment"]["resources"]
    ]
    file = made._state / "stripped.json"
    file.write_text(json.dumps(state))
    assert pulumi(made, "compute", "stack", "import", "--file", str(file)).returncode == 0
    done = destroyed(made, "compute")
    assert done.returncode != 0
    assert "AuthorizationFailed" in done.stdout + done.stderr
    assert "RoleAssignment" in done.stdout + done.stderr


# A backend of the user's own


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "backend"
    folder.mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", folder.as_uri())
    yield folder


def stacks_in(backend: Path) -> set[str]:
    return {path.stem for path in backend.glob(".pulumi/stacks/tfinfra/*.json")}


def locks_in(backend: Path) -> list[Path]:
    return list(backend.glob(".pulumi/locks/**/*.json"))


def _stale(made: Engine, backend: Path) -> None:
    """What an update that never came to its end leaves: an operation that is pending for ever."""
    (file,) = backend.glob(f".pulumi/stacks/tfinfra/{STACKS['keep']}.json")
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    resource = {k: v for k, v in latest["resources"][-1].items() if k != "outputs"}
    latest["pending_operations"] = [{"resource": resource, "type": "creating"}]
    file.write_text(json.dumps(state))


def _lost(made: Engine, backend: Path) -> None:
    for file in backend.glob(f".pulumi/stacks/tfinfra/{STACKS['keep']}.json*"):
        file.unlink()


def _half_written(made: Engine, backend: Path) -> None:
    """What a tool that is killed while it writes leaves beside its state, and beside its lock."""
    (file,) = backend.glob(f".pulumi/stacks/tfinfra/{STACKS['keep']}.json.attrs")
    file.write_text("")
    folder = backend / ".pulumi" / "locks" / "organization" / "tfinfra" / STACKS["keep"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "0a1b2c3d-0000-4000-8000-000000000000.json.attrs").write_text('{"user.cache')


def _untouched(made: Engine, backend: Path) -> None:
    """A state that lists resources that are gone: what every deletion by group leaves."""


STATES: dict[str, Callable[[Engine, Path], None]] = {
    "lists what is gone": _untouched,
    "has pending operations": _stale,
    "was deleted": _lost,
    "was being written when the tool was killed": _half_written,
}


@engine_on_a_cloud_that_stays
@pytest.mark.parametrize("spoil", STATES.values(), ids=STATES.keys())
def test_a_state_is_put_right_that(
    spoil: Callable[[Engine, Path], None], backend: Path, engine: Callable[..., Engine], cloud: Cloud
) -> None:
    made = engine()
    made.up("keep", config("keep"))
    made.close()
    spoil(made, backend)
    delete_group(cloud, GROUPS["keep"], RUN, timeout=20)
    assert drop_stacks(STACKS.values(), force=False) == {}
    assert stacks_in(backend) == set()


@engine_on_a_cloud_that_stays
def test_a_lock_of_a_dead_process_is_taken_away(
    backend: Path, engine: Callable[..., Engine], cloud: Cloud, endpoint: Endpoint
) -> None:
    call(endpoint, "POST", "faults", {"kind": "lag", "method": "PUT", "path": "storageAccounts", "seconds": 2})
    made: list[Engine] = []

    def on_event(event: UpdateEvent) -> None:
        if event.name == "blobs":
            _kill_tool(made[0])

    made.append(engine(on_event))
    with pytest.raises(ProvisioningError):
        made[0].up("keep", config("keep"))
    made[0].close()
    assert locks_in(backend)
    delete_group(cloud, GROUPS["keep"], RUN, timeout=20)
    assert drop_stacks(STACKS.values(), force=False) == {}
    assert stacks_in(backend) == set()
    assert locks_in(backend) == []


HOLDERS: dict[str, dict[str, Any]] = {
    "another machine's": {"hostname": "a-laptop", "pid": 1},
    "a living process's": {"hostname": os.uname().nodename, "pid": os.getpid()},
}


@engine_on_a_cloud_that_stays
@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS.keys())
def test_a_lock_that_may_be_alive_is_left_to_its_holder(
    holder: dict[str, Any], backend: Path, engine: Callable[..., Engine], cloud: Cloud
) -> None:
    made = engine()
    made.up("keep", config("keep"))
    made.close()
    folder = backend / ".pulumi" / "locks" / "organization" / "tfinfra" / STACKS["keep"]
    folder.mkdir(parents=True, exist_ok=True)
    content = {"username": "ada", "timestamp": "2126-11-20T10:00:00.123456789+01:00", **holder}
    (folder / "0a1b2c3d-0000-4000-8000-000000000000.json").write_text(json.dumps(content))
    delete_group(cloud, GROUPS["keep"], RUN, timeout=20)
    left = drop_stacks(STACKS.values(), force=False)
    assert set(left) == {STACKS["keep"]}
    assert f"locked by ada@{holder['hostname']} (process {holder['pid']})" in left[STACKS["keep"]]
    assert drop_stacks(STACKS.values(), force=True) == {}
    assert stacks_in(backend) == set()


@pytest.mark.engine
def test_a_backend_that_cannot_be_reached_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "gone" / "away").as_uri())
    left = drop_stacks(STACKS.values(), force=False)
    assert set(left) == set(STACKS.values())
    assert all("no such file or directory" in reason for reason in left.values())


def test_a_lock_is_read_from_what_the_tool_says() -> None:
    said = (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
        "lock file with `pulumi cancel`.\n  s3://b/.pulumi/locks/organization/tfinfra/a/b.json: created by ada@box.lan "
        "(pid 4711) at 2026-11-20T10:00:00+01:00"
    )
    assert locks(said) == [StackLock("ada", "box.lan", 4711, "2026-11-20T10:00:00+01:00")]
    assert locks("error: [409] Conflict: Another update is currently in progress.") == []
