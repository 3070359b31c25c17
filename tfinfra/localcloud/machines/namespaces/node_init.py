"""The init of one namespace machine: makes its root, tells the supervisor, gives up every right that a node does not
need, runs cloud-init and reaps until it is ended."""

from __future__ import annotations

import array
import json
import os
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tfinfra.localcloud.machines import linux
from tfinfra.localcloud.machines.console import redirect_output
from tfinfra.localcloud.machines.interface import ScaleSetSpec
from tfinfra.localcloud.machines.namespaces import node_files, node_masks, node_root
from tfinfra.localcloud.machines.namespaces.confine import confine
from tfinfra.localcloud.machines.namespaces.node_pythons import PATH

METADATA = ("169.254.169.254", 80)
_STAGES = Path(__file__).with_name("cloud_init_stages.py")


@dataclass(frozen=True)
class Job:
    """What all processes of one scale set know: the spec, its machines' addresses, the way to the supervisor."""

    spec: ScaleSetSpec
    addresses: tuple[str, ...]
    report: socket.socket


def boot(job: Job, index: int, parent: int, growth: socket.socket | None, *, first: bool) -> NoReturn:
    """Boots instance `index`, for the first time or again, as process 1 of its PID namespace. A machine that boots
    again has its files and its network. Over `growth` the machine may ask its board for its disk's full size. Raises
    OSError where it cannot boot."""
    spec, instance = job.spec, job.spec.instances[index]
    folder = spec.folder / instance.name
    os.setsid()
    linux.die_with_parent(parent)
    linux.set_hostname(instance.computer_name)
    stages = _STAGES.read_text(encoding="utf-8")
    redirect_output(folder / "console.log")
    for line in node_masks.look(spec.mounts).notes:
        print(line, flush=True)
    hosts = {i.computer_name: address for i, address in zip(spec.instances, job.addresses, strict=True)}
    root = node_root.mount_root(folder, spec.folder, spec.mounts)
    if first:
        if spec.image is not None:
            shutil.copytree(spec.image, root, symlinks=True, dirs_exist_ok=True)
        node_files.write(root, instance, hosts)
    linux.enter_root(root)
    confine()  # before it is said to have booted: a machine that cannot be confined is none
    # The metadata endpoint's socket, then those of the ports; a machine that boots again has them still.
    addresses = [METADATA, *(("127.0.0.1", port) for port in (spec.arm_port, *spec.doors))] if first else []
    listening = [socket.create_server(address, backlog=128) for address in addresses]
    say(job.report, {"name": instance.name}, tuple(each.fileno() for each in listening))
    job.report.close()
    # All that this process has open leads out of the machine.
    kept = growth.fileno() if growth else 2
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    _run_cloud_init(stages, growth)


def say(report: socket.socket, message: dict[str, str], fds: tuple[int, ...] = ()) -> None:
    """One message to the supervisor, with descriptors that it keeps."""
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    report.sendmsg([json.dumps(message).encode()], ancillary)


def _run_cloud_init(stages: str, growth: socket.socket | None) -> NoReturn:
    """Starts cloud-init, then reaps for ever: the node stays up when it has ended, as a virtual machine does."""
    environment = {"PATH": PATH, "LANG": "C.UTF-8"}
    line = ["/usr/bin/python3", "-I", "-c", stages]
    if growth:
        line.append(str(growth.fileno()))
        growth.set_inheritable(True)
    boot_pid = os.posix_spawn(line[0], line, environment)
    if growth:
        growth.close()
    while True:
        try:
            ended, status = os.wait()
        except ChildProcessError:
            signal.pause()
            continue
        if ended == boot_pid:
            print(f"cloud-init ended with exit status {os.waitstatus_to_exitcode(status)}", flush=True)
