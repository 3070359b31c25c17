"""A namespace machine's file system: an overlay of the host's system, whose changes are files below the machine's
folder, with what belongs to the host's users masked (node_masks), and file systems of its own where a machine has them.
The machine's processes have no right to undo any of it (confine)."""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path

from tfinfra.localcloud.machines import linux
from tfinfra.localcloud.machines.interface import Disk, Mount
from tfinfra.localcloud.machines.namespaces import node_masks

_NO_POWER = linux.MS_NOSUID | linux.MS_NODEV
_QUIET = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "infiniband", "dri")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_SYSTEM = ("/usr", "/opt", "/var", "/etc", "/srv", "/nix", "/boot")
_ON_DISK = {"ext4", "ext3", "ext2", "xfs", "btrfs", "zfs", "f2fs"}
# Programs may lie in an image or, in a container, be mounted file by file: NVIDIA's driver comes in both ways.
_PROGRAMS = ("/usr", "/opt", "/nix")
_IMAGES = {"squashfs", "erofs"}
# The host's own settings, and what gives away the host, as runc's default configuration has both (opencontainers/runc).
_HOSTS_OWN = ("proc/sys", "proc/sysrq-trigger", "proc/bus", "proc/fs", "proc/irq")
_CLOSED = (
    *("proc/acpi", "proc/asound", "proc/kcore", "proc/keys", "proc/kmsg", "proc/latency_stats", "proc/sched_debug"),
    *("proc/kpagecount", "proc/kpageflags", "proc/kpagecgroup", "proc/slabinfo", "proc/vmallocinfo"),
    *("proc/scsi", "proc/timer_list", "proc/timer_stats", "sys/firmware", "sys/devices/virtual/powercap"),
)
_CLOUD = Path("/var/lib/cloud")
CONFIG = Path("/etc/cloud/cloud.cfg.d")
GROWABLE = Path("/dev/tfinfra-disk")
"""Where a machine has the disk that it may grow."""


def make_disk(folder: Path, disk: Disk | None, mounts: tuple[Mount, ...]) -> None:
    """Mounts below `folder` what outlives a reboot: the machine's disks. Raises OSError."""
    root = folder / "root"
    if disk:
        _system_disk(folder).mkdir()
        linux.mount("tmpfs", _system_disk(folder), "tmpfs", linux.MS_NODEV, f"size={disk.image_mb}m,mode=755")
    _overlay(Path("/"), _system_disk(folder) if disk else folder, root)
    for path in system_layers(Path("/proc/self/mountinfo").read_text(encoding="utf-8")):
        if path.is_dir():
            _overlay(path, folder / "layers" / str(path).strip("/").replace("/", "-"), _inside(root, path))
            continue
        # Other mounted files (a container's resolv.conf, what not everybody may read) are the host's own: the machine
        # does not see them.
        is_for_all = path.is_file() and path.stat().st_mode & stat.S_IROTH
        if is_for_all and any(path.is_relative_to(top) for top in _PROGRAMS):
            target = _inside(root, path.parent) / path.name
            target.touch()
            _bind_read_only(path, target)
    node_masks.hide_files(root, mounts)


def grow_disk(disk: Disk) -> None:
    """Gives the disk its full size, in a process whose root is the machine's. Raises OSError."""
    linux.mount("tmpfs", GROWABLE, "tmpfs", linux.MS_REMOUNT | linux.MS_NODEV, f"size={disk.size_mb}m")


def _system_disk(folder: Path) -> Path:
    return folder / "disk"


def mount_root(folder: Path, set_folder: Path, mounts: tuple[Mount, ...]) -> Path:
    """Mounts on the disks what each boot has anew, and `mounts`; returns the root. Raises OSError."""
    root = folder / "root"
    _mount_kernel_file_systems(root)
    # Each boot of a machine has an id of its own, though all share the host's kernel.
    (folder / "boot").mkdir(exist_ok=True)
    (folder / "boot/id").write_text(f"{uuid.uuid4()}\n", encoding="ascii")
    _bind_read_only(folder / "boot/id", root / "proc/sys/kernel/random/boot_id")
    _mount_devices(root)
    # Masks: empty folders of the machine's own, on its disk.
    own = (_CLOUD, CONFIG, set_folder.resolve())
    masks = {**node_masks.folders(mounts), **dict.fromkeys(own, node_masks.Owned(0o755))}
    disk = _system_disk(folder)
    for path in outermost(masks):
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]  # a path may be longer than a name
        empty, owned = (disk if disk.exists() else folder) / "masks" / name, masks[path]
        empty.mkdir(parents=True, exist_ok=True)
        os.chown(empty, owned.uid, owned.gid)
        empty.chmod(owned.mode)
        linux.mount(str(empty), _inside(root, path), "", linux.MS_BIND)
    if disk.exists():
        linux.mount(str(disk), _inside(root, GROWABLE), "", linux.MS_BIND)
    for entry in mounts:
        target = _inside(root, entry.folder)
        if entry.read_only:
            _bind_read_only(entry.folder, target)
        else:
            linux.mount(str(entry.folder), target, "", linux.MS_BIND)
            linux.mount("none", target, "", linux.MS_BIND | linux.MS_REMOUNT | _NO_POWER)
    return root


def outermost(paths: Iterable[Path]) -> list[Path]:
    """The paths that lie below no other of them, sorted."""
    kept: list[Path] = []
    for path in sorted(paths):
        if not any(path.is_relative_to(above) for above in kept):
            kept.append(path)
    return kept


def system_layers(mountinfo: str) -> list[Path]:
    """The host's other disks that hold parts of its system: an overlay of / does not reach into them."""
    found = set()
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        path, kind = Path(fields.split()[4]), rest.split()[0]
        folders = _SYSTEM if kind in _ON_DISK else _PROGRAMS if kind in _IMAGES else ()
        if any(path.is_relative_to(folder) for folder in folders) and "\\" not in str(path):
            found.add(path)
    return sorted(found)


def _overlay(lower: Path, layer: Path, target: Path) -> None:
    """`target` shows the host's `lower`; changes go to `layer`."""
    for name in ("upper", "work"):
        (layer / name).mkdir(parents=True)
        (layer / name).chmod(0o755)
    target.mkdir(parents=True, exist_ok=True)
    os.chdir(layer)  # relative names: a comma or a colon in the folder's own would have to be escaped
    options = f"lowerdir={lower},upperdir=upper,workdir=work"
    try:
        linux.mount("overlay", target, "overlay", 0, f"{options},volatile")
    except OSError:  # a kernel before 5.10 writes every change through to the disk
        linux.mount("overlay", target, "overlay", 0, options)


def _mount_kernel_file_systems(root: Path) -> None:
    linux.mount("proc", root / "proc", "proc", _QUIET)
    linux.mount("sysfs", root / "sys", "sysfs", _QUIET | linux.MS_RDONLY)
    for path in (p for name in _HOSTS_OWN if (p := root / name).exists()):
        linux.mount(str(path), path, "", linux.MS_BIND)
        linux.mount("none", path, "", linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | _QUIET)
    for path in (p for name in _CLOSED if (p := root / name).exists()):
        if path.is_dir():
            linux.mount("tmpfs", path, "tmpfs", _QUIET | linux.MS_RDONLY, "size=4k,mode=555")
        else:
            linux.mount("/dev/null", path, "", linux.MS_BIND)
    linux.mount("tmpfs", root / "run", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")


def _mount_devices(root: Path) -> None:
    own = root / "dev"
    linux.mount("tmpfs", own, "tmpfs", linux.MS_NOSUID, "mode=755")
    named = [Path("/dev") / name for name in _DEVICES]
    for device in (d for d in (*named, *sorted(Path("/dev").glob("nvidia*"))) if d.exists()):
        target = own / device.relative_to("/dev")
        if device.is_dir():
            target.mkdir()
        else:
            target.touch()
        linux.mount(str(device), target, "", linux.MS_BIND | linux.MS_REC)
    for name in ("pts", "shm", "mqueue"):
        (own / name).mkdir()
    options = "newinstance,ptmxmode=0666,mode=620"
    linux.mount("devpts", own / "pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC, options)
    linux.mount("tmpfs", own / "shm", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=1777")
    linux.mount("mqueue", own / "mqueue", "mqueue", _QUIET)
    for name, to in {**_LINKS, "ptmx": "pts/ptmx"}.items():
        (own / name).symlink_to(to)


def _bind_read_only(path: Path, target: Path) -> None:
    """Without what else is mounted below `path`: that would stay as it is, writable perhaps."""
    linux.mount(str(path), target, "", linux.MS_BIND)
    linux.mount("none", target, "", linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | _NO_POWER)


def _inside(root: Path, path: Path) -> Path:
    """Where the machine has the host's `path`; made where it is missing."""
    target = root / path.relative_to("/")
    target.mkdir(parents=True, exist_ok=True)
    return target
