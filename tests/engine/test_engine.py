"""The real Pulumi engine, the plugin and the local cloud's ARM, with machines that only exist on paper."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.plans import FLEXIBLE, JOINED, SUBNET_ID
from tests.stacks.recording import RUN, config, write
from tfinfra.cloud import Cloud
from tfinfra.clouds import local_cloud
from tfinfra.engine.events import UpdateEvent
from tfinfra.engine.pulumi import Engine
from tfinfra.errors import ProvisioningError
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.daemon_client import Endpoint, call, running_daemon
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file

pytestmark = pytest.mark.engine

SUB = "/subscriptions/00000000-0000-0000-0000-000000000000"
NODES = f"{SUB}/resourceGroups/tfinfra-{RUN}-compute/providers/Microsoft.Compute/virtualMachineScaleSets/{RUN}-nodes"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFINFRA_STATE_DIR", str(state))
        yield local_cloud(machines="fake")
        endpoint = running_daemon(Layout(state / "cloud"))
        if endpoint is not None:
            call(endpoint, "POST", "quit")


@pytest.fixture
def endpoint(cloud: Cloud) -> Iterator[Endpoint]:
    assert cloud.ca_file is not None
    cloud.ensure()  # it leaves when its last group has
    found = running_daemon(Layout(cloud.ca_file.parent))
    assert found is not None
    yield found
    call(found, "DELETE", "faults")
    for part in ("compute", "keep"):
        _delete(found, part)


def _delete(endpoint: Endpoint, part: str) -> None:
    arm = arm_by_token_file(endpoint.url, endpoint.layout.ca, endpoint.layout.token, pace=0)
    arm.delete(f"{SUB}/resourceGroups/tfinfra-{RUN}-{part}", "2024-03-01")


@pytest.fixture
def engine(cloud: Cloud, endpoint: Endpoint, tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def make(on_event: Callable[[UpdateEvent], None] | None = None) -> Engine:
        made.append(Engine(cloud, write(FLEXIBLE, tmp_path / "deploy"), RUN, tmp_path / "state", on_event))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _both(engine: Engine) -> dict[str, Any]:
    """The keep stack's outputs; that of compute has none."""
    keep = engine.up("keep", config("keep"))
    assert engine.up("compute", {**config("compute"), "identityId": keep["identityId"]}) == {}
    return keep


def test_both_stacks_come_up_and_say_where_everything_is(engine: Callable[..., Engine], tmp_path: Path) -> None:
    events: list[UpdateEvent] = []
    made = engine(events.append)
    keep = _both(made)
    assert keep["store"]["container"] == "run"
    assert keep["store"]["endpoint"].startswith("file:///")
    done = [event for event in events if event.kind == "done"]
    assert "azure-native:compute:VirtualMachineScaleSet" in {event.resource_type for event in done}
    assert {event.message for event in done} == {"create"}
    assert not list((tmp_path / "deploy").rglob("Pulumi.*-keep.yaml"))


def test_nodes_join_a_subnet_of_somebody_elses_and_find_the_shared_directory_there(
    cloud: Cloud, endpoint: Endpoint, tmp_path: Path
) -> None:
    arm = arm_by_token_file(endpoint.url, endpoint.layout.ca, endpoint.layout.token, pace=0)
    group, network = SUBNET_ID.partition("/providers/")[0], SUBNET_ID.partition("/subnets/")[0]
    subnets = [{"name": "training", "properties": {"addressPrefix": "10.9.0.0/24"}}]
    space = {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": subnets}
    made = Engine(cloud, write(JOINED, tmp_path / "deploy"), RUN, tmp_path / "state", None)
    try:
        with pytest.raises(ProvisioningError, match="InvalidResourceReference"):
            _both(made)
        arm.put(group, "2024-03-01", {"location": "eastus"})
        arm.put(network, "2024-05-01", {"location": "eastus", "properties": space})
        _both(made)
        nodes = arm.get(NODES, "2024-11-01")
    finally:
        made.close()
        arm.delete(group, "2024-03-01")
    assert nodes is not None
    (nic,) = nodes["properties"]["virtualMachineProfile"]["networkProfile"]["networkInterfaceConfigurations"]
    assert nic["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"] == SUBNET_ID


def test_everything_in_a_stack_dies_with_its_group(engine: Callable[..., Engine]) -> None:
    made = engine()
    _both(made)
    for part in ("keep", "compute"):
        resources = made.export(part)["deployment"]["resources"]
        native = [resource for resource in resources if resource["type"].startswith("azure-native:")]
        ours = [resource for resource in native if not resource["type"].endswith(":ResourceGroup")]
        assert ours
        assert all(resource["deletedWith"].endswith("::group") for resource in ours)


def test_a_second_update_changes_nothing(engine: Callable[..., Engine]) -> None:
    events: list[UpdateEvent] = []
    made = engine(events.append)
    first = made.up("keep", config("keep"))
    events.clear()
    assert made.up("keep", config("keep")) == first
    assert events == []


def test_what_could_not_be_read_after_its_write_is_read_anew_by_the_next_update(
    engine: Callable[..., Engine], endpoint: Endpoint, tmp_path: Path
) -> None:
    made, untold = engine(), tmp_path / "untold"
    program = tmp_path / "deploy" / "__main__.py"
    sentence = "Azure has not told the principal of 'nodes', though it is made: it could not be read."
    program.write_text(
        f"{program.read_text()}\nif Path({str(untold)!r}).exists():\n    raise pulumi.RunError({sentence!r})\n"
    )
    untold.touch()
    with pytest.raises(ProvisioningError, match="the keep stack could not be updated: Azure has not told") as caught:
        made.up("keep", config("keep"))
    assert caught.value.code == "OutputNotRead"
    _retag(endpoint, "keep")
    untold.unlink()
    made.up("keep", config("keep"))
    resources = made.export("keep")["deployment"]["resources"]
    (group,) = [resource for resource in resources if resource["type"].endswith(":ResourceGroup")]
    assert group["outputs"]["tags"]["other"] == "x"


def _retag(endpoint: Endpoint, part: str) -> None:
    """Changes the group behind Pulumi's back: only who reads it anew sees that."""
    arm = arm_by_token_file(endpoint.url, endpoint.layout.ca, endpoint.layout.token, pace=0)
    path = f"{SUB}/resourceGroups/tfinfra-{RUN}-{part}"
    group = arm.get(path, "2024-03-01")
    assert group is not None
    arm.put(path, "2024-03-01", {"location": group["location"], "tags": {**group["tags"], "other": "x"}})


def test_arms_own_code_and_message_are_the_error(engine: Callable[..., Engine], endpoint: Endpoint) -> None:
    refusal = {"status": 409, "code": "StorageAccountAlreadyTaken", "message": "The name is taken."}
    where = {"kind": "status", "method": "PUT", "path": "storageAccounts", "count": 9}
    call(endpoint, "POST", "faults", {**where, **refusal})
    with pytest.raises(ProvisioningError) as caught:
        engine().up("keep", config("keep"))
    assert "StorageAccountAlreadyTaken: The name is taken." in str(caught.value)


FAULTS = {
    "throttled": {"kind": "status", "method": "PUT", "path": "storageAccounts", "status": 429, "count": 2},
    "a lost answer": {"kind": "lost", "method": "PUT", "path": "userAssignedIdentities"},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_what_passes_is_waited_out(fault: dict[str, Any], engine: Callable[..., Engine], endpoint: Endpoint) -> None:
    call(endpoint, "POST", "faults", fault)
    assert engine().up("keep", config("keep"))["identityId"]


def _kill_plugin(engine: Engine) -> None:
    assert engine._plugin is not None
    os.kill(engine._plugin.pid, signal.SIGKILL)


def _kill_tool(engine: Engine) -> None:
    for process in tuple(engine._cli.result()._running):
        process.kill()


def _close(engine: Engine) -> None:
    threading.Thread(target=engine.close).start()


ENDS: dict[str, tuple[Callable[[Engine], None], str]] = {
    "the plugin is killed": (_kill_plugin, "the provider plugin was killed by signal 9"),
    "the tool is killed": (_kill_tool, "Pulumi was ended by signal 9"),
    "another thread closes the engine": (_close, "the update of the keep stack was stopped"),
}


@pytest.mark.parametrize(("end", "message"), ENDS.values(), ids=ENDS.keys())
def test_an_end_in_the_middle_is_named(
    end: Callable[[Engine], None], message: str, engine: Callable[..., Engine], endpoint: Endpoint
) -> None:
    call(endpoint, "POST", "faults", {"kind": "lag", "method": "PUT", "path": "storageAccounts", "seconds": 2})
    made: list[Engine] = []
    once = threading.Event()

    def on_event(event: UpdateEvent) -> None:
        if event.name == "blobs" and not once.is_set():
            once.set()
            end(made[0])

    made.append(engine(on_event))
    with pytest.raises(ProvisioningError, match=message):
        made[0].up("keep", config("keep"))


def test_a_plugin_that_died_between_two_updates_is_replaced(engine: Callable[..., Engine]) -> None:
    made = engine()
    first = made.up("keep", config("keep"))
    _kill_plugin(made)
    while made._plugin and made._plugin.failure() is None:  # a killed process dies when the kernel gets to it
        time.sleep(0.01)
    assert made.up("keep", config("keep")) == first


def test_a_cloud_that_dies_in_the_middle_is_made_to_answer_again(
    engine: Callable[..., Engine], endpoint: Endpoint
) -> None:
    pid = call(endpoint, "GET", "health")[1]["pid"]
    once = threading.Event()

    def on_event(event: UpdateEvent) -> None:
        if event.kind == "done" and not once.is_set():
            once.set()
            os.kill(pid, signal.SIGKILL)

    assert engine(on_event).up("keep", config("keep"))["identityId"]
    assert once.is_set()
