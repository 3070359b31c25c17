"""Management locks: CanNotDelete holds back deletions, ReadOnly writes as well, of all that lies in the locked scope
(learn.microsoft.com/azure/azure-resource-manager/management/lock-resources; words: Azure/azure-sdk-for-java#2560)."""

from __future__ import annotations

from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.ids import within
from tfinfra.localcloud.common.state import State

LOCKS = "Microsoft.Authorization/locks"


def complaint(state: State, verb: str, scope: str) -> str | None:
    """ARM's sentence where locks forbid to `verb` ("write", "delete") what is at `scope`, else None. What holds
    something that is locked cannot be deleted either."""
    locked: dict[str, None] = {}
    for lock in state.of_type(LOCKS):
        scope_of_lock = lock.address.scope
        holds = within(scope_of_lock, scope)
        if verb == "delete":
            holds = holds or within(scope, scope_of_lock)
        elif str(lock.properties.get("level")) != "ReadOnly":
            holds = False
        if holds:
            locked[scope_of_lock] = None
    if not locked:
        return None
    return (
        f"The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: "
        f"'{','.join(locked)}'. Please remove the lock and try again."
    )


def check(state: State, verb: str, id_: str, type_: str) -> None:
    """Raises ArmRefusal (409 ScopeLocked). A lock may be changed and taken away itself."""
    message = None if type_.lower() == LOCKS.lower() else complaint(state, verb, id_)
    if message is not None:
        raise ArmRefusal(409, "ScopeLocked", message)
