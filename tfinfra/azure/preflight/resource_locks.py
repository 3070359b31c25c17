"""Locks that would keep the run from being made or, worse, from being deleted.

Source: learn.microsoft.com/azure/azure-resource-manager/management/lock-resources.
"""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.azure.preflight.finding import ArmReply, Finding
from tfinfra.model import Target


def findings(locks: ArmReply, target: Target) -> Iterator[Finding]:
    """Locks of the whole subscription, and read-only ones on what the target brings."""
    for lock in locks.values:
        scope = str(lock.get("id", "")).lower().partition("/providers/microsoft.authorization/locks/")[0]
        name, level = lock.get("name"), str((lock.get("properties") or {}).get("level", ""))
        if scope.count("/") == 2:
            what = "made" if level == "ReadOnly" else "deleted"
            message = f"the lock '{name}' ({level}) on the subscription keeps a run's groups from being {what}"
            yield Finding("TFI618", "subscription_id", message, "remove the lock, or use another subscription")
        elif level == "ReadOnly":
            for key, id_ in (("subnet_id", target.subnet_id), ("identity_id", target.identity_id)):
                if id_ is not None and id_.lower().startswith(f"{scope}/"):
                    what = f"keeps the run from using {id_.rpartition('/')[2]}"
                    yield Finding("TFI618", key, f"the lock '{name}' ({level}) {what}", "remove the lock")


def summary(locks: ArmReply) -> str:
    """One line for a person."""
    return "none is in the way" if locks.ok else "not known"
