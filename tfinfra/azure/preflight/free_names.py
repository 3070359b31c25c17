"""Names that must be free: of the run's resource groups and of its storage accounts.

Source: learn.microsoft.com/rest/api/storagerp/storage-accounts/check-name-availability.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tfinfra.arm.requests import ResourceRequest
from tfinfra.azure.preflight.finding import ArmReply, Finding
from tfinfra.text.wording import count

GROUP, ACCOUNT = "Microsoft.Resources/resourceGroups", "Microsoft.Storage/storageAccounts"


def named(requests: Iterable[ResourceRequest], type_: str) -> tuple[str, ...]:
    """The names that the requests give to resources of `type_`."""
    return tuple(r.path.rpartition("/")[2] for r in requests if r.arm_type == type_)


def findings(groups: Mapping[str, ArmReply], accounts: Mapping[str, ArmReply]) -> Iterator[Finding]:
    """`groups`: ARM's answer for each group of the run; `accounts`: whether each storage account's name is free."""
    for name, reply in groups.items():
        if reply.ok:
            state = (reply.body.get("properties") or {}).get("provisioningState", "")
            yield Finding("TFI617", "name", f"there is a resource group {name} already ({state})", "run it again")
    for name, reply in accounts.items():
        if reply.ok and reply.body.get("nameAvailable") is False:
            reason = reply.body.get("message") or reply.body.get("reason")
            yield Finding("TFI617", "name", f"the storage account name {name} cannot be used: {reason}", "run it again")


def summary(groups: Mapping[str, ArmReply], accounts: Mapping[str, ArmReply]) -> str:
    """One line for a person."""
    if not all(reply.ok for reply in accounts.values()):
        return "not known"
    free = (count(len(groups), "resource group"), count(len(accounts), "storage account"))
    return f"{' and '.join(free)}: all names are free"
