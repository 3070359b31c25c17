"""The whole preflight through the azure-mgmt client, against the local cloud's own daemon told to be otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from tests.azure.arm_calls import put, send
from tests.azure.fake_daemon import admin, fake_cloud, layout_of
from tests.azure.preflight.replies import SUB, request
from tests.localcloud.calls import scale_set
from tests.stacks.conftest import Recorded, recorded
from tests.stacks.plans import FLEXIBLE, plan
from tfinfra.arm.deleter_role import group_deleter_id
from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.preflight import registration
from tfinfra.azure.preflight.all_checks import Preflight, preflight
from tfinfra.azure.preflight.ask import THREADS, Asker
from tfinfra.azure.preflight.finding import ArmReply as Told
from tfinfra.catalog.images import HPC_IMAGE
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, Severity
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.machine.needed_role import needed_role
from tfinfra.model import Image, Target

__all__ = ["recorded"]  # the fixture
KEEP, COMPUTE = "/resourceGroups/tfinfra-digits-ab12cd-keep", "/resourceGroups/tfinfra-digits-ab12cd-compute"
ACCOUNT = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
GROUP_DELETER = group_deleter_id(SUBSCRIPTION)
DELETER = f"/providers/Microsoft.Authorization/roleDefinitions/{GROUP_DELETER}"
REQUESTS = (
    request(KEEP, {"location": "eastus", "tags": {"team": "vision"}}, "2024-03-01"),
    request(f"{KEEP}/providers/Microsoft.Storage/storageAccounts/tfidigits", ACCOUNT),
    request(
        f"{KEEP}/providers/Microsoft.Authorization/roleAssignments/{GROUP_DELETER}",
        {"properties": {"roleDefinitionId": SUB + DELETER, "principalId": GROUP_DELETER}},
        "2022-04-01",
    ),
    request(COMPUTE, {"location": "eastus"}, "2024-03-01"),
    request(f"{COMPUTE}/providers/Microsoft.Compute/virtualMachineScaleSets/n", scale_set(), "2024-11-01"),
)
PLAN = plan(replace(FLEXIBLE, image=HPC_IMAGE))
TARGET = Target(name="cpu", cloud="azure", location="eastus", vm_size="Standard_D8s_v5", os_disk_gb=128)
FEW = {"eastus": {"standardDSv5Family": 8}}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from fake_cloud(tmp_path_factory, "preflight")


@pytest.fixture
def cloud(daemon: Cloud) -> Iterator[Cloud]:
    daemon.ensure()
    yield daemon
    admin(daemon, "DELETE", "market")
    admin(daemon, "DELETE", "faults")


def asked(cloud: Cloud, target: Target = TARGET, requests: tuple[ResourceRequest, ...] = REQUESTS) -> Preflight:
    return preflight(cloud, PLAN, target, lambda: requests)


def codes(found: Preflight) -> list[tuple[str, Severity]]:
    return [(f.code, f.severity) for f in found.findings]


def test_all_is_well_and_said_and_nothing_is_written(cloud: Cloud) -> None:
    found = asked(cloud)
    assert found.findings == ()
    assert [line.check for line in found.checked] == [
        *("size", "quota", "image", "providers", "permissions", "names", "locks", "policy"),
    ]
    assert "needs 16 vCPUs of family DSv5 in eastus" in found.checked[1].found
    assert list(layout_of(cloud).groups.iterdir()) == []


def test_who_has_the_role_of_a_caller_may_ask_everything(cloud: Cloud) -> None:
    admin(cloud, "PUT", "market", {"permissions": needed_role(None)["properties"]["permissions"]})
    assert asked(cloud).findings == ()


def test_everything_that_is_wrong_is_said_at_once(cloud: Cloud) -> None:
    image = HPC_IMAGE.name
    admin(cloud, "PUT", "quotas", FEW)
    market = {
        "images": [{"image": image, "changes": {"hyperVGeneration": "V3"}}],
        "policies": [{"name": "t", "path": "tags.team", "type": "Microsoft.Resources/resourceGroups"}],
        "registrations": {"Microsoft.Storage": "NotRegistered"},
        "permissions": [{"actions": ["*"], "notActions": ["Microsoft.Network/virtualNetworks/subnets/join/action"]}],
    }
    admin(cloud, "PUT", "market", market)
    error = Severity.ERROR
    assert sorted(codes(asked(cloud))) == [
        *(("TFI601", error), ("TFI610", error), ("TFI614", error), ("TFI616", error), ("TFI619", error)),
    ]


def test_of_whom_rights_are_missing_to_write_arm_says_nothing_else(cloud: Cloud) -> None:
    places = {"name": "t", "path": "tags.team", "type": "Microsoft.Resources/resourceGroups"}
    reader = {"actions": ["*/read", "*/action"], "notActions": []}
    admin(cloud, "PUT", "market", {"policies": [places], "permissions": [reader]})
    assert codes(asked(cloud)) == [("TFI616", Severity.ERROR)]


def test_the_latest_image_is_the_one_of_the_highest_number(cloud: Cloud) -> None:
    publisher, offer, sku, _ = HPC_IMAGE.name.split(":")
    older, newer = (f"{publisher}:{offer}:{sku}:{number}" for number in ("24.04.9", "24.04.2099010101"))
    first = {"images": [{"image": older, "changes": {"hyperVGeneration": "V1"}}]}
    latest = plan(replace(FLEXIBLE, image=replace(HPC_IMAGE, version="latest")))
    admin(cloud, "PUT", "market", first)
    assert preflight(cloud, latest, TARGET, lambda: REQUESTS).findings == ()
    admin(
        cloud, "PUT", "market", {"images": [*first["images"], {"image": newer, "changes": {"architecture": "Arm64"}}]}
    )
    found = preflight(cloud, latest, TARGET, lambda: REQUESTS)
    assert [f.message for f in found.findings] == [
        f"the image {publisher}:{offer}:{sku}:latest is for Arm64 processors; Standard_D8s_v5 has x64"
    ]


COMPUTE_IDS = f"{SUB}/resourceGroups/images/providers/Microsoft.Compute"
OWN = Image(id=f"{COMPUTE_IDS}/images/tf")
SHARED = Image(id=f"{COMPUTE_IDS}/galleries/g/images/tf/versions/1.0.0")
THERE = {
    "a version of a gallery's": SHARED,
    "a gallery's newest": Image(id=f"{COMPUTE_IDS}/galleries/g/images/tf"),
    "a gallery's newest, said aloud": Image(id=f"{COMPUTE_IDS}/galleries/g/images/tf/versions/latest"),
    "the marketplace's newest": replace(HPC_IMAGE, version="latest"),
}


def with_image(cloud: Cloud, image: Image) -> list[tuple[str, str]]:
    wanted = plan(replace(FLEXIBLE, image=image))
    return [(f.code, f.message) for f in preflight(cloud, wanted, TARGET, lambda: REQUESTS).findings]


@pytest.mark.parametrize("case", THERE)
def test_an_image_that_is_there(cloud: Cloud, case: str) -> None:
    assert with_image(cloud, THERE[case]) == []


def test_an_image_of_the_subscription_is_there_once_it_is_made(cloud: Cloud) -> None:
    assert with_image(cloud, OWN) == [("TFI609", f"the image {OWN.id} is not there")]
    put(cloud, f"{SUB}/resourceGroups/images", "2024-03-01", {"location": "eastus"})
    made = {"location": "eastus", "properties": {"hyperVGeneration": "V2"}}
    put(cloud, str(OWN.id), "2024-11-01", made)
    assert with_image(cloud, OWN) == []
    send(cloud, "DELETE", f"{SUB}/resourceGroups/images", "2024-03-01")


def test_images_of_others_that_are_gone(cloud: Cloud) -> None:
    gone = [{"image": name, "changes": None} for name in (SHARED.id, HPC_IMAGE.name)]
    admin(cloud, "PUT", "market", {"images": gone})
    assert [code for code, _ in with_image(cloud, SHARED)] == ["TFI609"]
    assert [code for code, _ in with_image(cloud, replace(HPC_IMAGE, version="latest"))] == ["TFI609"]


def test_reserved_capacity_is_looked_at(cloud: Cloud) -> None:
    group = f"{COMPUTE_IDS}/capacityReservationGroups/held"
    target = replace(TARGET, capacity_reservation_id=group)
    assert [f.message for f in asked(cloud, target).findings] == ["the capacity reservation group is not there"]
    put(cloud, f"{SUB}/resourceGroups/images", "2024-03-01", {"location": "eastus"})
    put(cloud, group, "2024-11-01", {"location": "eastus"})
    (found,) = asked(cloud, target).findings
    assert (found.code, found.key, found.hint) == ("TFI629", "capacity_reservation_id", "it holds nothing")
    held = {"location": "eastus", "sku": {"name": TARGET.vm_size, "capacity": 2}}
    put(cloud, f"{group}/capacityReservations/d8", "2024-11-01", held)
    assert asked(cloud, target).findings == ()
    send(cloud, "DELETE", f"{SUB}/resourceGroups/images", "2024-03-01")


def test_a_missing_quota_comes_with_what_is_free_elsewhere(cloud: Cloud) -> None:
    few, more = {"standardDSv5Family": 9}, {"standardDSv5Family": 99}
    admin(cloud, "PUT", "quotas", {"standardDSv5Family": 15, "eastus": few, "westus2": more})
    (found,) = asked(cloud).findings
    assert found.message == "needs 16 vCPUs of family DSv5 in eastus, 9 of 9 are free"
    assert found.hint is not None
    assert found.hint.startswith(
        "would work: Standard_D8s_v5 in westus2 (99 vCPUs free, 0.384 USD an hour and node); "
        "Standard_D4s_v5 in eastus (9 vCPUs free, 0.192 USD an hour and node); 7 are missing; "
    )


def test_what_a_policy_forbids_is_no_way_out(cloud: Cloud) -> None:
    admin(cloud, "PUT", "quotas", FEW)
    policies = [{"name": "places", "path": "location", "allowed": ["northeurope"]}]
    admin(cloud, "PUT", "market", {"policies": policies})
    found = {f.code: f for f in asked(cloud, replace(TARGET, other_locations=("westus3",))).findings}
    assert (found["TFI601"].severity, found["TFI619"].hint) == (Severity.ERROR, "it allows northeurope")
    assert found["TFI601"].hint is not None
    assert found["TFI601"].hint.startswith("would work: Standard_D8s_v5 in northeurope (1,000,000 vCPUs free, ")
    assert "westus" not in found["TFI601"].hint


def test_capacity_in_the_targets_next_location_makes_a_warning(cloud: Cloud) -> None:
    admin(cloud, "PUT", "quotas", FEW)
    found = asked(cloud, replace(TARGET, other_locations=("westus3",)))
    assert codes(found) == [("TFI601", Severity.WARNING)]


def test_who_may_not_validate_is_warned(cloud: Cloud) -> None:
    everything_else = {"actions": ["*"], "notActions": ["Microsoft.Resources/deployments/*"]}
    admin(cloud, "PUT", "market", {"permissions": [everything_else]})
    assert codes(asked(cloud)) == [("TFI621", Severity.WARNING)]


def test_who_may_not_read_quotas_is_warned(cloud: Cloud) -> None:
    blind = {"actions": ["*"], "notActions": ["Microsoft.Compute/locations/usages/read"]}
    admin(cloud, "PUT", "market", {"permissions": [blind]})
    found = asked(cloud)
    assert codes(found) == [("TFI622", Severity.WARNING)]
    assert found.findings[0].message.startswith("ARM does not tell you of the quotas in eastus (403): The client ")
    assert found.findings[0].hint == "a role with Microsoft.Compute/locations/usages/read lets tfinfra ask"
    assert {line.check: line.found for line in found.checked}["quota"] == "not known"


def test_who_may_do_nothing_is_told_in_a_line_what_could_not_be_asked(cloud: Cloud) -> None:
    admin(cloud, "PUT", "market", {"permissions": []})
    denied, policies = asked(cloud).findings
    assert (denied.code, denied.severity, policies.code) == ("TFI622", Severity.WARNING, "TFI621")
    assert denied.message.startswith("ARM does not tell you of the quotas in eastus, the sizes in eastus, locks, ")
    assert denied.hint is not None
    assert "Microsoft.Authorization/locks/read" in denied.hint


def test_who_may_not_read_permissions_is_told_nothing_of_them(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 403, "path": "permissions"})
    found = asked(cloud)
    assert codes(found) == [("TFI622", Severity.WARNING)]
    assert {line.check: line.found for line in found.checked}["permissions"] == "not known"


def test_what_a_resource_takes_is_told_by_the_validation_where_permissions_are_not_known(cloud: Cloud) -> None:
    action = "Microsoft.Authorization/roleAssignments/write"
    admin(cloud, "PUT", "market", {"permissions": [{"actions": ["*"], "notActions": [action]}]})
    admin(cloud, "POST", "faults", {"kind": "status", "status": 403, "path": "permissions"})
    found = asked(cloud)
    assert codes(found) == [("TFI622", Severity.WARNING), ("TFI616", Severity.ERROR)]
    assert f"you may not {action}, which a resource of the plan takes" in found.findings[1].message


def test_a_cloud_that_fails_is_no_passed_check(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 500, "path": "usages", "count": 100})
    assert codes(asked(cloud)) == [("TFI623", Severity.ERROR)]


def test_what_all_fails_alike_is_said_once(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 500, "count": 1000})
    (found,) = asked(cloud).findings
    assert (found.code, found.severity) == ("TFI623", Severity.ERROR)
    assert found.message.startswith("ARM does not tell of the quotas in eastus, the sizes in eastus, locks, ")
    assert found.message.endswith(" more: InternalServerError: injected")


def test_a_question_that_arm_does_not_understand_is_no_passed_check(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 404, "path": "Compute/skus"})
    assert codes(asked(cloud)) == [("TFI623", Severity.ERROR)]


def test_a_role_that_nobody_defined(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 404, "path": "roleDefinitions", "count": 1})
    assert codes(asked(cloud)) == [("TFI624", Severity.ERROR)]


def test_a_fault_that_passes_is_not_seen(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 429, "retry_after": 0, "path": "skus"})
    assert asked(cloud).findings == ()


def test_a_token_that_is_not_taken_is_a_fault_of_the_credentials(cloud: Cloud) -> None:
    admin(cloud, "POST", "faults", {"kind": "status", "status": 401, "path": "permissions", "count": 100})
    with pytest.raises(CredentialsError, match="does not accept your token"):
        asked(cloud)


def test_a_lock_of_the_subscription_is_in_the_way(cloud: Cloud) -> None:
    from azure.core.rest import HttpRequest

    from tfinfra.azure.clients import resource_client

    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Authorization/locks/hold"
    url = f"{cloud.arm_endpoint}{path}?api-version=2020-05-01"
    body = {"properties": {"level": "CanNotDelete"}}
    assert resource_client(cloud).send_request(HttpRequest("PUT", url, json=body)).status_code == 201
    try:
        assert codes(asked(cloud)) == [("TFI618", Severity.ERROR)]
    finally:
        assert resource_client(cloud).send_request(HttpRequest("DELETE", url)).status_code == 200


def test_a_fault_of_the_program_that_records_is_raised(cloud: Cloud) -> None:
    def broken() -> tuple[ResourceRequest, ...]:
        raise ValueError("no program")

    with pytest.raises(ValueError, match="no program"):
        preflight(cloud, PLAN, TARGET, broken)


class Counting(Asker):
    """Asks nobody; `asked` are the paths, in order."""

    asked: ClassVar[list[str]] = []

    def _later(self, method: str, path: str, version: str, body: Any = None, **query: str) -> Future[Told]:
        self.asked.append(path)
        done: Future[Told] = Future()
        done.set_result(Told(200, {"value": []}))
        return done


def test_what_is_asked_once_the_plan_is_recorded_goes_at_once(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    """Each turn of the threads is a round trip more."""
    monkeypatch.setattr(Counting, "asked", [])
    requests = tuple(r for part in ("keep", "compute") for r in recorded("two CPU nodes", part)[0].values())
    before: list[int] = []

    def record() -> tuple[ResourceRequest, ...]:
        before.append(len(Counting.asked))
        return requests

    with Counting(cloud) as asker:
        answers = asker.all(PLAN, TARGET, record)
    assert set(answers.providers) == set(registration.namespaces(requests)) == set(registration.USUAL)
    assert 1 < len(Counting.asked) - before[0] <= THREADS
