"""Process machines: anywhere, with or without root. A machine is a folder and a session of processes."""

from __future__ import annotations

import os

from tfinfra.localcloud.machines.supervised_machines import SupervisedMachines


class ProcessMachines(SupervisedMachines):
    """`Machines` whose nodes are processes of this host."""

    kind = "process"


def obstacle() -> str | None:
    """Why this machine cannot run them, None where it can."""
    return None if os.name == "posix" else "needs Linux or macOS"
