"""A folder is a policy pack, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.policy.packs import write_pack
from tfinfra.engine.policy.made_ready import made_ready
from tfinfra.engine.policy.pack import packs_in, read_pack
from tfinfra.errors import ManifestError

REFUSED: dict[str, tuple[str | None, str, str]] = {
    "no project file": (None, "TFI460", "it has no PulumiPolicy.yaml"),
    "no YAML": ("runtime: [python", "TFI460", "cannot be read"),
    "YAML of another form": ("- python", "TFI460", "it is no mapping"),
    "nothing in it": ("# nothing", "TFI460", "it is no mapping"),
    "no runtime": ("version: 0.0.1", "TFI460", "names no runtime"),
    "no program": ("runtime: python\nmain: elsewhere.py", "TFI460", "it has no elsewhere.py"),
    "a pack in TypeScript": ("runtime: nodejs", "TFI461", "the runtime 'nodejs', which tfinfra does not run"),
    "a pack in TypeScript with options": ("runtime: {name: nodejs, options: {typescript: true}}", "TFI461", "'nodejs'"),
    "a pack in Rego": ("runtime: opa", "TFI461", "the runtime 'opa'"),
    "a runtime that is no text": ("runtime: 3", "TFI461", "the runtime '3'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_pack_of_ours_is_refused_with_its_reason(case: str, tmp_path: Path) -> None:
    project, code, why = REFUSED[case]
    folder = write_pack(tmp_path / "pack", project=project)
    if project is None:
        (folder / "PulumiPolicy.yaml").unlink()
    with pytest.raises(ManifestError, match=why) as caught:
        read_pack(folder)
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert caught.value.exit_code == 3
    assert str(folder) in found.message


def test_a_folder_of_packs_stands_for_the_packs_in_it(tmp_path: Path) -> None:
    second, first = (write_pack(tmp_path / "house" / name) for name in ("tags", "network"))
    (tmp_path / "house" / "notes").mkdir()
    assert packs_in(tmp_path / "house") == [first, second]
    assert packs_in(first) == [first]
    assert packs_in(tmp_path / "house" / "notes") == [tmp_path / "house" / "notes"]


def test_all_folders_that_are_no_packs_are_told_at_once(tmp_path: Path) -> None:
    node = write_pack(tmp_path / "node", project="runtime: nodejs")
    with pytest.raises(ManifestError) as caught, made_ready((tmp_path / "nowhere", node), print):
        pass
    assert [d.code for d in caught.value.diagnostics] == ["TFI460", "TFI461"]
    assert "there is no such folder" in caught.value.diagnostics[0].message


def test_a_pack_says_where_its_program_its_environment_and_its_needs_are(tmp_path: Path) -> None:
    project = "runtime: {name: python, options: {virtualenv: venv}}\nversion: 1.2.3\nmain: rules\n"
    folder = write_pack(tmp_path / "pack", project=project)
    (folder / "rules").mkdir()
    (folder / "rules" / "__main__.py").touch()
    (folder / "requirements.txt").write_text("pulumi-policy\n")
    pack = read_pack(folder)
    assert (pack.entry, pack.virtualenv) == (folder / "rules" / "__main__.py", folder / "venv")
    assert (pack.version, pack.requirements) == ("1.2.3", folder / "requirements.txt")
