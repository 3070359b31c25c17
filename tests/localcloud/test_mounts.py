"""What a scale set's machines see of an account's blobs: all of them, but a client's own linked files read-only."""

from __future__ import annotations

from pathlib import Path

from tfinfra.localcloud.arm.providers import mounts
from tfinfra.localcloud.machines.interface import Mount
from tfinfra.store import keys


def test_linked_inputs_are_read_only_whatever_the_role_and_before_anybody_links(tmp_path: Path) -> None:
    (tmp_path / "run/inputs/abc").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "run")
    (tmp_path / "a file").touch()
    found = tuple(mounts.linked_inputs(sorted(tmp_path.iterdir())))
    assert found == (Mount(tmp_path / "other/inputs", True), Mount(tmp_path / "run/inputs", True))
    assert (tmp_path / "other/inputs").is_dir()


def test_the_folder_is_the_one_that_clients_link_into() -> None:
    assert keys.input_folder("abc") == f"{mounts.LINKED}/abc"
