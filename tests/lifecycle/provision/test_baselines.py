"""Right after a stack's update ARM is asked for each of its resources, and what it says is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.lifecycle.fakes import World
from tfinfra.arm.requests import ArmAnswer
from tfinfra.audit.log import read_events
from tfinfra.auditing.baseline import MadeResource, PartBaseline
from tfinfra.errors import ProvisioningError
from tfinfra.evidence import names
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.store import keys, read_file

GROUP = "/subscriptions/s/resourceGroups/tfinfra-digits-abc123-keep"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}


def resource(kind: str, name: str, id_: str, **inputs: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:run::tfinfra::azure-native:{kind}::{name}"
    return {"urn": urn, "custom": True, "type": f"azure-native:{kind}", "id": id_, "inputs": inputs}


SET = f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/nodes"
STATE = {
    "version": 3,
    "deployment": {
        "resources": [
            {"urn": "urn:pulumi:run::tfinfra::pulumi:pulumi:Stack::run", "type": "pulumi:pulumi:Stack"},
            {
                "urn": "urn:p::t::pulumi:providers:azure-native::default",
                "type": "pulumi:providers:azure-native",
                "id": "1",
            },
            resource(
                "resources:ResourceGroup", "group", GROUP, location="eastus", resourceGroupName="g", tags={"a": "b"}
            ),
            resource(
                "compute:VirtualMachineScaleSet",
                "scale-set",
                SET,
                virtualMachineProfile={"osProfile": {"customData": "A" * 5000, "adminPassword": SECRET}},
                vmScaleSetName="nodes",
                resourceGroupName="g",
            ),
            {**resource("network:NatGateway", "read", f"{GROUP}/nat"), "external": True},
            resource("somebody:Thing", "theirs", f"{GROUP}/theirs"),
        ]
    },
}


FOUND = {GROUP: ArmAnswer(200, {"id": GROUP}), SET: ArmAnswer(403, {"error": {"code": "No", "message": "not you"}})}


def run(tmp_path: Path, **faults: BaseException) -> World:
    """A run whose engine exports this state for its keep stack."""
    world = World(tmp_path, faults=faults)
    world.exports, world.documents = {"keep": STATE}, FOUND
    world.new_run().go()
    return world


def test_each_resource_is_kept_as_it_was_sent_and_as_arm_had_it(tmp_path: Path) -> None:
    run(tmp_path)
    folder = run_folder(tmp_path / "state", "digits-abc123")
    path = folder.audit_folder / "keep.baseline.json"
    part = read_file(path, PartBaseline)
    assert isinstance(part, PartBaseline)
    custom = {"customData": f"sha256:{sha256(b'A' * 5000)}"}
    assert part.group == "tfinfra-digits-abc123-keep"
    assert part.resources == (
        MadeResource(
            GROUP,
            "Microsoft.Resources/resourceGroups",
            "2024-03-01",
            {"location": "eastus", "tags": {"a": "b"}},
            {"id": GROUP},
        ),
        MadeResource(
            SET,
            "Microsoft.Compute/virtualMachineScaleSets",
            "2024-11-01",
            {"properties": {"virtualMachineProfile": {"osProfile": custom}}},
            None,
            "No: not you",
        ),
    )
    (event,) = [e for e in read_events(folder.audit.path) if e["event"] == "baseline"]
    assert (event["part"], event["resources"], event["sha256"]) == ("keep", 2, sha256(path.read_bytes()))


def test_the_store_has_it_for_an_audit_on_another_machine(tmp_path: Path) -> None:
    world = run(tmp_path)
    kept = run_folder(tmp_path / "state", "digits-abc123").audit_folder / "keep.baseline.json"
    assert world.store.get(keys.baseline_key("keep")) == kept.read_bytes()


def test_the_evidence_has_the_baseline_and_its_statement_names_it(tmp_path: Path) -> None:
    run(tmp_path)
    audit = tmp_path / "runs" / "digits-abc123" / names.FOLDER
    kept = json.loads((audit / names.BASELINE).read_text())
    assert [one["id"] for one in kept["keep"]["resources"]] == [GROUP, SET]
    statement = json.loads((audit / names.STATEMENT).read_text())
    byproducts = {one["name"]: one["digest"]["sha256"] for one in statement["predicate"]["runDetails"]["byproducts"]}
    assert byproducts[names.BASELINE] == sha256((audit / names.BASELINE).read_bytes())
    assert f"  {names.BASELINE}" in (audit / names.SUMS).read_text()


def test_a_run_goes_on_without_one_and_its_evidence_says_so(tmp_path: Path) -> None:
    run(tmp_path, read=ProvisioningError("ARM is ill"))
    folder = run_folder(tmp_path / "state", "digits-abc123")
    failed = [e["error"] for e in read_events(folder.audit.path) if e["event"] == "baseline.fail"]
    assert failed == ["ARM is ill"]
    audit = tmp_path / "runs" / "digits-abc123" / names.FOLDER
    missing = json.loads((audit / names.STATEMENT).read_text())["predicate"]["buildDefinition"]["internalParameters"]
    assert any("right after they were made" in why for why in missing["missing"])
    assert not (audit / names.BASELINE).exists()
