"""Every body that some 280 manifests (of 300) compile to, against ARM's types, the scale sets' rules and their plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.checkov import failed_checks
from tests.stacks.matrix import OF_OTHERS, Matrix, run_matrix
from tfinfra.arm.template import subscription_template
from tfinfra.localcloud.arm.checks.scale_set import check_scale_set
from tfinfra.localcloud.arm.checks.types import check_body

# A generation that the size does not boot; reservations with InfiniBand, and of series that Azure does not reserve.
_REFUSED = {"TFI670", "TFI672", "TFI674"}


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return run_matrix(tmp_path_factory.mktemp("matrix"))


def test_at_least_200_manifests_are_accepted_and_the_others_are_refused_for_what_is_wrong(matrix: Matrix) -> None:
    assert matrix.accepted >= 200
    assert matrix.refused > 0
    assert matrix.codes == _REFUSED


def test_every_body_is_one_that_arm_takes(matrix: Matrix) -> None:
    bodies = [r for made in (*matrix.requests.values(), *matrix.keep.values()) for r in made.values()]
    assert len(bodies) > 500
    found = {r.path: findings for r in bodies if (findings := check_body(r.arm_type, r.api_version, r.body))}
    assert found == {}


def test_no_scale_set_breaks_a_rule_of_the_compute_service(matrix: Matrix) -> None:
    found = {made: findings for made, body in _scale_sets(matrix) if (findings := check_scale_set(body))}
    assert found == {}


def test_every_scale_set_is_what_its_plan_says(matrix: Matrix) -> None:
    for key, body in _scale_sets(matrix):
        made, profile = json.loads(key), body["properties"]["virtualMachineProfile"]
        disk = profile["storageProfile"]["osDisk"]
        assert body["sku"] == {"name": made["vm_size"], "tier": "Standard", "capacity": made["node_count"]}
        assert body.get("zones") == ([made["zone"]] if made["zone"] else None)
        assert profile["priority"] == ("Spot" if made["spot"] else "Regular")
        assert profile.get("evictionPolicy") == ("Delete" if made["spot"] else None)
        assert profile.get("billingProfile") == (made["spot"] and {"maxPrice": made["spot"]["max_price"]})
        assert ("diffDiskSettings" in disk) == made["ephemeral_os_disk"] == ("managedDisk" not in disk)
        assert ("proximityPlacementGroup" in body["properties"]) == made["proximity_placement"]
        assert ("capacityReservation" in profile) == bool(made["capacity_reservation_id"])
        assert ("securityProfile" in profile) == (made["security_type"] == "TrustedLaunch")
        assert "scheduledEventsProfile" not in profile


def test_the_matrix_holds_every_kind_of_infrastructure(matrix: Matrix) -> None:
    made = [json.loads(key) for key in matrix.requests]
    for name in ("orchestration_mode", "security_type", "ephemeral_os_disk", "proximity_placement"):
        assert len({one[name] for one in made}) == 2, name
    for name in ("zone", "subnet_id", "capacity_reservation_id", "spot"):
        assert {one[name] is None for one in made} == {True, False}, name
    assert {one["image"]["id"] is None for one in made} == {True, False}
    for name in ("identity_id", "store", "reaper_id"):
        assert {one["access"][name] is None for one in made} == {True, False}, name
    assert len(matrix.keep) == 2 * (1 + len(OF_OTHERS))  # with and without a shared directory


def test_no_template_names_a_resource_twice(matrix: Matrix) -> None:
    """ARM refuses one that does, while it validates: Azure-Samples/azure-search-openai-demo#1449."""
    for key, compute in matrix.requests.items():
        made = json.loads(key)
        kept = {"shared": made["shared_directory"], "access": made["access"], "location": None}
        requests = [*matrix.keep[json.dumps(kept)].values(), *compute.values()]
        template = subscription_template(requests)
        names = Counter(_named(template["resources"]))
        assert [name for name, count in names.items() if count > 1] == []
        assert sum(names.values()) > len(requests)  # the nested deployments are resources too


def _named(resources: list[dict[str, Any]], group: str = "") -> Iterator[str]:
    """What tells each resource of a template, and of those nested in it, from the others."""
    for resource in resources:
        yield f"{group}|{resource.get('scope', '')}|{resource['type']}|{resource['name']}".lower()
        yield from _named(resource.get("properties", {}).get("template", {}).get("resources", []), resource["name"])


def _scale_sets(matrix: Matrix) -> list[tuple[str, dict[str, Any]]]:
    return [(key, requests["scale-set"].body) for key, requests in matrix.requests.items()]


# What checkov finds and why it stays: anything else fails. (check, resource in the program): reason.
_ACCEPTED = {
    ("CKV_AZURE_206", "blobs"): "a run's store lives for days and can be made again: replicas cost and save nothing",
    ("CKV_AZURE_206", "files"): "the same of the shared directory",
    ("CKV_AZURE_3", "files"): "NFS 4.1 is not HTTPS, and an account that insists on it refuses every mount",
    ("CKV_AZURE_35", "blobs"): "the client reads logs and outputs from wherever it is; keys are off, identities decide",
    ("CKV_AZURE_36", "blobs"): "without a network rule there is nothing for Microsoft's services to bypass",
    ("CKV_AZURE_36", "files"): "no Microsoft service has business in the shared directory",
    ("CKV_AZURE_95", "scale-set"): "patching the image of a running node would end the training on it",
    ("CKV_AZURE_97", "scale-set"): "Azure refuses encryption at host where the subscription has not registered it",
}


def test_checkov_finds_nothing_but_what_is_accepted_with_a_reason(matrix: Matrix, tmp_path: Path) -> None:
    made = [*matrix.requests.values(), *matrix.keep.values()]
    failed = failed_checks((request for requests in made for request in requests.values()), tmp_path)
    assert {(one.check, one.resource) for one in failed} == set(_ACCEPTED)
