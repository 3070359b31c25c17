"""Packs as the engine finds them, and which of them is meant where none has noted a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.policy.packs import write_pack
from tfinfra.engine.policy.pack import read_pack
from tfinfra.engine.policy.preview import unnoted
from tfinfra.engine.policy.staging import StagedPacks, stage


@pytest.fixture
def staged(tmp_path: Path) -> StagedPacks:
    """Eleven packs: folders are in the order of numbers, not of texts."""
    packs = [(read_pack(write_pack(tmp_path / f"pack {n}")), Path("/usr/bin/python3")) for n in range(11)]
    (tmp_path / "staged").mkdir()
    return stage(packs, tmp_path / "staged")


def test_packs_are_found_in_their_order_by_a_project_file_of_their_own(staged: StagedPacks, tmp_path: Path) -> None:
    assert [staged.pack_in(folder) for folder in staged.folders] == [str(tmp_path / f"pack {n}") for n in range(11)]
    project = json.loads((staged.folders[3] / "PulumiPolicy.yaml").read_text())
    assert project == {"runtime": "tfinfra", "version": "0.3.1"}
    assert f"'{tmp_path}/pack 3/__main__.py'" in (staged.folders[3] / "start").read_text()
    assert str(staged.folder) in staged.plugins


def test_each_engine_has_notes_of_its_own(staged: StagedPacks, tmp_path: Path) -> None:
    one, other = (staged.copied_to(tmp_path / name) for name in ("one", "other"))
    (one.folders[2] / "notes").write_text('{"kind": "served"}\n')
    other.forget_notes()
    assert [note["folder"] for note in one.notes()] == [str(tmp_path / "pack 2")]
    assert list(other.notes()) == list(staged.notes()) == []
    assert one.plugins == staged.plugins


UNNOTED = {
    "one that was never ready": (range(10), "EOF", "pack 10", "its process ended before it had answered"),
    "one of those that were": (range(11), "the keep stack could not be updated: k: max is required", "", "k: max is"),
    "a name of Pulumi's own": (range(10), 'policy pack "{folder}" has no name', "pack 10", "pack 10"),
}


@pytest.mark.parametrize("case", UNNOTED)
def test_the_pack_that_was_never_ready_is_meant(case: str, staged: StagedPacks, tmp_path: Path) -> None:
    ready, said, folder, why = UNNOTED[case]
    for number in ready:
        (staged.folders[number] / "notes").write_text('{"kind": "served"}\n')
    failure = unnoted(staged, said.format(folder=staged.folders[10]))
    assert failure.folder == (str(tmp_path / folder) if folder else "")
    assert why in failure.why
    assert str(staged.folder) not in failure.why
