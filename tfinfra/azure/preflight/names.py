"""Names that must be free, and locks that would keep the run from being made or, worse, from being deleted.

Source: learn.microsoft.com/azure/azure-resource-manager/management/lock-resources and
learn.microsoft.com/rest/api/storagerp/storage-accounts/check-name-availability.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tfinfra.arm.requests import Request
from tfinfra.azure.preflight.finding import Finding, Reply
from tfinfra.model import Target
from tfinfra.system.clock import count

GROUP, ACCOUNT = "Microsoft.Resources/resourceGroups", "Microsoft.Storage/storageAccounts"


def named(requests: Iterable[Request], type_: str) -> tuple[str, ...]:
    """The names that the requests give to resources of `type_`."""
    return tuple(r.path.rpartition("/")[2] for r in requests if r.arm_type == type_)


def findings(groups: Mapping[str, Reply], accounts: Mapping[str, Reply]) -> Iterator[Finding]:
    """`groups`: ARM's answer for each group of the run; `accounts`: whether each storage account's name is free."""
    for name, reply in groups.items():
        if reply.ok:
            state = (reply.body.get("properties") or {}).get("provisioningState", "")
            yield Finding("TFI617", "name", f"there is a resource group {name} already ({state})", "run it again")
    for name, reply in accounts.items():
        if reply.ok and reply.body.get("nameAvailable") is False:
            reason = reply.body.get("message") or reply.body.get("reason")
            yield Finding("TFI617", "name", f"the storage account name {name} cannot be used: {reason}", "run it again")


def lock_findings(locks: Reply, target: Target) -> Iterator[Finding]:
    """Locks of the whole subscription, and read-only ones on what the target brings."""
    for lock in locks.values:
        scope = str(lock.get("id", "")).lower().partition("/providers/microsoft.authorization/locks/")[0]
        level = str((lock.get("properties") or {}).get("level", ""))
        if scope.count("/") == 2:
            what = "made" if level == "ReadOnly" else "deleted"
            message = (
                f"the lock '{lock.get('name')}' ({level}) on the subscription keeps a run's groups from being {what}"
            )
            yield Finding("TFI618", "subscription_id", message, "remove the lock, or use another subscription")
        elif level == "ReadOnly":
            yield from _brought(lock.get("name"), scope, target)


def _brought(name: object, scope: str, target: Target) -> Iterator[Finding]:
    for key, id_ in (("subnet_id", target.subnet_id), ("identity_id", target.identity_id)):
        if id_ is not None and id_.lower().startswith(f"{scope}/"):
            message = f"the lock '{name}' (ReadOnly) keeps the run from using {id_.rpartition('/')[2]}"
            yield Finding("TFI618", key, message, "remove the lock")


def summary(groups: Mapping[str, Reply], accounts: Mapping[str, Reply]) -> str:
    """One line for a person."""
    if not all(reply.ok for reply in accounts.values()):
        return "not known"
    free = (count(len(groups), "resource group"), count(len(accounts), "storage account"))
    return f"{' and '.join(free)}: all names are free"


def lock_summary(locks: Reply) -> str:
    """One line for a person."""
    return "none is in the way" if locks.ok else "not known"
