"""Which kinds of machine this host can run, found by trying, and the Machines of a kind."""

from __future__ import annotations

from tfinfra.localcloud.machines import namespace, process
from tfinfra.localcloud.machines.base import Machines


def possible_kinds() -> dict[str, str | None]:
    """Each kind, the better first, with None where it is possible, else the reason why it is not and the way out."""
    return {"namespace": namespace.obstacle(), "process": process.obstacle()}


def best_kind() -> str:
    """The first possible kind. Raises OSError where none is."""
    reasons = possible_kinds()
    for kind, reason in reasons.items():
        if reason is None:
            return kind
    raise OSError("; ".join(f"{kind} machines: {reason}" for kind, reason in reasons.items()))


def machines(kind: str) -> Machines:
    """The Machines of `kind` ("namespace" or "process"). Raises ValueError for any other."""
    known: dict[str, Machines] = {
        "namespace": namespace.NamespaceMachines(),
        "process": process.ProcessMachines(),
    }
    if kind not in known:
        raise ValueError(f"there are no '{kind}' machines; there are {', '.join(known)}")
    return known[kind]
