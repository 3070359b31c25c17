"""Where a machine's own files lie on this machine, for a caller that saves them when the machine no longer can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tfinfra.localcloud.machines.machine_record import is_alive, read_record

DiskPath = tuple[Path, tuple[str, ...]]
"""A folder of the cloud's own, and the names below it: those are the machine's, which may have made links of them."""


def disk_paths(machines: Path, path: str) -> Iterator[DiskPath]:
    """Where the machines of a group, whose sets' folders are in `machines`, may keep what is `path` (absolute) for
    them; not all of these paths exist.

    A process machine's root is a folder. A namespace machine's changes are the upper layers of overlays: of the whole
    system, and of each of the host's further disks; a small disk of its own only its supervisor has mounted.
    """
    parts = PurePosixPath(path).parts[1:]
    for scale_set in sorted(machines.iterdir()) if machines.is_dir() else ():
        for folder in sorted(p for p in scale_set.iterdir() if p.is_dir() and not p.is_symlink()):
            yield folder, ("root", *parts)
            yield folder, ("upper", *parts)
            for depth in range(1, len(parts)):
                yield folder, ("layers", "-".join(parts[:depth]), "upper", *parts[depth:])
            record = read_record(scale_set)
            if record is not None and is_alive(record.supervisor):
                yield Path(f"/proc/{record.supervisor.pid}/root{folder}"), ("disk", "upper", *parts)
