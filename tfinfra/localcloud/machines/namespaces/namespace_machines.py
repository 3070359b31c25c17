"""Namespace machines: Linux as root. A machine has kernel namespaces of its own and boots by real cloud-init."""

from __future__ import annotations

from tfinfra.localcloud.machines.namespaces.probe import namespace_obstacle
from tfinfra.localcloud.machines.supervised_machines import SupervisedMachines


class NamespaceMachines(SupervisedMachines):
    """`Machines` whose nodes are namespaces of this host."""

    kind = "namespace"


def obstacle() -> str | None:
    """Why this machine cannot run them, None where it can."""
    return namespace_obstacle()
