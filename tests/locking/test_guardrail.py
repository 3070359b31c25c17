"""`require: lock` of a guardrails file: which manifests count as locked, and which runs may begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.locking.test_differences import LOCK, TRAIN, edited, signed
from tfinfra.cli.main import main
from tfinfra.compiler.facts import AtLaunch
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_launch, compile_manifest
from tfinfra.errors import ManifestError

STATES: dict[str, tuple[Callable[[Path], object], str]] = {
    "locked": (lambda folder: None, ""),
    "without a lock": (lambda folder: (folder / LOCK).unlink(), "this manifest is not locked"),
    "changed since": (edited(TRAIN, "--epochs: 3", "--epochs: 4"), "it is not as it was locked"),
    "with a lock that was changed": (edited(LOCK, "max_cost_usd: 20.0", "max_cost_usd: 2.0"), "was changed after"),
    "with a lock that has a key more": (signed(edited(LOCK, "  launch:\n", "  extra: 1\n  launch:\n")), "is not as"),
    "with a lock that is no YAML": (lambda folder: (folder / LOCK).write_text("lock: ["), "cannot be read"),
}


@pytest.fixture
def rails(tmp_path: Path) -> Path:
    (tmp_path / "rails.yaml").write_text("require: [lock]\n")
    return tmp_path / "rails.yaml"


@pytest.mark.parametrize("state", STATES)
def test_a_manifest_counts_as_locked_or_not(
    state: str, manifest: Path, rails: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, message = STATES[state]
    edit(manifest.parent)
    assert main(["validate", "--guardrails", str(rails), str(manifest)]) == (3 if message else 0)
    assert message in capsys.readouterr().err


def test_what_a_guardrail_requires_can_be_made(manifest: Path, rails: Path) -> None:
    (manifest.parent / LOCK).unlink()
    assert main(["lock", "--guardrails", str(rails), str(manifest)]) == 0
    assert main(["lock", "--check", "--guardrails", str(rails), str(manifest)]) == 0


def test_a_run_that_is_held_against_no_lock_is_refused(manifest: Path, rails: Path) -> None:
    compiled = compile_manifest(load_project(manifest, guardrails=rails))
    with pytest.raises(ManifestError, match="held against no lock"):
        check_launch(compiled.facts, AtLaunch(unlocked=True))
    assert check_launch(compiled.facts, AtLaunch()) == ()
    free = replace(compiled.facts, project=load_project(manifest))
    assert check_launch(free, AtLaunch(unlocked=True)) == ()
