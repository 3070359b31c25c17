"""What a compile may do to a project that is a stranger's: nothing through a link, nothing to what it did not make."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tfinfra.cli.main import main
from tfinfra.compiler.deploy.write import LIST, Written, differences, require_place, said_of, write_deploy, write_tree
from tfinfra.errors import UsageError

TREE = {"__main__.py": "1\n", "stacks/a.py": "2\n", "plan.json": "3\n"}


def plant_folder(deploy: Path, precious: Path) -> None:
    deploy.parent.mkdir()
    deploy.symlink_to(precious)


def plant_above(deploy: Path, precious: Path) -> None:
    deploy.parent.symlink_to(precious.parent)


def plant_stacks(deploy: Path, precious: Path) -> None:
    deploy.mkdir(parents=True)
    (deploy / "stacks").symlink_to(precious / "stacks")


def plant_file(deploy: Path, precious: Path) -> None:
    deploy.mkdir(parents=True)
    (deploy / "__main__.py").symlink_to(precious / "__main__.py")


def plant_dangling(deploy: Path, precious: Path) -> None:
    deploy.mkdir(parents=True)
    (deploy / "plan.json").symlink_to(precious / "new.json")


def plant_list(deploy: Path, precious: Path) -> None:
    deploy.mkdir(parents=True)
    (deploy / LIST).symlink_to(precious / "__main__.py")


def plant_pipe(deploy: Path, precious: Path) -> None:
    deploy.mkdir(parents=True)
    os.mkfifo(deploy / "plan.json")


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "the folder": plant_folder,
    "the folder above": plant_above,
    "a folder in it": plant_stacks,
    "a file": plant_file,
    "a file that is not there": plant_dangling,
    "the list of an earlier compile": plant_list,
    "a pipe": plant_pipe,
}


@pytest.mark.parametrize("plant", LINKS.values(), ids=LINKS.keys())
def test_nothing_is_written_through_a_link(tmp_path: Path, plant: Callable[[Path, Path], None]) -> None:
    precious, deploy = tmp_path / "home" / "dd", tmp_path / "project" / "deploy" / "dd"
    (precious / "stacks").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    for name in ("__main__.py", "stacks/mine.py"):
        (precious / name).write_text("precious")
    plant(deploy, precious)
    with pytest.raises(UsageError, match=r"is a link to|neither a file nor a folder") as caught:
        write_deploy(TREE, deploy)
    assert "deploy" in caught.value.message and caught.value.hint
    assert {p.relative_to(precious).as_posix() for p in precious.rglob("*") if p.is_file()} == {
        "__main__.py",
        "stacks/mine.py",
    }
    assert (precious / "__main__.py").read_text() == "precious"


def test_only_what_an_earlier_compile_wrote_is_removed_and_that_is_said(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy" / "x"
    assert write_deploy({**TREE, "stacks/old.py": "4\n", "stacks/edited.py": "5\n"}, deploy) == Written()
    (deploy / "stacks/edited.py").write_text("mine now")
    (deploy / "stacks/mine.py").write_text("mine")
    (deploy / "plan.json").write_text("other")
    written = write_deploy(TREE, deploy)
    copies = {"plan.json": ".edited/plan.json"}
    assert written == Written(("plan.json",), ("stacks/old.py",), ("stacks/edited.py",), copies)
    assert sorted(p.name for p in (deploy / "stacks").iterdir()) == ["a.py", "edited.py", "mine.py"]
    assert differences(TREE, deploy) == [
        "stacks/edited.py: not of this manifest",
        "stacks/mine.py: not of this manifest",
    ]
    assert write_deploy(TREE, deploy) == Written()


def test_what_hides_behind_a_link_or_a_known_name_is_not_of_the_manifest(tmp_path: Path) -> None:
    """At the top, `.venv` and `.edited` are of whoever runs the program by hand; Python writes `__pycache__`."""
    deploy, evil = tmp_path / "deploy" / "x", tmp_path / "evil"
    write_deploy(TREE, deploy)
    for name in ("evil", "deploy/x/.venv/lib", "deploy/x/.edited", "deploy/x/stacks/__pycache__", "deploy/x/a/.venv"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
    (deploy / ".venv" / "lib64").symlink_to("lib")
    (deploy / "yaml").symlink_to(evil)
    (deploy / "__pycache__").symlink_to(evil)
    (deploy / "stacks" / ".edited").symlink_to(evil)
    found = ("__pycache__", "a/.venv/__init__.py", "stacks/.edited", "yaml")
    assert differences(TREE, deploy) == [f"{path}: not of this manifest" for path in found]
    stacks = (deploy / "stacks").rename(tmp_path / "stacks")
    (deploy / "stacks").symlink_to(stacks)
    assert "stacks: not of this manifest" in differences(TREE, deploy)


def test_what_was_changed_by_hand_is_kept_beside_and_said(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy" / "x"
    write_deploy(TREE, deploy)
    for version, copy in (("mine", "a.py"), ("mine again", "a.py.1"), ("mine", "a.py"), (b"\xff\0", "a.py.2")):
        data = version if isinstance(version, bytes) else version.encode()
        (deploy / "stacks/a.py").write_bytes(data)
        written = write_deploy(TREE, deploy)
        assert written.edited == {"stacks/a.py": f".edited/stacks/{copy}"}
        assert (deploy / written.edited["stacks/a.py"]).read_bytes() == data
        assert (deploy / "stacks/a.py").read_text() == TREE["stacks/a.py"]
        assert f"your version is {deploy}/.edited/stacks/{copy}" in next(said_of(written, deploy))
    assert differences(TREE, deploy) == []


def test_what_a_compile_wrote_itself_is_no_change_by_hand(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy" / "x"
    write_deploy(TREE, deploy)
    written = write_deploy({**TREE, "plan.json": "new"}, deploy)
    assert (written.replaced, written.edited) == (("plan.json",), {})


def test_a_copy_is_written_through_no_link(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy" / "x"
    write_deploy(TREE, deploy)
    (deploy / "plan.json").write_text("mine")
    (deploy / ".edited").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="is a link to"):
        write_deploy(TREE, deploy)
    assert (deploy / "plan.json").read_text() == "mine"


def test_a_list_that_a_stranger_wrote_reaches_nothing_outside(tmp_path: Path) -> None:
    deploy, outside = tmp_path / "deploy" / "x", tmp_path / "outside.py"
    write_deploy({**TREE, "stacks/old.py": "4\n"}, deploy)
    digest = json.loads((deploy / LIST).read_text())["stacks/old.py"]
    outside.write_text("4\n")
    (deploy / "link").symlink_to(tmp_path)
    names = (
        "../../outside.py",
        str(outside),
        "link/outside.py",
        "",
        ".",
        "stacks/../../../outside.py",
        "a" * 300,
        "a/" * 3000,
    )
    (deploy / LIST).write_text(json.dumps(dict.fromkeys(names, digest)))
    assert write_deploy(TREE, deploy) == Written()
    assert outside.exists()
    (deploy / LIST).write_text("[" * 100_000)
    assert write_deploy(TREE, deploy) == Written()


def test_a_file_with_another_name_elsewhere_keeps_its_content(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy" / "x"
    write_deploy(TREE, deploy)
    os.link(deploy / "plan.json", tmp_path / "other name")
    write_deploy({**TREE, "plan.json": "new"}, deploy)
    assert (tmp_path / "other name").read_text() == "3\n"


def test_init_writes_through_no_link_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.yaml").symlink_to(tmp_path / "victim")
    assert main(["init"]) == 2
    with pytest.raises(UsageError, match="is a link"):
        write_tree({"train.yaml": "x"}, tmp_path)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("place", ["deploy/x", "deploy"])
def test_a_file_in_the_place_of_a_folder_is_what_has_to_go(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.touch()
    with pytest.raises(UsageError) as caught:
        write_deploy(TREE, tmp_path / "deploy" / "x")
    assert caught.value.hint == f"'{file}' is no folder: move it away"


def test_a_full_disk_is_no_question_of_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_deploy(TREE, tmp_path / "deploy" / "x")
    assert caught.value.filename == str(tmp_path / "deploy" / "x")


def test_results_have_a_place_before_anything_is_bought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_place(tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    (tmp_path / "runs").touch()
    with pytest.raises(UsageError, match=r"cannot write .*/runs: '.*/runs' is no folder"):
        require_place(tmp_path / "runs")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(UsageError, match="nothing can be made in '/'"):
        require_place(Path("/nothing/runs"))
