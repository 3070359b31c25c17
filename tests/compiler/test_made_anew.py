"""A deploy folder is made anew from its own manifest, byte for byte, without the code that it was compiled with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.golden import FOLDER
from tfinfra.compiler.load import load_project
from tfinfra.compiler.made_anew import OfItsMaker, made_anew
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.errors import ManifestError
from tfinfra.model import PackageSources

RESOLVED = "manifest.resolved.yaml"


def of_its_maker(compiled: Compiled) -> OfItsMaker:
    sources = compiled.plan.requirements.sources
    return OfItsMaker(sources, compiled.plan.gpus_per_node, compiled.plan.requirements)


@pytest.mark.parametrize("case", sorted(FOLDER.glob("accepted-*")), ids=lambda case: case.name)
def test_the_resolved_manifest_alone_makes_the_same_bytes(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(case)
    compiled = compile_manifest(load_project(Path("train.yaml")))
    monkeypatch.chdir(tmp_path)
    assert made_anew(compiled.tree[RESOLVED].encode(), RESOLVED, of_its_maker(compiled)).tree == compiled.tree


def test_what_the_evidence_cannot_tell_is_taken_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text("print('trained')\n")
    (tmp_path / "requirements.txt").write_text("pandas==2.2.0\n")
    (tmp_path / "train.yaml").write_text(
        "name: digits\nentry_script: train.py\npip_requirements_file: requirements.txt\n"
    )
    compiled = compile_manifest(load_project(tmp_path / "train.yaml"))
    made = made_anew(compiled.tree[RESOLVED].encode(), RESOLVED, of_its_maker(compiled))
    assert made.tree == compiled.tree
    assert made.taken == ("the packages that 'requirements.txt' asks for, whose text is no evidence",)


REFUSED = {
    "no mapping": "- a\n",
    "an unknown key": "entry_script: train.py\nentri: x\n",
    "a size of nowhere": "entry_script: train.py\ncompute_target: {cloud: azure, vm_size: Standard_Evil}\n",
    "more tasks than a run coordinates": "entry_script: t.py\ndistributed_backend: ps\nworker_count: 20000\n",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_manifest_makes_nothing(what: str) -> None:
    compiled_nowhere = OfItsMaker(PackageSources(), 0, None)  # type: ignore[arg-type]
    with pytest.raises(ManifestError):
        made_anew(REFUSED[what].encode(), RESOLVED, compiled_nowhere)
