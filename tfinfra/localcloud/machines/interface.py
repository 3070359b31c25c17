"""The seam between the local cloud's ARM and the machines it boots: two kinds behind one Protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Mount:
    """A folder of the host that a machine sees at the same path."""

    folder: Path
    read_only: bool


@dataclass(frozen=True)
class InstanceSpec:
    """One machine to boot. `custom_data` is decoded; `metadata` is its document of the instance-metadata endpoint
    (the machine fills in its own address and subnet); `metadata_url` is where the daemon serves that endpoint for
    this machine on the host's loopback."""

    name: str
    vm_id: str
    computer_name: str
    custom_data: bytes
    metadata: dict[str, Any]
    metadata_url: str


@dataclass(frozen=True)
class Disk:
    """A system disk that is as small as its image was made (`image_mb`) until the machine grows it to `size_mb`."""

    image_mb: int
    size_mb: int


@dataclass(frozen=True)
class ScaleSetSpec:
    """What one scale set boots. `folder` is its own, for logs, disks and records; `network` its subnet's CIDR;
    `arm_port` is where the daemon serves ARM over TLS on loopback, `arm_socket` the same on a Unix socket;
    `doors` are more ports of the host's loopback that the machines reach at their own; `image` is a folder whose
    files lie in each machine at the same paths below its root, None where the image is the host and nothing more;
    `disk` is each namespace machine's, None for one as large as the host's."""

    set_id: str
    folder: Path
    network: str
    mounts: tuple[Mount, ...]
    instances: tuple[InstanceSpec, ...]
    arm_port: int
    arm_socket: Path
    doors: tuple[int, ...] = ()
    image: Path | None = None
    disk: Disk | None = None


@dataclass(frozen=True)
class InstanceState:
    """`running` is False once the machine is gone; `message` says why, where that is known."""

    name: str
    address: str
    running: bool
    message: str = ""


class Machines(Protocol):
    """Boots, watches and ends the machines of scale sets. Records what it started in `spec.folder`, so that another
    process (the daemon after a crash) can go on with it; a process is known by boot id, pid and start time."""

    kind: str

    def start(self, spec: ScaleSetSpec) -> None:
        """Boots all instances and returns once each has begun to boot. Raises OSError with the reason."""

    def states(self, folder: Path) -> Sequence[InstanceState]:
        """The instances that `start` recorded in `folder`, as they are now."""

    def end(self, folder: Path, name: str) -> None:
        """Ends one machine as the loss of its host would; does nothing where it is gone."""

    def reboot(self, folder: Path, name: str) -> None:
        """Ends all that runs on one machine and boots it again with the disk that it has, as a power cycle does; it is
        counted as running meanwhile. Raises OSError where it does not run, or does not come back."""

    def stop(self, folder: Path) -> None:
        """Ends all machines of the folder and leaves no process, mount or link; does nothing where none is left."""
