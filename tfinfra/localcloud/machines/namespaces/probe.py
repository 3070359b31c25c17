"""Finds out whether this host can run namespace machines, by doing what they need once: promises of versions and of
sysctls have been wrong before (a container without privileges, a disk that no overlay can use)."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from tfinfra.localcloud.machines.namespaces import confine
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder
from tfinfra.system.process.commands import finished

_TOOLS = {"ip": "iproute2", "unshare": "util-linux", "mount": "mount", "cloud-init": "cloud-init"}
_PYTHON = """import importlib.util, sys
if sys.version_info < (3, 11):
    sys.exit("/usr/bin/python3 is %d.%d, a node needs 3.11" % sys.version_info[:2])
if not importlib.util.find_spec("cloudinit"):
    sys.exit("/usr/bin/python3 lacks cloud-init (apt-get install cloud-init)")
"""
_SPACES = ("unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--propagation", "private")
_SCRIPT = """set -e
ip link add br0 type bridge
ip link add veth0 type veth peer name eth0
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mount -t proc proc root/proc
mount -t tmpfs tmpfs root/run
"""


def namespace_obstacle() -> str | None:
    """Why this host cannot run namespace machines, and the way out; None where it can. Takes about 0.1 s."""
    return _platform_obstacle() or _software_obstacle() or _trial_obstacle()


def _platform_obstacle() -> str | None:
    if sys.platform != "linux":
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root"
    if not Path("/proc/sys/kernel/seccomp/actions_avail").exists():
        return "needs a kernel with seccomp filters (4.14 or later): without them a script could leave its machine"
    if not confine.is_known(platform.machine()):
        return f"no filter of system calls is known for {platform.machine()}"
    return None


def _software_obstacle() -> str | None:
    if missing := [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]:
        return f"needs {', '.join(missing)} (apt-get install {' '.join(missing)})"
    python = Path("/usr/bin/python3")
    if not python.exists():
        return "needs the system's python3 (apt-get install python3)"
    done = finished([python, "-I", "-c", _PYTHON])
    if done.returncode:
        return done.stderr.strip() or f"/usr/bin/python3 ends with {done.returncode}"
    return None


def _trial_obstacle() -> str | None:
    """Makes what a machine is made of. Overlays are tried on the disk where the machines' own will lie."""
    make_private(state_folder())
    with tempfile.TemporaryDirectory(dir=state_folder(), prefix="trial-") as folder:
        for name in ("upper", "work", "root"):
            (Path(folder) / name).mkdir()
        done = finished(
            [*_SPACES, "sh", "-c", _SCRIPT],
            cwd=folder,
        )
    if done.returncode:
        return f"this host denies it: {' '.join(done.stderr.split())}"
    return None
