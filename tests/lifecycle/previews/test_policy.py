"""What policy packs say of a manifest, at its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.policy import packs
from tests.engine.policy.packs import resource_policy, write_pack
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.engine.policy.preview import PackFailure, Preview, Violation
from tfinfra.errors import ManifestError, Severity
from tfinfra.lifecycle.previews.policy import check_policy, packs_of, policy_diagnostics
from tfinfra.lifecycle.previews.stacks import StackPreview
from tfinfra.system.progress import say_nothing

MANIFEST = """\
entry_script: train.py
tags: {team: vision}
compute_target:
  cloud: azure
  location: eastus
  vm_size: [Standard_D8s_v5, Standard_D16s_v5]
"""
NODES = ("azure-native:compute:VirtualMachineScaleSet", "scale-set")
ADDRESS = ("azure-native:network:PublicIPAddress", "nat-address")


def _compiled(folder: Path, text: str = MANIFEST) -> Compiled:
    """With guardrails outside of the manifest's folder that name the pack `house` beside them."""
    training, platform = folder / "training", folder / "platform"
    training.mkdir()
    platform.mkdir(exist_ok=True)
    (platform / "house").mkdir(exist_ok=True)
    (platform / "guardrails.yaml").write_text("allow: {max_nodes: 8}\npolicy: [house]\n")
    (training / "train.py").write_text("print()\n")
    (training / "train.yaml").write_text(text)
    return compile_manifest(load_project(training / "train.yaml", guardrails=platform / "guardrails.yaml"))


SAID = {
    "a rule on the machines": (Violation("house", "sizes", "mandatory", "not this one", *NODES), "TFI464", 6),
    "a rule on their tags": (Violation("house", "tagged", "mandatory", "needs a tag", *NODES), "TFI464", 2),
    "advice": (Violation("house", "sizes", "advisory", "not this one", *NODES), "TFI465", 6),
    "a rule on a resource that nobody wrote": (
        Violation("house", "public", "mandatory", "no public address", *ADDRESS),
        "TFI464",
        6,
    ),
    "a rule on the whole stack": (Violation("house", "counted", "mandatory", "too many", "", ""), "TFI464", 6),
    "a rule on the place": (Violation("house", "eu", "mandatory", "no such region", *ADDRESS), "TFI464", 5),
    "a value that is not known": (Violation("house", "sizes", "unknown", "can't run", *NODES), "TFI466", 6),
    "a change": (Violation("house", "rewrites", "remediate", "TLS 1.3", *NODES), "TFI467", 6),
}


@pytest.mark.parametrize("case", SAID)
def test_a_violation_is_told_at_the_line_that_caused_the_resource(case: str, tmp_path: Path) -> None:
    violation, code, line = SAID[case]
    compiled = _compiled(tmp_path)
    preview = Preview((), {}, (violation,))
    stacks = [StackPreview("compute", choice, preview) for choice in (0, 1)]
    (found,) = policy_diagnostics(compiled, stacks, packs_of(compiled))
    assert found.position is not None
    assert (found.code, found.position.file, found.position.line) == (code, str(tmp_path / "training/train.yaml"), line)
    assert found.is_error == (code in ("TFI464", "TFI467"))
    assert f"policy '{violation.policy}' of pack 'house'" in found.message
    assert f"guardrail policy ({tmp_path}/platform/guardrails.yaml:2)" in str(found.hint)


def test_a_manifest_that_names_no_target_has_a_line_too(tmp_path: Path) -> None:
    compiled = _compiled(tmp_path, "name: digits\nentry_script: train.py\n")
    stack = StackPreview("keep", 0, Preview((), {}, (Violation("house", "any", "advisory", "no", *ADDRESS),)))
    (found,) = policy_diagnostics(compiled, [stack], packs_of(compiled))
    assert found.position is not None
    assert found.position.line == 2


def test_a_pack_that_fails_is_an_error_at_its_own_line(tmp_path: Path) -> None:
    compiled = _compiled(tmp_path)
    (folder,) = packs_of(compiled)
    failure = PackFailure(str(folder), "ZeroDivisionError: division by zero", f"{folder}/__main__.py", 7)
    stack = StackPreview("keep", 0, Preview((), {}, (), (failure,)))
    (found,) = policy_diagnostics(compiled, [stack, stack], packs_of(compiled))
    assert (found.code, found.severity) == ("TFI463", Severity.ERROR)
    assert found.place == f"{folder}/__main__.py:7:1"


def test_without_packs_nothing_is_started(tmp_path: Path) -> None:
    compiled = _compiled(tmp_path)
    (tmp_path / "platform" / "guardrails.yaml").write_text("allow: {max_nodes: 8}\n")
    training = tmp_path / "training" / "train.yaml"
    free = compile_manifest(load_project(training, guardrails=tmp_path / "platform" / "guardrails.yaml"))
    assert packs_of(compiled)
    assert check_policy(free, say_nothing, tmp_path / "nowhere") == ()


@pytest.mark.engine
def test_every_place_that_a_run_may_try_is_judged_before_anything_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first size is allowed, the second is not; a backend and credentials of the caller's are not used."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "azblob://nobody")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hidden")
    rules = f"import os\nassert 'AZURE_CLIENT_SECRET' not in os.environ\n{packs.SIZES}"
    write_pack(tmp_path / "platform" / "house", rules, [resource_policy("sizes", "MANDATORY")])
    compiled = _compiled(tmp_path)
    with pytest.raises(ManifestError) as caught:
        check_policy(compiled, say_nothing)
    (found,) = caught.value.diagnostics
    assert "size Standard_D16s_v5 is not allowed" in found.message
    assert "compute stack that is tried with Standard_D16s_v5 in eastus" in found.message
    assert found.position is not None
    assert found.position.line == 6
