"""Scale sets and groups over time: booting, listing, dying, deleting, expiring, and doing so after a restart."""

from __future__ import annotations

import json
import threading
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.calls import (
    ACCOUNT,
    BLOB_CONTRIBUTOR,
    BLOB_READER,
    COMPUTE,
    GROUP_DELETER,
    IDENTITY,
    KEEP,
    SET,
    VNET,
    Arm,
    scale_set,
)
from tfinfra.localcloud.arm import eviction
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.machines import fake_machines
from tfinfra.localcloud.machines.interface import ScaleSetSpec
from tfinfra.localcloud.metadata.metadata_app import MetadataApp

CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
MACHINES = f"{COMPUTE}/providers/Microsoft.Compute/virtualMachines"


def folder(arm: Arm) -> Path:
    return arm.context.state.folder(COMPUTE.rpartition("/")[2]) / "machines" / SET.rpartition("/")[2]


def boot(arm: Arm, mode: str = "Flexible", environments: Path | None = None) -> None:
    hints = {"x-tfinfra-environments": str(environments)} if environments else {}
    reply = arm.put(SET, scale_set(mode), **hints)
    assert reply.status == 201
    assert reply.body["properties"]["provisioningState"] == "Creating"
    arm.settle()
    operation = reply.headers["azure-asyncoperation"].removeprefix("https://127.0.0.1:4433").partition("?")[0]
    assert arm.get(operation).body["status"] == "Succeeded"


def listed(arm: Arm, mode: str = "Flexible") -> list[dict[str, Any]]:
    path = MACHINES if mode == "Flexible" else f"{SET}/virtualMachines"
    found: list[dict[str, Any]] = arm.get(path).body["value"]
    return found


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_a_put_boots_and_the_list_shows_what_runs(arm: Arm, mode: str) -> None:
    arm.make_all()
    boot(arm, mode)
    machines = listed(arm, mode)
    assert len(machines) == 2
    assert {s["code"] for s in machines[0]["properties"]["instanceView"]["statuses"]} == {
        "ProvisioningState/succeeded",
        "PowerState/running",
    }
    assert arm.get(machines[0]["id"]).body == machines[0]
    fake_machines.kill(folder(arm), machines[0]["name"], "killed by signal 9")
    assert listed(arm, mode) == machines[1:]
    assert arm.get(machines[0]["id"]).code == "ResourceNotFound"
    view = arm.get(f"{SET}/instanceView").body["statuses"]
    assert [s["message"] for s in view if s["code"] == "InstanceGone"] == ["killed by signal 9"]


def test_the_filter_by_scale_set(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    query = "api-version=2024-11-01&$filter='virtualMachineScaleSet/id' eq '{}'"
    assert len(arm.get(MACHINES, query=query.format(SET)).body["value"]) == 2
    assert arm.get(MACHINES, query=query.format(f"{SET}x")).body["value"] == []


def test_custom_data_reaches_the_machines_and_never_comes_back(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    assert "customData" not in json.dumps(arm.get(SET).body)
    spec = json.loads((folder(arm) / "spec.json").read_text())["spec"]
    assert {i["custom_data"] for i in spec["instances"]} == {"I2Nsb3VkLWNvbmZpZwo="}


def test_the_machines_of_small_images_grow_their_disk_to_what_the_set_has(arm: Arm) -> None:
    arm.make_all()
    assert arm.call("PUT", "/tfinfra/images", {"disk_mb": 64}).status == 200
    body = scale_set("Flexible")
    storage = body["properties"]["virtualMachineProfile"]["storageProfile"]
    storage["osDisk"] = {"createOption": "FromImage", "diskSizeGB": 64}
    assert arm.put(SET, body).status == 201
    arm.settle()
    spec = json.loads((folder(arm) / "spec.json").read_text())["spec"]
    assert spec["disk"] == {"image_mb": 64, "size_mb": 65536}


def lead_to_the_share(arm: Arm) -> None:
    """A private endpoint in the nodes' group, without which no NFS share is reached."""
    link = {"name": "shared", "properties": {"privateLinkServiceId": ACCOUNT, "groupIds": ["file"]}}
    properties = {"subnet": {"id": f"{VNET}/subnets/nodes"}, "privateLinkServiceConnections": [link]}
    path = f"{COMPUTE}/providers/Microsoft.Network/privateEndpoints/shared"
    assert arm.put(path, {"location": "eastus", "properties": properties}).status == 201


def test_machines_mount_what_their_identity_may_use(arm: Arm, tmp_path: Path) -> None:
    principal = arm.make_all()
    arm.grant(ACCOUNT, BLOB_CONTRIBUTOR, principal)
    lead_to_the_share(arm)
    boot(arm, environments=tmp_path / "environments")
    mounts = json.loads((folder(arm) / "spec.json").read_text())["spec"]["mounts"]
    account = arm.context.state.folder("tfinfra-digits-abc123-keep") / "storage" / "tfi08b9424e327a73637d968"
    assert {m["folder"]: m["read_only"] for m in mounts} == {
        str(account / "blob"): False,
        str(account / "file"): False,
        str(tmp_path / "environments"): True,
    }


def test_what_is_granted_on_a_container_reaches_that_alone(arm: Arm, tmp_path: Path) -> None:
    """So a node can read what its run's client asks, and put nothing there."""
    principal = arm.make_all()
    containers = f"{ACCOUNT}/blobServices/default/containers"
    for number, (name, role) in enumerate({"run": BLOB_CONTRIBUTOR, "requests": BLOB_READER, "other": ""}.items()):
        assert arm.put(f"{containers}/{name}", {"properties": {}}).status == 201
        if role:
            arm.grant(f"{containers}/{name}", role, principal, f"{number}" * 8 + "-1111-1111-1111-111111111111")
    boot(arm, environments=tmp_path / "environments")
    mounts = json.loads((folder(arm) / "spec.json").read_text())["spec"]["mounts"]
    blobs = arm.context.state.folder("tfinfra-digits-abc123-keep") / "storage" / "tfi08b9424e327a73637d968" / "blob"
    assert {m["folder"]: m["read_only"] for m in mounts} == {
        str(blobs / "run"): False,
        str(blobs / "run/inputs"): True,
        str(blobs / "requests"): True,
        str(tmp_path / "environments"): True,
    }


def test_environments_are_those_of_whoever_makes_the_machines(arm: Arm, tmp_path: Path) -> None:
    arm.make_all()
    other = {"pid": 1, "environments": "/dev/null/.cache/environments"}
    assert arm.call("POST", "/tfinfra/hello", other).status == 200
    boot(arm)
    assert json.loads((folder(arm) / "spec.json").read_text())["spec"]["mounts"] == []


def test_a_node_names_no_folder_of_the_host(arm: Arm, tmp_path: Path) -> None:
    principal = arm.make_all()
    arm.grant(COMPUTE, CONTRIBUTOR, principal, "22222222-2222-2222-2222-222222222222")
    given = {"authorization": f"Bearer {arm.token(principal)}", "x-tfinfra-environments": "/etc"}
    reply = arm.put(SET, scale_set(), **given)
    made = arm.context.state.get(SET)
    assert reply.status == 403 or (made is not None and "environments" not in made.internal)


def test_no_role_no_blobs(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    mounts = json.loads((folder(arm) / "spec.json").read_text())["spec"]["mounts"]
    assert mounts == []


def test_machines_that_do_not_boot_fail_the_operation(arm: Arm) -> None:
    arm.make_all()
    path = f"{SET.rpartition('/')[0]}/no-boot"
    reply = arm.put(path, scale_set())
    arm.settle()
    operation = arm.get(reply.headers["azure-asyncoperation"].removeprefix("https://127.0.0.1:4433").partition("?")[0])
    assert operation.body["status"] == "Failed"
    assert "do not boot" in operation.body["error"]["message"]
    assert arm.get(path).body["properties"]["provisioningState"] == "Failed"


class SlowToStop(fake_machines.FakeMachines):
    def __init__(self) -> None:
        self.go_on = threading.Event()

    def stop(self, folder: Path) -> None:
        self.go_on.wait(10)
        super().stop(folder)


def test_a_group_goes_with_all_that_is_in_it(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    machines = SlowToStop()
    arm.context.machines = lambda _: machines
    reply = arm.delete(COMPUTE)
    assert reply.status == 202
    assert arm.get(COMPUTE).body["properties"]["provisioningState"] == "Deleting"
    assert arm.put(SET, scale_set()).code == "ResourceGroupBeingDeleted"
    assert arm.delete(COMPUTE).headers["location"] == reply.headers["location"]  # the same operation
    location = reply.headers["location"].removeprefix("https://127.0.0.1:4433").partition("?")[0]
    reply = arm.get(location)
    assert reply.status == 202
    assert "location" not in {name.lower() for name in reply.headers}  # a client that polls keeps to the first one
    machines.go_on.set()
    arm.settle()
    assert arm.get(location).status == 200
    assert arm.get(COMPUTE).status == 404
    assert not folder(arm).exists()
    assert list(arm.layout.trash.iterdir()) == []
    assert arm.get(ACCOUNT).status == 200
    assert arm.delete(COMPUTE).status == 404


def test_what_was_begun_is_finished_by_the_next_daemon(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    arm.core._spawn = lambda work: work.close()  # type: ignore[method-assign]  # killed right after the answer
    arm.delete(COMPUTE)
    arm.open()
    assert arm.get(COMPUTE).body["properties"]["provisioningState"] == "Deleting"

    async def resume() -> None:
        arm.core.resume()

    arm.run(resume())
    arm.settle()
    assert arm.get(COMPUTE).status == 404


def test_a_boot_that_was_cut_short_is_begun_again(arm: Arm) -> None:
    arm.make_all()
    arm.core._spawn = lambda work: work.close()  # type: ignore[method-assign]  # killed right after the answer
    arm.put(SET, scale_set())
    folder(arm).mkdir(parents=True)
    arm.open()

    async def resume() -> None:
        arm.core.resume()

    arm.run(resume())
    arm.settle()
    assert len(listed(arm)) == 2
    assert arm.get(SET).body["properties"]["provisioningState"] == "Succeeded"


def test_a_second_put_boots_nothing_whatever_its_capacity(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    before = listed(arm)
    assert arm.put(SET, scale_set()).status == 200
    arm.settle()
    assert listed(arm) == before
    assert arm.put(SET, scale_set(count=3)).status == 200
    arm.settle()
    assert listed(arm) == before
    assert arm.get(SET).body["sku"]["capacity"] == 3


def test_a_node_may_delete_its_group_and_nothing_else(arm: Arm) -> None:
    principal = arm.make_all()
    bearer = f"Bearer {arm.token(principal)}"
    assert arm.get(COMPUTE, authorization=bearer).code == "AuthorizationFailed"
    arm.grant(COMPUTE, GROUP_DELETER, principal)
    assert arm.get(COMPUTE, authorization=bearer).status == 200
    assert arm.get(KEEP, authorization=bearer).status == 403
    assert arm.delete(IDENTITY, authorization=bearer).status == 403
    assert arm.put(COMPUTE, {"location": "eastus"}, authorization=bearer).status == 403
    assert arm.get("/tfinfra/health", authorization=bearer).status == 403
    reply = arm.delete(COMPUTE, authorization=bearer)
    assert reply.status == 202
    location = reply.headers["location"].removeprefix("https://127.0.0.1:4433").partition("?")[0]
    assert arm.get(location, authorization=bearer).status in (200, 202)


FAULTS: dict[str, tuple[dict[str, Any], int, int]] = {
    "an error before the effect": ({"kind": "status", "status": 429, "retry_after": 3}, 429, 404),
    "a lag": ({"kind": "lag", "seconds": 0.01}, 201, 200),
    "a lost reply after the effect": ({"kind": "lost"}, 0, 200),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_strikes_the_nth_call(arm: Arm, case: str) -> None:
    fault, status, afterwards = FAULTS[case]
    arm.make_groups()
    asked = {**fault, "method": "PUT", "path": "userassignedidentities", "nth": 2}
    assert arm.call("POST", "/tfinfra/faults", asked).status == 201
    other = f"{IDENTITY}2"
    assert arm.put(IDENTITY, {"location": "eastus"}).status == 201
    struck = arm.put(other, {"location": "eastus"})
    assert struck.status == status
    assert struck.headers.get("retry-after") == ("3" if status == 429 else None)
    assert arm.dropped == ([other] if status == 0 else [])
    assert arm.get(other).status == afterwards
    assert arm.call("DELETE", "/tfinfra/faults").status == 200


EVENTS = "api-version=2020-07-01"


def test_a_machine_is_told_of_its_eviction_and_then_gone(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    one, other = json.loads((folder(arm) / "spec.json").read_text())["spec"]["instances"]

    def asks(who: dict[str, Any], method: str = "GET", body: Any = None, **more: Any) -> Any:
        app, arm.app = arm.app, MetadataApp(arm.context, b"k" * 32)  # type: ignore[assignment]
        path = who["metadata_url"].removeprefix("http://127.0.0.1:8080") + "/metadata/scheduledevents"
        reply = arm.call(method, path, body, metadata="true", **{"query": EVENTS, **more})
        arm.app = app
        return reply

    assert asks(one).body == {"DocumentIncarnation": 1, "Events": []}
    added = arm.call("POST", "/tfinfra/events", {"type": "Preempt", "machine": one["name"]})
    assert added.status == 201
    (event,) = asks(one).body["Events"]
    assert (event["EventType"], event["Resources"], event["EventStatus"]) == ("Preempt", [one["name"]], "Scheduled")
    assert parsedate_to_datetime(event["NotBefore"]).timestamp() == arm.now + 30
    assert asks(other).body["Events"] == []
    assert asks(one, query="").status == 400
    assert asks(one, query="api-version=2021-02-01").status == 400  # its versions are others than the endpoint's
    assert asks(one, "POST", {"StartRequests": [{"Event": 1}]}).status == 400
    arm.run(eviction.tick(arm.context, arm.now + 29))
    assert len(arm.get(f"{SET}/virtualMachines").body["value"]) == 2
    assert asks(one, "POST", {"StartRequests": [{"EventId": event["EventId"]}]}).status == 200
    arm.run(eviction.tick(arm.context, arm.now))  # acknowledged: it need not wait
    assert len(arm.get(f"{SET}/virtualMachines").body["value"]) == 1
    assert asks(one).body["Events"] == []


def test_other_events_are_told_and_do_nothing(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    name = json.loads((folder(arm) / "spec.json").read_text())["spec"]["instances"][0]["computer_name"]
    assert arm.call("POST", "/tfinfra/events", {"type": "Freeze", "machine": name, "seconds": 5}).status == 201
    arm.run(eviction.tick(arm.context, arm.now + 6))
    assert len(arm.get(f"{SET}/virtualMachines").body["value"]) == 2
    assert arm.call("POST", "/tfinfra/events", {"type": "Explode", "machine": name}).status == 400
    assert arm.call("POST", "/tfinfra/events", {"type": "Freeze", "machine": "nobody"}).status == 404


@pytest.mark.parametrize(("kind", "announced"), [("Reboot", True), ("Redeploy", True), ("Reboot", False)])
def test_a_machine_reboots_as_its_event_says_or_unannounced(arm: Arm, kind: str, announced: bool) -> None:
    arm.make_all()
    boot(arm)
    one = json.loads((folder(arm) / "spec.json").read_text())["spec"]["instances"][0]
    arm.call("POST", "/tfinfra/events", {"type": kind, "machine": one["name"], "seconds": 1, "told": announced})
    assert len(arm.context.events.document(one["vm_id"])["Events"]) == announced
    arm.run(eviction.tick(arm.context, arm.now))
    assert not (folder(arm) / f"{one['name']}.rebooted").exists()
    arm.run(eviction.tick(arm.context, arm.now + 2))
    assert (folder(arm) / f"{one['name']}.rebooted").exists()
    assert len(listed(arm)) == 2


async def _resumed(arm: Arm) -> None:
    arm.core.resume()
    await arm.core.until_idle()


@pytest.mark.parametrize("deleted", [SET, COMPUTE])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("deletion_first", [True, False])
def test_what_was_to_be_deleted_when_the_daemon_died_ends_deleted_whatever_else_was_begun(
    arm: Arm, deleted: str, marked: bool, deletion_first: bool
) -> None:
    """`marked`: the daemon died after it had marked the target, not only noted the deletion."""
    arm.make_all()
    boot(arm)
    booted = len(listed(arm))
    arm.core._spawn = lambda work: work.close()  # type: ignore[method-assign]  # killed right after the answers
    arm.put(SET, scale_set())
    before = arm.core.get(ids.parse(deleted))
    arm.delete(deleted)
    if not marked:
        arm.context.state.put(before)
    arm.open()
    stopped = Counted(arm)
    known = sorted(arm.core.operations._known.items(), key=lambda item: item[1].verb, reverse=not deletion_first)
    arm.core.operations._known = dict(known)
    arm.run(_resumed(arm))
    assert booted
    assert (stopped.started, stopped.stopped) == (0, 1)
    assert arm.get(deleted).status == 404
    assert not folder(arm).exists()
    assert arm.core.operations.unfinished() == []


def test_a_deletion_whose_operation_was_lost_goes_on(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    arm.core._spawn = lambda work: work.close()  # type: ignore[method-assign]  # killed right after the answer
    arm.delete(COMPUTE)
    for path in arm.layout.operations.glob("*.json"):
        path.write_text("")  # as a power cut leaves it
    arm.open()
    arm.run(_resumed(arm))
    assert arm.get(COMPUTE).status == 404


def test_a_scale_set_that_is_being_deleted_takes_no_put(arm: Arm) -> None:
    arm.make_all()
    boot(arm)
    arm.core._spawn = lambda work: work.close()  # type: ignore[method-assign]  # the deletion takes its time
    assert arm.delete(SET).status == 202
    refused = arm.put(SET, scale_set())
    assert (refused.status, refused.code) == (409, "ResourceBeingDeleted")


class Counted(fake_machines.FakeMachines):
    """How often machines were started and stopped."""

    def __init__(self, arm: Arm) -> None:
        self.started = self.stopped = 0
        arm.context.machines = lambda _: self

    def start(self, spec: ScaleSetSpec) -> None:
        self.started += 1
        super().start(spec)

    def stop(self, folder: Path) -> None:
        self.stopped += 1
        super().stop(folder)
