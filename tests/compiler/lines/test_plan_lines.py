"""Where a finding on a plan belongs, and the order of diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.lines.file_order import in_file_order
from tfinfra.compiler.lines.plan_lines import plan_diagnostic
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest

INLINE = """\
entry_script: train.py
tags: {team: vision}
compute_target:
  cloud: azure
  vm_size: Standard_D8s_v5
  location: eastus
"""
TOP = "entry_script: train.py\nvm_size: Standard_D8s_v5\n"
NAMED = "entry_script: train.py\ncompute_target: cpu\n"
LINES = {
    "a key of the target": (INLINE, "vm_size", ("train.yaml", 5)),
    "a key of the target that is not written": (INLINE, "zone", ("train.yaml", 5)),
    "a subscription that is not written": (INLINE, "subscription_id", ("train.yaml", 4)),
    "a subscription that is not written at the top": (TOP, "subscription_id", ("train.yaml", 2)),
    "a key of the manifest": (INLINE, "tags", ("train.yaml", 2)),
    "a key of the manifest that is not written": (INLINE, "node_count", ("train.yaml", 5)),
    "a size at the top": (TOP, "vm_size", ("train.yaml", 2)),
    "a location that nobody wrote": (TOP, "location", ("train.yaml", 2)),
    "a target's file": (NAMED, "location", ("compute_targets.yaml", 3)),
    "a key that the target's file leaves out": (NAMED, "image", ("compute_targets.yaml", 4)),
    "a manifest without any target": ("entry_script: train.py\n", "location", None),
}


def facts_of(text: str, folder: Path) -> Facts:
    (folder / "train.py").write_text("print()\n")
    (folder / "train.yaml").write_text(text)
    target = "cpu:\n  cloud: azure\n  location: westus2\n  vm_size: Standard_D8s_v5\n"
    (folder / "compute_targets.yaml").write_text(target)
    return check_manifest(load_project(folder / "train.yaml")).facts


@pytest.mark.parametrize("case", LINES)
def test_a_finding_is_on_the_line_of_what_is_at_fault(case: str, tmp_path: Path) -> None:
    text, key, expected = LINES[case]
    found = plan_diagnostic(facts_of(text, tmp_path), "TFI601", key, "message", "hint")
    line = found.position and (Path(found.position.file).name, found.position.line)
    assert line == expected
    assert (found.code, found.message, found.hint) == ("TFI601", "message", "hint")


def test_findings_come_in_file_order(tmp_path: Path) -> None:
    facts = facts_of(NAMED, tmp_path)
    keys = ("vm_size", "location", "entry_script")
    found = in_file_order(facts.project, [plan_diagnostic(facts, "TFI601", key, key) for key in keys])
    assert [d.message for d in found] == ["entry_script", "location", "vm_size"]


def test_one_diagnostic_said_twice_is_one(tmp_path: Path) -> None:
    facts = facts_of(INLINE, tmp_path)
    found = [plan_diagnostic(facts, "TFI601", "vm_size", text) for text in ("b", "a", "b")]
    assert [d.message for d in in_file_order(facts.project, found)] == ["b", "a"]
