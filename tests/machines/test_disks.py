"""Where a machine's own files lie on this machine, read when it can tell nothing any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.localcloud.machines.disks import disk_paths

WHERE = {
    "a process machine's root is a folder": "root/var/lib/tfinfra/shared",
    "a namespace machine's changes are an upper layer": "upper/var/lib/tfinfra/shared",
    "of a host with a disk at /var they lie in that one's": "layers/var/upper/lib/tfinfra/shared",
    "of a host with a disk at /var/lib they lie in that one's": "layers/var-lib/upper/tfinfra/shared",
}


@pytest.mark.parametrize("sentence", WHERE)
def test_where_a_machine_has_a_path_of_its_own(sentence: str, tmp_path: Path) -> None:
    machine = tmp_path / "machines/set/node-0"
    (machine / WHERE[sentence]).mkdir(parents=True)
    places = list(disk_paths(tmp_path / "machines", "/var/lib/tfinfra/shared"))
    assert [machine / WHERE[sentence]] == [p for folder, names in places if (p := folder.joinpath(*names)).is_dir()]
    assert {folder for folder, _ in places} == {machine}  # what may be a machine's own link is among the names


def test_a_group_without_machines_has_no_disks(tmp_path: Path) -> None:
    assert list(disk_paths(tmp_path / "none", "/var")) == []
