"""Which kinds of machine this host can run, found by trying, and the Machines of a kind."""

from __future__ import annotations

import os

from tfinfra.localcloud.machines.interface import Machines
from tfinfra.localcloud.machines.namespaces.probe import namespace_obstacle
from tfinfra.localcloud.machines.supervised_machines import SupervisedMachines


def possible_kinds() -> dict[str, str | None]:
    """Each kind, the better first, with None where it is possible, else the reason why it is not and the way out."""
    return {"namespace": namespace_obstacle(), "process": None if os.name == "posix" else "needs Linux or macOS"}


def boundary(kind: str) -> str:
    """What keeps a training script inside a machine of `kind`, in a few words."""
    if kind == "process":
        return "no boundary: a script there runs with your rights"
    return "a script there is held in by the kernel, which it shares with this machine"


def best_kind() -> str:
    """The first possible kind. Raises OSError where none is."""
    reasons = possible_kinds()
    for kind, reason in reasons.items():
        if reason is None:
            return kind
    raise OSError("; ".join(f"{kind} machines: {reason}" for kind, reason in reasons.items()))


def machines(kind: str) -> Machines:
    """The Machines of `kind` ("namespace" or "process"). Raises ValueError for any other."""
    known = ("namespace", "process")
    if kind not in known:
        raise ValueError(f"there are no '{kind}' machines; there are {', '.join(known)}")
    return SupervisedMachines(kind)
