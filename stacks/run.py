"""One run's own values in one of its stacks, and every physical name, derived from the run's id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

CONTAINER = "run"
REQUESTS = "requests"
SHARE = "shared"
NO_ROLE = "none"
ARM = "https://management.azure.com"
STORAGE = "core.windows.net"


@dataclass(frozen=True)
class Run:
    """`group` is this stack's resource group; `expires_at` (ISO 8601, UTC) is when that group may be deleted.

    `deadline` is the time at which the compute groups go at the latest, whatever their tags say. `deleter_role` is the
    GUID of the role that deletes groups, None for the one that `tfinfra setup azure` makes; `may_delete` is false where
    the subscription has no such role. `principal_type` is the kind of the caller ("User", "ServicePrincipal").
    `arm_endpoint`, without a trailing slash, is where the timer calls ARM, and `arm_audience` whom its token is for,
    None for the endpoint itself. Sovereign clouds have their own endpoint, as they have a `storage_suffix` that ends
    the hosts of storage accounts. `keep_days` are those that outputs are kept, rounded up.
    """

    id: str
    group: str
    owner: str
    expires_at: str
    location: str
    tags: dict[str, str]
    deleter_role: str | None = None
    may_delete: bool = True
    arm_endpoint: str = ARM
    arm_audience: str | None = None
    principal_type: str | None = None
    storage_suffix: str = STORAGE
    keep_days: int = 1
    deadline: str = ""

    def latest(self, groups: Iterable[str]) -> dict[str, str]:
        """When each of the groups ("keep", "compute", "compute_1", …) goes at the latest, as its keep stack knows."""
        return {what: self.expires_at if what == "keep" else self.deadline for what in groups}

    @property
    def keep_group(self) -> str:
        return group_name(self.id, "keep")

    def compute_groups(self, choices: int) -> dict[str, str]:
        """The groups that the nodes may be in, one for each of the plan's choices, by "compute", "compute_1", …"""
        return {f"compute_{n}" if n else "compute": group_name(self.id, "compute", n) for n in range(choices)}

    @property
    def storage_account(self) -> str:
        return account_name("blob", self.id)

    @property
    def shared_account(self) -> str:
        return account_name("file", self.id)


def group_name(run: str, part: str, choice: int = 0) -> str:
    """The resource group of one part of a run ("keep", "compute"); each of the plan's choices has a group of its own,
    so that what is left of one does not stand in the way of the next."""
    return f"tfinfra-{run}-{part}" + (f"-{choice}" if part == "compute" and choice else "")


def account_name(purpose: str, run: str) -> str:
    """A storage account's name: 24 characters of [a-z0-9], unique in all of Azure, the same for the same run."""
    return "tfi" + hashlib.sha256(f"{purpose}:{run}".encode()).hexdigest()[:21]
