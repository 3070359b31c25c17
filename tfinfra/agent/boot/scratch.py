"""A fast folder on the node's own disks, for the environment's cache and temporary files: gone with the node.

Local NVMe disks come raw (learn.microsoft.com/azure/virtual-machines/enable-nvme-temp-faqs): those that nothing uses
are made one file system. Else a temporary disk is taken that the image has mounted. A node with neither does without.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfinfra.system.process.commands import finished

MOUNT = Path("/mnt/tfinfra/scratch")
_DEVICE = "/dev/md/tfinfra-scratch"
# What Azure's local disks call themselves; its remote disks and everybody else's disks have other names
# (github.com/Azure/azure-vm-utils, udev rules)
_LOCAL = re.compile(r"Microsoft NVMe Direct Disk( v2)?")
# Where Ubuntu, the Azure agent and the HPC images mount the temporary disk and local NVMe
_MOUNTED = ("/mnt/resource_nvme", "/mnt/resource", "/mnt")
_LEAST = 32 << 30  # bytes: a GPU environment is 10 GB, and unpacking takes as much again
_COLUMNS = "NAME,TYPE,SIZE,RO,MODEL,FSTYPE,PTTYPE,MOUNTPOINTS"
_NOTHING_FOUND = 2  # blkid's exit status for a disk without any signature
_log = logging.getLogger(__name__)


def find_scratch(root: Path) -> Path | None:
    """The scratch folder, made ready; None where this is not a whole machine, or where it has no disk to spare.

    Never raises: what fails is logged, and the system disk serves.
    """
    if root != Path("/") or not Path("/run/systemd/system").is_dir() or os.geteuid() != 0:
        return None  # a node that is a process, or shares a machine: its disks are somebody's
    scratch: Path | None = None
    try:
        listing = json.loads(_output(["lsblk", "--json", "--bytes", "--paths", "--output", _COLUMNS]))
        disks = [disk for disk in raw_disks(listing) if _is_blank(disk)]
        mounted = None if disks else mounted_disk(listing)
        if disks:
            MOUNT.mkdir(parents=True, exist_ok=True)
            for command in setup_commands(disks, striped=shutil.which("mdadm") is not None):
                _output(command)
            scratch = MOUNT
        elif mounted is not None and shutil.disk_usage(mounted).free >= _LEAST:
            scratch = Path(mounted, "tfinfra-scratch")
            scratch.mkdir(exist_ok=True)
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
        _log.warning("no scratch disk: %s", error)
        return None
    if scratch is not None:
        _log.info("scratch: %s on %s", scratch, ", ".join(disks) or mounted)
    return scratch


def raw_disks(listing: Mapping[str, Any]) -> tuple[str, ...]:
    """The device paths, in `lsblk --json`'s document, of the local NVMe disks that nothing uses: without
    partition, file system, mount, and without anything built on them."""
    found: list[str] = []
    for disk in listing["blockdevices"]:
        is_local = disk["type"] == "disk" and _LOCAL.fullmatch((disk.get("model") or "").strip())
        signs = (disk.get("fstype"), disk.get("pttype"), disk.get("ro"), disk.get("children"), _mounts(disk))
        if is_local and not any(signs):
            found.append(disk["name"])
    return tuple(found)


def mounted_disk(listing: Mapping[str, Any]) -> str | None:
    """Where a temporary disk is mounted that is large enough; never the disk of the system."""
    found: dict[str, int] = {}
    for disk in listing["blockdevices"]:
        parts = [disk, *_below(disk)]
        mounts = {point: int(part["size"] or 0) for part in parts for point in _mounts(part)}
        if "/" not in mounts:
            found.update(mounts)
    return next((point for point in _MOUNTED if found.get(point, 0) >= _LEAST), None)


def setup_commands(disks: Sequence[str], *, striped: bool) -> list[list[str]]:
    """What makes one mounted file system of blank `disks`: a stripe over all, or the first alone."""
    device = _DEVICE if striped and len(disks) > 1 else disks[0]
    stripe = ["mdadm", "--create", _DEVICE, "--run", "--level=0", f"--raid-devices={len(disks)}", *disks]
    return [
        *([stripe] if device == _DEVICE else []),
        ["mkfs.ext4", "-q", "-m", "0", "-E", "nodiscard,lazy_itable_init=1", device],
        ["mount", "-o", "noatime", device, str(MOUNT)],
    ]


def _mounts(part: Mapping[str, Any]) -> list[str]:
    return [point for point in part.get("mountpoints") or () if point]


def _below(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for child in part.get("children") or ():
        yield child
        yield from _below(child)


def _is_blank(disk: str) -> bool:
    """Asks the disk itself: lsblk tells what udev has seen, which may be out of date."""
    done = subprocess.run(["blkid", "--probe", disk], capture_output=True, timeout=30, check=False)
    return done.returncode == _NOTHING_FOUND


def _output(command: list[str]) -> str:
    """Raises OSError with what the command complained of."""
    done = finished(command, timeout=300)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout
