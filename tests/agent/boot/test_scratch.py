"""Which disks become scratch, from what lsblk tells of a machine: never one that holds anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfinfra.agent.boot.scratch import find_scratch, mounted_disk, raw_disks, setup_commands
from tfinfra.agent.node.node_paths import NodePaths

GIB = 1 << 30
LOCAL = "Microsoft NVMe Direct Disk               "


def disk(name: str, model: str | None = LOCAL, **more: Any) -> dict[str, Any]:
    plain = {"name": f"/dev/{name}", "type": "disk", "size": 960 * GIB, "ro": False, "model": model}
    return {**plain, "fstype": None, "pttype": None, "mountpoints": [None], **more}


def part(name: str, point: str | None, size: int, **more: Any) -> dict[str, Any]:
    return {"name": f"/dev/{name}", "type": "part", "size": size, "fstype": "ext4", "mountpoints": [point], **more}


SYSTEM = disk("sda", "Virtual Disk", pttype="gpt", children=[part("sda1", "/", 128 * GIB)])
TEMPORARY = disk("sdb", "Virtual Disk", pttype="dos", children=[part("sdb1", "/mnt", 176 * GIB)])

MACHINES: dict[str, tuple[list[dict[str, Any]], tuple[str, ...], str | None]] = {
    "no disk but the system's": ([SYSTEM], (), None),
    "raw NVMe": ([SYSTEM, disk("nvme0n1"), disk("nvme1n1")], ("/dev/nvme0n1", "/dev/nvme1n1"), None),
    "the newer name": ([disk("nvme0n1", "Microsoft NVMe Direct Disk v2")], ("/dev/nvme0n1",), None),
    "a blank NVMe disk of somebody's own machine": ([disk("nvme0n1", "Samsung SSD 990 PRO")], (), None),
    "a remote disk, which is NVMe too": ([disk("nvme0n1", "MSFT NVMe Accelerator v1.0")], (), None),
    "a disk without a name": ([disk("nvme0n1", None)], (), None),
    "a file system without partitions": ([disk("nvme0n1", fstype="xfs")], (), None),
    "a partition table and nothing else": ([disk("nvme0n1", pttype="gpt")], (), None),
    "a stripe of the image's, not mounted": (
        [disk("nvme0n1", children=[{"name": "/dev/md128", "type": "raid0", "size": 0, "mountpoints": [None]}])],
        (),
        None,
    ),
    "a stripe that the image has mounted": (
        [disk("nvme0n1", fstype="linux_raid_member", children=[part("md128", "/mnt/resource_nvme", 1920 * GIB)])],
        (),
        "/mnt/resource_nvme",
    ),
    "one that is mounted as it is": ([disk("nvme0n1", mountpoints=["/data"])], (), None),
    "a read-only one": ([disk("nvme0n1", ro=True)], (), None),
    "some used, some not": ([disk("nvme0n1", fstype="ext4"), disk("nvme1n1")], ("/dev/nvme1n1",), None),
    "a temporary disk": ([SYSTEM, TEMPORARY], (), "/mnt"),
    "one that the ephemeral system disk left too small": (
        [SYSTEM, disk("sdb", None, children=[part("sdb1", "/mnt", 20 * GIB)])],
        (),
        None,
    ),
    "the system's own disk at /mnt as well": (
        [disk("sda", None, children=[part("sda1", "/", 64 * GIB), part("sda2", "/mnt", 64 * GIB)])],
        (),
        None,
    ),
}


@pytest.mark.parametrize("sentence", MACHINES)
def test_only_disks_that_hold_nothing_are_formatted(sentence: str) -> None:
    devices, raw, mounted = MACHINES[sentence]
    listing = {"blockdevices": devices}
    assert raw_disks(listing) == raw
    assert mounted_disk(listing) == mounted


def test_several_disks_are_one_stripe_and_without_mdadm_the_first_serves() -> None:
    striped = setup_commands(["/dev/a", "/dev/b"], striped=True)
    assert [line[0] for line in striped] == ["mdadm", "mkfs.ext4", "mount"]
    assert striped[0][-2:] == ["/dev/a", "/dev/b"]
    for commands in (setup_commands(["/dev/a", "/dev/b"], striped=False), setup_commands(["/dev/a"], striped=True)):
        assert [line[0] for line in commands] == ["mkfs.ext4", "mount"]
        assert commands[0][-1] == "/dev/a"


def test_a_node_that_is_a_folder_of_a_machine_looks_at_no_disk(tmp_path: Path) -> None:
    assert find_scratch(tmp_path) is None


def test_cache_and_temporary_files_lie_on_the_scratch_disk() -> None:
    assert NodePaths(Path("/"), Path("/mnt/tfinfra/scratch")).cache == Path("/mnt/tfinfra/scratch/cache")
    assert NodePaths(Path("/")).cache == Path("/var/lib/tfinfra/cache")
