"""What Pulumi did is told by names and ids, and by nothing that may be a secret."""

from __future__ import annotations

import json
from pathlib import Path

from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.evidence.gather import stacks
from tfinfra.lifecycle.record.run_record import RunFolder

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
