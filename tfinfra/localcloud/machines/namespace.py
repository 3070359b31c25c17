"""Namespace machines: Linux as root. A machine has kernel namespaces of its own and boots by real cloud-init."""

from __future__ import annotations

from tfinfra.localcloud.machines.recorded import SupervisedMachines
from tfinfra.localcloud.machines.trial import namespace_obstacle


class NamespaceMachines(SupervisedMachines):
    """`Machines` whose nodes are namespaces of this host."""

    kind = "namespace"


def obstacle() -> str | None:
    """Why this machine cannot run them, None where it can."""
    return namespace_obstacle()
