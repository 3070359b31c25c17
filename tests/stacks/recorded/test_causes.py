"""Each resource of both stacks has a cause: a key of the target or the manifest that decides about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stacks.plans import FLEXIBLE, INFRASTRUCTURES
from tests.stacks.recording import record
from tfinfra.compiler.lines.causes import CAUSES, cause_of
from tfinfra.manifest.key_schema import MANIFEST, TARGET
from tfinfra.model import Infrastructure

CASES = {**INFRASTRUCTURES, "nodes close to each other": replace(FLEXIBLE, proximity_placement=True)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """(part, name) of every resource that any plan makes."""

    def of(infrastructure: Infrastructure, part: str, folder: Path) -> set[tuple[str, str]]:
        return {(part, name) for name in record(infrastructure, part, folder)[0]}

    return {
        resource
        for infrastructure in CASES.values()
        for part in ("keep", "compute")
        for resource in of(infrastructure, part, tmp_path_factory.mktemp("deploy"))
    }


def test_every_resource_of_both_stacks_has_a_cause_and_no_cause_is_of_nothing(made: set[tuple[str, str]]) -> None:
    assert {(part, name) for part, causes in CAUSES.items() for name in causes} == made


def test_every_cause_is_a_key_that_can_be_written() -> None:
    assert {key for causes in CAUSES.values() for key in causes.values()} <= {*MANIFEST, *TARGET}


SAID = {
    "a size by its scale set": ("compute", "scale-set", "D8s_v5 is not allowed", "vm_size"),
    "tags of the scale set": ("compute", "scale-set", "needs the tag cost-center", "tags"),
    "tags of anything": ("keep", "blobs", "All must be Tagged", "tags"),
    "a region of anything": ("compute", "vnet", "only European regions", "location"),
    "how many nodes": ("compute", "scale-set", "sku.capacity is above 4", "node_count"),
    "an image": ("compute", "scale-set", "approved-images: not this one", "image"),
    "how nodes are bought": ("compute", "scale-set", "Spot VMs are not allowed", "vm_priority"),
    "a public address": ("compute", "nat-address", "no public IP addresses", "subnet_id"),
    "an address that mentions an identity": ("compute", "nat-address", "identity required", "subnet_id"),
    "the stack as a whole": ("compute", "", "too many resources", "vm_size"),
    "a resource that nobody knows": ("compute", "new-one", "is new", "vm_size"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_said_of_a_property_leads_to_the_key_of_that(case: str) -> None:
    part, name, said, key = SAID[case]
    assert cause_of(part, name, said) == key
