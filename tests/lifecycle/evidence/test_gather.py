"""What Pulumi did is told by names and ids, and by nothing that may be a secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.evidence.made import ORIGIN
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.evidence.gather import stacks, without_store
from tfinfra.lifecycle.evidence.origin import FILE
from tfinfra.lifecycle.record.run_record import RunFolder, write_json
from tfinfra.model import to_json

VM = {
    "urn": "urn:pulumi:r-compute::tfinfra::azure-native:compute:VirtualMachineScaleSet::nodes",
    "type": "azure-native:compute:VirtualMachineScaleSet",
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/nodes",
    "parent": "urn:pulumi:r-compute::tfinfra::pulumi:pulumi:Stack::tfinfra-r-compute",
    "inputs": {"customData": "c2VjcmV0"},
    "outputs": {"key": {"ciphertext": "hidden"}},
}


def test_a_stack_is_told_by_its_resources_and_the_digest_of_its_whole_state(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.audit_folder.mkdir()
    data = json.dumps({"version": 3, "deployment": {"secrets_providers": {"type": "x"}, "resources": [VM]}}).encode()
    (folder.audit_folder / "compute.state.json").write_bytes(data)
    told = {name: VM[name] for name in ("urn", "type", "id", "parent")}
    assert stacks(folder) == {"compute": {"sha256": sha256(data), "resources": [told]}}


def test_a_state_that_cannot_be_read_is_named_and_one_of_nothing_has_no_resources(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert stacks(folder) == {}
    folder.audit_folder.mkdir()
    (folder.audit_folder / "keep.state.json").write_text("{")
    (folder.audit_folder / "compute.state.json").write_text('{"deployment": null}')
    assert stacks(folder)["keep"] == {"unreadable": "JSONDecodeError"}
    assert stacks(folder)["compute"]["resources"] == []


HOSTILE = {
    "../../.bashrc": "it leads out of its folder",
    "/etc/passwd": "it begins at the root",
    "stacks": "a folder has that name too",
    "a//b": "a part of it is empty",
    "x" * 300: "a part of it is longer than a file's name can be",
    "plan.JSON": "",
}


def test_a_name_that_can_be_no_file_costs_itself_and_nothing_else(tmp_path: Path) -> None:
    honest = {"plan.json": "{}", "stacks/run.py": "x = 1\n"}
    origin = replace(ORIGIN, deploy={**honest, **dict.fromkeys(HOSTILE, "hostile")})
    write_json(tmp_path / FILE, to_json(origin))
    found = without_store(RunFolder(tmp_path))
    assert found.origin is not None
    kept = {name for name in found.origin.deploy if name.casefold() == "plan.json"}
    assert len(kept) == 1
    assert {*found.origin.deploy} == {*kept, "stacks/run.py"}
    assert all(any(f"deploy/{name}: {why}" in line for line in found.missing) for name, why in HOSTILE.items() if why)
